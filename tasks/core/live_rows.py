"""What a live view says of each node: a row as data, and which rows matter most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum

from tasks.core.dataclass import dataclass
from tasks.core.live_doing import as_planned, concerned, doing, following_of
from tasks.core.live_serves import serves, tells_certificates
from tasks.core.live_state import Ending, Live
from tasks.core.model import Member, Node
from tasks.core.plan import Counts
from tasks.core.status import MAINTENANCE, PRODUCTION, STANDBY, NodeStatus
from tasks.core.step_kinds import ANY_RESTART
from tasks.core.text_table import duration, printable

LATE_S = 3.0  # a node that the sampler has not heard for so long is shown as not answering
_WORDS = {PRODUCTION: "running", MAINTENANCE: "maintenance", STANDBY: "standby"}


class Rank(IntEnum):
    """The lower, the more it matters."""

    MOVING = 0  # the step under way is about it
    ODD = 1  # not as planned
    NEXT = 2  # the next to be restarted
    REST = 3


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node. `serves` is in brackets where it serves nothing, and would once it took over; "" says nothing."""

    member: str
    label: str
    rank: Rank
    role: str
    state: str
    counts: str
    serves: str
    now: str
    up: str

    @property
    def mark(self) -> str:
        """What makes its rank visible without colours."""
        return {Rank.MOVING: ">", Rank.ODD: "!"}.get(self.rank, " ")


def node_rows(live: Live, *, now_s: float) -> tuple[NodeRow, ...]:
    """One per node, in inventory order."""
    course = _Course(following_of(live), live.expected_before, live.expected, tells_certificates(live.plan))
    return tuple(_row(live, m, n, course, now_s=now_s) for m in live.members for n in m.nodes)


@dataclass(frozen=True, slots=True)
class _Course:
    """What is the same for all rows: whose restart is next, what is planned before and after the step."""

    following: str
    before: Mapping[str, Counts]
    planned: Mapping[str, Counts]
    tells_certificates: bool


def _row(live: Live, member: Member, node: Node, course: _Course, *, now_s: float) -> NodeRow:
    status = live.status(node.name)
    moving = node in concerned(live, member)
    state = _state(live, node, now_s=now_s)
    if moving:
        rank, now = Rank.MOVING, doing(live, member, node)
    elif _late(live, node, now_s=now_s) or _odd(live, member, node, course):
        rank, now = Rank.ODD, "not as planned"
    elif member.name == course.following and live.end is None:
        rank, now = Rank.NEXT, "next"
    else:
        rank, now = Rank.REST, ""
    return NodeRow(
        member=member.name,
        label=printable(node.name if len(member.nodes) == 1 else f"{member.name}/{node.name}"),
        rank=rank,
        role=printable(status.role.lower()) if status else "-",
        state=state,
        counts=_counts(course.planned.get(member.name), status),
        serves=serves(live, member, node) if course.tells_certificates else "",
        now=now,
        up=duration(status.server.uptime_s) if status else "",
    )


def _state(live: Live, node: Node, *, now_s: float) -> str:
    seen = live.seen_s.get(node.name)
    if seen is None:
        return "-"
    if _late(live, node, now_s=now_s):
        return f"no answer {duration(now_s - seen)}"
    status = live.status(node.name)
    if status is None:
        return "silent"
    word = _WORDS.get(status.server.state, f"State {status.server.state}")
    return f"{word}, error {status.server.error_code}" if status.server.error_code else word


def _late(live: Live, node: Node, *, now_s: float) -> bool:
    return live.end is None and now_s - live.seen_s.get(node.name, now_s) > LATE_S


def _odd(live: Live, member: Member, node: Node, course: _Course) -> bool:
    """Whether a node that the step under way leaves alone is otherwise than planned."""
    if node.name not in live.looks or live.end is Ending.COMPLETE:
        return False
    status = live.status(node.name)
    if status is None or status.server.error_code or status.server.state == MAINTENANCE:
        return True
    restarting = live.step is not None and live.step.kind in ANY_RESTART
    if restarting and live.step is not None and live.step.target == member.name:
        return False  # it takes over
    if not status.settled:
        return True
    if status.is_standby:
        return not restarting and not status.ha.in_sync
    fit = set(_may_show(course.before.get(member.name), apart=restarting))
    fit |= set(_may_show(course.planned.get(member.name), apart=restarting))
    return bool(fit) and (status.cluster.connected, status.cluster.disconnected) not in fit


def _may_show(planned: Counts | None, *, apart: bool) -> Iterator[tuple[int, int]]:
    """What is as planned, also while one of the others is away."""
    if planned is not None:
        yield planned.connected, planned.disconnected
        if apart and planned.connected:
            yield planned.connected - 1, planned.disconnected + 1


def _counts(planned: Counts | None, status: NodeStatus | None) -> str:
    """As it shows them; behind an arrow what is planned, where that is something else."""
    if status is None or status.is_standby:
        return "-"
    seen = status.cluster
    text = "-" if seen.connected is None else f"{seen.connected}/{seen.disconnected}"
    return text if as_planned(planned, status) else f"{text} -> {planned}"
