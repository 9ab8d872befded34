"""The trust matrix as `--json` shows it; the keys are stable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tasks.core.acceptance import LetIn, Observed, TurnedAway
from tasks.core.dataclass import dataclass
from tasks.core.matrix import Matrix
from tasks.core.snapshot import Unseen
from tasks.core.stages import Direction, Stage


@dataclass(frozen=True, slots=True)
class ShownStage:
    """Who is connected with whom after a step, or "now".

    Args:
        dials: By member, whom it reaches.
        one_way: Who dials, who accepts, where only that direction comes up.
    """

    after: str
    links: tuple[tuple[str, ...], ...]
    dials: dict[str, tuple[str, ...]]
    one_way: tuple[Direction, ...]


@dataclass(frozen=True, slots=True)
class ShownObserved:
    """What a running process did with a new set."""

    set: str
    member: str
    node: str
    answer: str  # let-in | turned-away | unseen
    reason: str
    distrust: str | None
    as_computed: bool | None


@dataclass(frozen=True, slots=True)
class ShownMatrix:
    """`why` is why the stages end with "now"."""

    cluster: str
    at: datetime
    members: tuple[str, ...]
    why: str
    stages: tuple[ShownStage, ...]
    observed: tuple[ShownObserved, ...]


def matrix_data(matrix: Matrix) -> ShownMatrix:
    """What `--json` shows of it."""
    return ShownMatrix(
        cluster=matrix.cluster,
        at=matrix.at,
        members=matrix.members,
        why=matrix.why,
        stages=tuple(_stage_data(stage, matrix.members) for stage in matrix.stages),
        observed=tuple(_observed_data(one, matrix.agreement.get(one)) for one in matrix.observed),
    )


def _stage_data(stage: Stage, members: Sequence[str]) -> ShownStage:
    return ShownStage(
        after=stage.after,
        links=tuple(sorted(tuple(sorted(link)) for link in stage.links)),
        dials={one: tuple(o for o in members if (one, o) in stage.dials) for one in members},
        one_way=stage.one_way,
    )


def _observed_data(one: Observed, agrees: bool | None) -> ShownObserved:
    match one.answer:
        case LetIn():
            answer, reason = "let-in", ""
        case TurnedAway(why):
            answer, reason = "turned-away", why
        case Unseen(problem):
            answer, reason = "unseen", problem
    return ShownObserved(
        set=one.label,
        member=one.member,
        node=one.node,
        answer=answer,
        reason=reason,
        distrust=one.distrust,
        as_computed=agrees,
    )
