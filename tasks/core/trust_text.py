"""Who is connected with whom, in a line: of a plan's steps, and of clusters too wide for a table."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.plan import Plan, TrustStage

WIDTH = 80
MOST_LINES = 12  # of a plan; of more the first and the last ones
FEW = 3
_HEAD, _TAIL = 6, 3


def trust_lines(plan: Plan) -> tuple[str, ...]:
    """How the members stand after each step that changes it; nothing where no step does and all is well."""
    stages = [stage for stage in plan.trust if stage.after != "now" or not is_plain(stage)]
    lines = [stage_line(stage) for stage in stages]
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    left = len(lines) - _HEAD - _TAIL
    return (
        *lines[:_HEAD],
        f"  and after {left} more steps -> fab credentials.matrix",
        *lines[-_TAIL:],
    )


def is_plain(stage: TrustStage) -> bool:
    """Whether all are connected with all, by both directions."""
    return len(stage.groups) == 1 and not stage.one_way and not stage.apart


def stage_line(stage: TrustStage, *, width: int = WIDTH) -> str:
    """ "  after restart:gw-a: gw-a | gw-b gw-c", as long as fits: names, a few of them, or numbers."""
    head = "  now: " if stage.after == "now" else f"  after {stage.after}: "
    lines = [head + text for text in _ever_shorter(stage)]
    return next((line for line in lines if len(line) <= width), lines[-1])


def _ever_shorter(stage: TrustStage) -> Iterator[str]:
    every = max(len(stage.groups), *(len(group) for group in stage.groups), 1)
    whole = groups_text(stage, most=every)
    yield "; ".join([whole, *exceptions(stage, most=len(stage.one_way) + len(stage.apart))])
    yield "; ".join([whole, *exceptions(stage, most=0)])
    yield "; ".join([groups_text(stage, most=FEW), *exceptions(stage, most=0)])
    sizes = " | ".join(str(len(group)) for group in stage.groups[:FEW])
    more = f" and {len(stage.groups) - FEW} more" if len(stage.groups) > FEW else ""
    counted = ((stage.one_way, "one way"), (stage.apart, "apart"))
    pairs = ", ".join(f"{len(those)} {what}" for those, what in counted if those)
    yield f"groups of {sizes}{more}" + (f"; pairs: {pairs}" if pairs else "")


def groups_text(stage: TrustStage, *, most: int) -> str:
    """ "gw-a gw-b | gw-c", or "all connected"; of each group at most so many names."""
    if len(stage.groups) == 1:
        return "all connected" if not stage.apart else "all connected, some by way of others"
    return " | ".join(_group(group, most=most) for group in stage.groups)


def _group(group: tuple[str, ...], *, most: int) -> str:
    left = len(group) - most
    return " ".join(group[:most]) + (f" and {left} more" if left > 0 else "")


def exceptions(stage: TrustStage, *, most: int) -> Iterator[str]:
    """The pairs that the groups do not tell of, at most so many by name, else their number."""
    for pairs, sign, what in ((stage.one_way, ">", "one direction only"), (stage.apart, "x", "apart")):
        if pairs and len(pairs) <= most:
            yield f"{what}: " + ", ".join(f"{one} {sign} {other}" for one, other in pairs)
        elif pairs:
            yield f"{what}: {len(pairs)} pair{'s' * (len(pairs) != 1)}"
