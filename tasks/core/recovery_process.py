"""The server's process on a node, as /proc tells it: who it is, since when, and what it listens on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

from tasks.core.dataclass import dataclass

TICKS_PER_S = 100  # USER_HZ, in which /proc counts whatever the kernel was built with
_PLACE = re.compile(r"([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})")


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the server.

    Args:
        ticks: Its start, in clock ticks since boot: together with the pid it names this process alone.
        started_at: The same by the node's own clock.
        listening: "address:port" of each TCP port that it listens on.
        seen_as: "uid:gid" that looked at it, and may signal it; "": root, or whoever logs in.
    """

    pid: int
    ticks: int
    started_at: datetime
    listening: tuple[str, ...] = ()
    seen_as: str = ""

    def listens_at(self, port: int) -> bool:
        return any(place.rpartition(":")[2] == str(port) for place in self.listening)


@dataclass(frozen=True, slots=True)
class Processes:
    """Those that run with this node's server.cfg.

    Args:
        hidden: Pids of servers that our login may not look at.
    """

    found: tuple[Process, ...]
    hidden: tuple[int, ...] = ()


def parse_processes(text: str, *, seen_as: str = "") -> Processes:
    """The lines of `recover_scripts.LOOK`; what is none of its facts is passed over."""
    facts = [line.split() for line in text.splitlines()]
    at, up_s = _number(facts, "now"), _number(facts, "uptime")
    found = tuple(
        Process(
            pid=int(pid),
            ticks=int(ticks),
            started_at=datetime.fromtimestamp(at - up_s + int(ticks) / TICKS_PER_S, UTC),
            listening=tuple(dict.fromkeys(_listening(facts, pid))),
            seen_as=seen_as,
        )
        for pid, ticks in _pairs(facts, "process")
    )
    return Processes(found, tuple(int(words[1]) for words in facts if words[:1] == ["hidden"] and words[1:]))


def _number(facts: Iterable[list[str]], name: str) -> float:
    """The first number of that name; 0 where it is not said, so that nothing is younger than its process."""
    said = (re.match(r"\d+(\.\d+)?", words[1]) for words in facts if words[:1] == [name] and words[1:])
    return next((float(match[0]) for match in said if match), 0.0)


def _pairs(facts: Iterable[list[str]], name: str) -> Iterator[tuple[str, str]]:
    for words in facts:
        if words[:1] == [name] and len(words) == 3 and words[1].isdecimal() and words[2].isdecimal():
            yield words[1], words[2]


def _listening(facts: Iterable[list[str]], pid: str) -> Iterator[str]:
    for words in facts:
        if words[:2] == ["listen", pid] and words[2:] and (match := _PLACE.fullmatch(words[2])):
            yield f"{_address(match[1])}:{int(match[2], 16)}"


def _address(digits: str) -> str:
    """The kernel prints each 32-bit word of an address in the order of the machine: little-endian."""
    words = [bytes.fromhex(digits[place : place + 8])[::-1] for place in range(0, len(digits), 8)]
    if len(words) == 1:
        return str(IPv4Address(words[0]))
    mapped = IPv6Address(b"".join(words))
    return str(mapped.ipv4_mapped or f"[{mapped}]")


def port_digits(port: int) -> str:
    """A port as /proc writes it."""
    return f"{port:04X}"
