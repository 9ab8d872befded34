"""A connection from this machine, with the same errors as one through a node's SSH connection."""

from __future__ import annotations

import socket

from tasks.core.errors import PortRefused, RemoteError
from tasks.effects.tcp import addresses_of, first_open


def dial_directly(host: str, port: int, *, limit_s: float, node: str) -> socket.socket:
    """A connected socket. Raises PortRefused where nothing listens, else RemoteError."""
    try:
        return first_open(addresses_of(host, port, limit_s=limit_s), limit_s=limit_s)
    except RemoteError as error:
        error.node = node
        raise
    except ConnectionRefusedError as error:
        raise PortRefused(
            f"{host}:{port} from this machine: connection refused",
            remedy="fab status; is the server running?",
            node=node,
        ) from error
    except OSError as error:
        raise RemoteError(
            f"{host}:{port} cannot be reached from this machine within {limit_s:g} s: {error}",
            remedy="admin.via: tunnel or exec in the inventory, if only the node itself reaches that port",
            node=node,
        ) from error
