"""Servers of a pair as a step sees them: what REST says, and what is asked of it. Time passes in sleeps only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from tasks.core.model import Member
from tasks.core.plan import Plan, Step
from tasks.effects.rest import RestRejected


@dataclass
class FakeAdmin:
    """The admin API of one node, with a configuration that a POST merges into."""

    node: str
    shown: dict[str, object] = field(default_factory=dict)
    refuses: str = ""  # the code that a POST is answered with
    posts: list[dict[str, Any]] = field(default_factory=list)

    def configuration(self, name: str) -> dict[str, object]:
        return dict(self.shown)

    def post_configuration(self, change: dict[str, Any]) -> None:
        self.posts.append(change)
        if self.refuses:
            text = f"HTTP 400 {self.refuses}"
            raise RestRejected(text, remedy="look", node=self.node, status=400, code=self.refuses)
        for keys in change.values():
            self.shown |= keys


@dataclass
class FakeClock:
    """`then` is called with the seconds that have passed, at each sleep."""

    then: Any = None
    time_s: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=self.time_s)

    def monotonic(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds
        if self.then:
            self.then(self.time_s)


def run_of(member: Member, admins: dict[str, FakeAdmin], *, plan: Plan, clock: FakeClock) -> Any:
    """A Run as far as a configuration step needs one."""
    nodes = {node.name: node for node in member.nodes}
    cluster = SimpleNamespace(node=nodes.__getitem__)
    return SimpleNamespace(
        site=SimpleNamespace(cluster=cluster, clock=clock),
        plan=plan,
        record=SimpleNamespace(id="20261122T000000Z-abcdef"),
        member=lambda name: member,
        admin=lambda node: admins[node.name],
        write=lambda *_, **__: None,
    )


def step_of(plan: Plan, step_id: str) -> Step:
    return next(step for step in plan.steps if step.id == step_id)
