"""Rules about what was reached of each node: layer by layer, by whose clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from tasks.core.checks_clocks import CLOCKS_APART_S
from tasks.core.dataclass import dataclass
from tasks.core.doctor import Row, not_run, well, wrong

TCP, SSH, COMMAND, SUDO, REST = "TCP", "SSH", "command", "sudo", "REST"
_BEFORE_SSH = re.compile(
    r"TCP connect to |name resolution|SSH channel to |\S+, asked from \S+, cannot be connected"
)
_MAJORITY = 3  # nodes whose clocks must agree before this machine's is doubted


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a node could not be reached further.

    Args:
        layer: The first that failed.
        asks: It was not tried: a secret for it could not be had without asking, or at all.
    """

    layer: str
    problem: str
    remedy: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one node was reached.

    Args:
        passed: The layers that hold, in their order.
        via: The way of REST; "" where it did not answer.
        offset_s: Its clock minus ours; None where no command ran there.
        error_s: By how much that may be off: the half of the way there and back, and of its second.
    """

    node: str
    passed: tuple[str, ...]
    stops: tuple[Stop, ...]
    via: str
    offset_s: float | None
    error_s: float = 0.0


def first_layer(problem: str) -> str:
    """Whether a connection failed before SSH was spoken, be it from here or from a gateway."""
    return TCP if _BEFORE_SSH.match(problem) else SSH


def reach_rows(reached: Iterable[Reach]) -> Iterator[Row]:
    for seen in reached:
        held = ", ".join(seen.passed)
        if held:
            yield well("reach", seen.node, f"{held} via {seen.via}" if seen.via else held)
        for stop in seen.stops:
            text = f"{stop.layer}: {stop.problem}"
            make = not_run if stop.asks else wrong
            yield make("reach", seen.node, text, remedy=stop.remedy)


def clock_rows(reached: Sequence[Reach]) -> Iterator[Row]:
    """Whose clock is another than most: a node's, or this machine's."""
    offsets = {seen.node: seen for seen in reached if seen.offset_s is not None}
    for seen in reached:
        if seen.offset_s is None:
            yield not_run("clock", seen.node, "no command ran there")
    here = _ours_is_off(offsets)
    if here:
        ahead = "behind" if here > 0 else "ahead of"
        text = f"{abs(here):.0f} s {ahead} the clocks of most nodes, which agree"
        yield wrong("clock", "", text, remedy="set this machine's clock: timedatectl, chronyc makestep")
    for seen in offsets.values():
        yield _clock(seen, (seen.offset_s or 0.0) - here, than="most nodes'" if here else "this machine's")


def _ours_is_off(offsets: Mapping[str, Reach]) -> float:
    """By how much the nodes' common clock is ahead of ours; 0 where there is none, or ours agrees."""
    seconds = [seen.offset_s or 0.0 for seen in offsets.values()]
    if len(seconds) < _MAJORITY:
        return 0.0
    middle = median(seconds)
    alike = sum(abs(each - middle) <= CLOCKS_APART_S for each in seconds)
    return middle if abs(middle) > CLOCKS_APART_S and 2 * alike > len(seconds) else 0.0


def _clock(seen: Reach, offset_s: float, *, than: str) -> Row:
    apart = abs(offset_s) - seen.error_s
    if apart <= CLOCKS_APART_S:
        return well("clock", seen.node, f"within {CLOCKS_APART_S:.0f} s of {than}")
    text = f"{abs(offset_s):.0f} s {'ahead of' if offset_s > 0 else 'behind'} {than}"
    return wrong(
        "clock", seen.node, text, remedy="set the clock there (chrony, ntpd): it judges certificates by it"
    )
