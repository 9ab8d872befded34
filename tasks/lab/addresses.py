"""A block of loopback addresses that no other lab uses, held by a bound socket.

All of 127.0.0.0/8 is this machine; each lab takes a 127.x.y.0/24 of its own. The claim is the
kernel's: it ends with the last process that holds the socket, however that one ends.
"""

from __future__ import annotations

import random
import socket
from dataclasses import astuple
from types import TracebackType

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.lab.layout import Ports

_SHIFTS = (0, 10_000, 20_000)  # tried in turn where something listens on all addresses
_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Claim:
    """A block that is ours while the socket is open."""

    block: str  # "127.91.4"
    ports: Ports
    held: socket.socket

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.held.close()


def claim_block() -> Claim:
    """Take a free block.

    Raises:
        UsageError: None is free, which means that something listens on all addresses.
    """
    for shift in _SHIFTS:
        ports = Ports().shifted(shift)
        for _ in range(_ATTEMPTS):
            block = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
            if (held := _bind(f"{block}.1", ports.ssh)) is None:
                continue
            if all(_is_free(f"{block}.10", port) for port in astuple(ports)):
                return Claim(block, ports, held)
            held.close()
    wanted = ", ".join(str(port) for port in astuple(Ports()))
    raise UsageError(
        f"no free loopback block: tried {_ATTEMPTS} of 127.x.y.0/24 with the ports {wanted}, "
        f"also shifted by {_SHIFTS[1]} and {_SHIFTS[2]}",
        remedy="see what listens on all addresses: ss -ltn",
    )


def _bind(address: str, port: int) -> socket.socket | None:
    held = socket.socket()
    try:
        held.bind((address, port))
    except OSError:
        held.close()
        return None
    return held


def _is_free(address: str, port: int) -> bool:
    held = _bind(address, port)
    if held is not None:
        held.close()
    return held is not None
