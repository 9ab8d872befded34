"""A name resolved and a port connected, each within a limit: the system's own resolution has none to be set."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tasks.core.errors import RemoteError

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
Resolve = Callable[[str, int], list[Address]]


def system(host: str, port: int) -> list[Address]:
    # As bytes, where they are the same: of a text Python imports the whole of IDNA first.
    name = host.encode() if host.isascii() else host
    return list(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))


def addresses_of(host: str, port: int, *, limit_s: float, resolve: Resolve = system) -> list[Address]:
    """The host's addresses, as the system orders them.

    Raises:
        RemoteError: The name has none, or no name server answered within the limit.
    """
    found: list[list[Address] | OSError] = []

    def ask() -> None:
        try:
            found.append(resolve(host, port))
        except OSError as error:
            found.append(error)
        except UnicodeError as error:  # a label that is empty or too long
            found.append(socket.gaierror(socket.EAI_NONAME, str(error)))

    if _is_literal(host):  # nobody else is asked
        ask()
    else:
        asking = threading.Thread(target=ask, name=f"resolve {host}", daemon=True)
        asking.start()
        asking.join(limit_s)
    if not found:
        raise RemoteError(
            f"name resolution of {host!r}: no answer within {limit_s:g} s",
            remedy=f"does the name server answer? getent hosts {host}; or an address as host in the inventory",
        )
    if isinstance(found[0], OSError):
        raise RemoteError(
            f"name resolution: host name {host!r} cannot be resolved: {found[0].strerror}",
            remedy="correct host in the inventory, or add HostName to the SSH configuration",
        ) from found[0]
    return found[0]


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def first_open(addresses: Sequence[Address], *, limit_s: float) -> socket.socket:
    """A connection to the first of the addresses that takes one. Raises the last one's OSError."""
    deadline = time.monotonic() + limit_s
    failure: OSError = TimeoutError()
    for family, kind, protocol, _, address in addresses:
        stream = socket.socket(family, kind, protocol)
        stream.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            stream.connect(address)
        except OSError as error:
            stream.close()
            failure = error
        else:
            # A small message behind another one would wait for the answer to that, which its receiver puts off.
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return stream
    raise failure
