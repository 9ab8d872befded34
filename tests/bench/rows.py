"""What a bench found, as data; as a table, and as docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

_HEAD = """\
# Benchmarks

`make bench` wrote this page, from `docs/benchmarks.json`. Every contestant works on the same nodes: real `sshd`s on
loopback addresses of this machine, which share its processors with the clients. They run in turns, after a round
that is not counted; numbers are medians, ratios are medians of pairs out of the same round.
"""
_ABOUT = {
    "start": "What every command takes before it does anything, beside what Fabric itself takes.",
    "status": """\
Before the first connection there is the start of Python, of Fabric, and of what reads the inventory: at 5 nodes that
is nearly half of it, and `xargs` has nothing of the kind. There a fifth of what Ansible takes is less than
`xargs ssh` itself takes.""",
    "place": """\
`fab credentials.place` is more than a copy: it looks at every node and checks all of it, tries the new sets on each
other, plans, locks every node, backs up what is live, and stages node by node, each read back before the next.""",
    "migrate": """\
Prescribed migrations on a lab of three single members and a pair, with the limits that an inventory has by default.
When a gate's condition became true is told by somebody who asks every server many times a second.""",
    "latency": """\
Over a relay that delays every byte. One node after the other of a `status` is not waited for: the round trips are
those of one node.""",
    "growth": """\
Simulated members, all single, from the built-in pair to a shared set by `bridge` in two rounds. One login, one
command, three REST requests and one TLS handshake per node and status, whatever the number of members, at most 16
nodes at once. A plan says after each step what each member counts, and who reaches whom in one direction only: it
grows with the third power of the members. That is the limit: up to 100 members it is a matter of seconds and
megabytes, at 200 of tens of seconds, of tens of megabytes in the run's directory and of some on each node. Beyond 200
members nothing was tried.""",
}
_PEERS = """\
What the others do: `xargs -P16 ssh NODE curl ...` with OpenSSH; Ansible with 16 forks, pipelining and kept connections,
without facts; pyinfra and parallel-ssh with 16 connections. `fab status` asks each node more than they do (files and
their hashes, three REST questions, the certificate on the wire, the lock); parallel-ssh verifies no host key.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the results.

    Args:
        part: Which part of the bench: "status".
        what: What was measured.
        nodes: How many; 0 where that is not the matter.
        value: In `unit`; None where it was not measured.
        ratio: Of the tool to this contestant: below 1 the tool is faster.
        goal: What was to be reached, in words; "" for none.
        met: Whether it was; None without a goal.
        note: Why there is no value, and other words.
    """

    part: str
    what: str
    nodes: int = 0
    value: float | None = None
    unit: str = "s"
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """All rows, and where and when they were measured."""

    at: str
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    rounds: int
    rows: tuple[Row, ...]

    def data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Results:
        return cls(**{**data, "rows": tuple(Row(**row) for row in data["rows"])})


def lines(rows: Iterable[Row]) -> Iterable[str]:
    """The rows as a table for a screen, a row each; notes below the rows that they belong to."""
    cells = [("PART", "WHAT", "NODES", "MEDIAN", "FAB/IT", "GOAL", ""), *map(_cells, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(6)]
    for row, own in zip(cells, (None, *rows), strict=True):
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, (*widths, 0), strict=True)).rstrip()
        if own and own.note:
            yield f"    {own.note}"


def page(found: Results) -> str:
    """docs/benchmarks.md; the same results always make the same text."""
    out = [_HEAD, f"Measured {found.at}, at least {found.rounds} runs each.", ""]
    out += ["| machine | |", "|---|---|", *(f"| {name} | {said} |" for name, said in found.machine.items())]
    out += [*(f"| {name} | {said} |" for name, said in found.versions.items()), "", _PEERS]
    for part in dict.fromkeys(row.part for row in found.rows):
        about = [_ABOUT[part], ""] if part in _ABOUT else []
        out += [f"## {part.capitalize()}", "", *about, "| what | nodes | median | fab/it | goal | met |"]
        out.append("|---|---|---|---|---|---|")
        for row in (one for one in found.rows if one.part == part):
            _, what, nodes, value, ratio, goal, met = _cells(row)
            out.append(f"| {what} | {nodes} | {value} | {ratio} | {goal} | {met} |")
        notes = [
            f"- {row.what}{f', {row.nodes} nodes' if row.nodes else ''}: {row.note}"
            for row in found.rows
            if row.part == part and row.note
        ]
        out += ["", *notes, *([""] if notes else [])]
    return "\n".join(out).rstrip() + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    value = "–" if row.value is None else f"{_number(row.value)} {row.unit}".rstrip()
    return (
        row.part,
        row.what,
        str(row.nodes or ""),
        value,
        "" if row.ratio is None else f"{row.ratio:.2f}",
        row.goal,
        {True: "yes", False: "NO", None: ""}[row.met],
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
