"""What is said of a strategy: why it is as it is, what it means for security, until when it must be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tasks.core.plan import Choice, Plan
from tasks.core.rounds import AS_BEFORE, Way
from tasks.core.strategy_names import BRIDGE, OVERLAP, PRESCRIBED, RENEW
from tasks.core.text_table import TextTable, duration

SOON = timedelta(days=30)
_TOGETHER = {
    RENEW: "old and new trust each other as they are; nobody is apart meanwhile",
    OVERLAP: "CA files trust the old and the new for a while; nobody is apart meanwhile",
    BRIDGE: "the built-in certificate is trusted until the last round; nobody is apart meanwhile",
}


def strategy_text(way: Way, *, apart: bool) -> str:
    """In one sentence.

    Args:
        apart: Whether the counts change on the way.
    """
    if goes_back_to_builtin(way):
        return "CA files trust the built-in certificate before it is served again; nobody is apart meanwhile"
    if way.strategy != PRESCRIBED:
        return _TOGETHER[way.strategy]
    cost = (
        "members with old and with new trust are apart until the last restart"
        if apart
        else "old and new trust overlap, so that no settled member is apart from another"
    )
    return f"the documented procedure; {cost}"


def way_notes(way: Way, *, at: datetime) -> tuple[str, ...]:
    """What the operator must know before saying yes."""
    return (*_security(way), *_deadline(way, at=at)) if way.rounds else ()


def goes_back_to_builtin(way: Way) -> bool:
    """Whether the bridge is crossed the other way."""
    return way.strategy == BRIDGE and bool(way.rounds) and way.rounds[-1].what == AS_BEFORE


def _security(way: Way) -> Iterator[str]:
    if goes_back_to_builtin(way):
        yield (
            "from its first round on, as before the run that it undoes, whoever has the built-in key, which is "
            "public, can join the cluster"
        )
    elif way.strategy == BRIDGE:
        yield (
            "until the last round, whoever has the built-in key, which is public, can still join the cluster: no "
            "worse than before this run, and no better until that round is done; it is part of the run"
        )


def _deadline(way: Way, *, at: datetime) -> Iterator[str]:
    """Where the rounds need what expires soon: days may lie between them."""
    if len(way.rounds) < 2:
        return
    ends = {name: was.loaded.leaf.not_after for name, was in way.before.items()}
    name = min(ends, key=lambda each: ends[each])
    if ends[name] - at < SOON:
        yield (
            f"what {name} serves now ends on {ends[name]:%Y-%m-%d %H:%M} UTC: finish all rounds before, else members "
            "are apart"
        )


def choice_table(plan: Plan) -> TextTable | None:
    """What each strategy costs here; None where there was nothing to choose."""
    rows = tuple(
        _row(choice, taken=choice.strategy == plan.strategy) for choice in plan.choices if not choice.refused
    )
    if not rows:
        return None
    header = ("STRATEGY", "ROUNDS", "RESTARTS", "RECONNECTS", "ABOUT", "MEMBERS APART")
    return TextTable("what it costs", header, rows)


def _row(choice: Choice, *, taken: bool) -> tuple[str, ...]:
    return (
        f"{choice.strategy}{' <' if taken else ''}",
        str(choice.rounds),
        str(choice.restarts),
        str(choice.reconnects),
        duration(choice.waiting_s),
        f"about {duration(choice.apart_s)}" if choice.apart_s else "never",
    )


def refusal_lines(plan: Plan) -> tuple[str, ...]:
    """Why each of the others is not possible."""
    return tuple(
        f"{choice.strategy}: not possible, {choice.refused}" for choice in plan.choices if choice.refused
    )


def round_lines(plan: Plan) -> tuple[str, ...]:
    """What each round does, and the way back from its end."""
    lines, back = [], 0
    for number, one in enumerate(plan.rounds, 1):
        back += len(one.moving)
        way_back = f"{number} round{'s' * (number > 1)}, {back} member restart{'s' * (back > 1)}"
        lines.append(f"round {number}: {one.what} (the way back from its end: {way_back})")
    return tuple(lines)
