"""One restart, sampled: what is seen in which order. No second is asserted: machines differ."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tasks.core.model import Node
from tasks.core.status import NodeStatus
from tests.conformance.target import Target

STATES = (4, 11, 6, 16, 1)
STATUSES = ("Initializing", "Discover", "Active")


@dataclass(frozen=True, slots=True)
class Sampled:
    """Every look at the restarted member, None while REST is silent, and at one that watches it."""

    before: NodeStatus
    looks: tuple[NodeStatus | None, ...]
    watched: tuple[str, ...]

    @property
    def after(self) -> NodeStatus:
        last = self.looks[-1]
        assert last is not None
        return last

    def halves(self) -> tuple[tuple[NodeStatus, ...], tuple[NodeStatus, ...]]:
        """The looks before REST was silent, and those after."""
        silent = [index for index, look in enumerate(self.looks) if look is None]
        old = tuple(look for look in self.looks[: silent[0]] if look is not None)
        return old, tuple(look for look in self.looks[silent[-1] :] if look is not None)


@pytest.fixture(scope="module")
def sampled(target: Target) -> Sampled:
    node, observer = target.singles[0], target.singles[1]
    before = target.until(
        lambda: target.status(node),
        lambda seen: seen is not None and seen.server.uptime_s >= 3,
        what="an uptime that can go back",
        limit_s=node.limits.restart_s,
    )
    assert before is not None
    target.site.admin(node).restart()
    return _sample(target, node, observer, before=before)


def _sample(target: Target, node: Node, observer: Node, *, before: NodeStatus) -> Sampled:
    looks: list[NodeStatus | None] = []
    watched: list[str] = []
    deadline = target.site.clock.monotonic() + node.limits.restart_s
    while not (None in looks and looks[-1] is not None and looks[-1].settled):
        assert target.site.clock.monotonic() < deadline, f"not back; last seen: {looks[-1:]}"
        looks.append(target.status(node))
        watched.append(target.counts()[observer.name])
    return Sampled(before, tuple(looks), tuple(dict.fromkeys(watched)))


def test_the_old_process_answers_in_state_2_and_leaves_the_cluster(sampled: Sampled) -> None:
    old, _ = sampled.halves()
    assert {look.server.state for look in old} == {2}
    statuses = [look.cluster.status for look in old]
    assert statuses == sorted(statuses, key=("Active", "Unavailable").index)


def test_rest_is_refused_once_in_between(sampled: Sampled) -> None:
    silent = [look is None for look in sampled.looks]
    assert silent == sorted(silent[: silent.index(True)]) + [True] * sum(silent) + [False] * (
        len(silent) - silent.index(True) - sum(silent)
    )


def test_the_new_process_passes_its_states_in_their_order(sampled: Sampled) -> None:
    _, new = sampled.halves()
    states = [look.server.state for look in new]
    assert states == sorted(states, key=STATES.index)
    statuses = [look.cluster.status for look in new]
    assert statuses == sorted(statuses, key=STATUSES.index)
    assert (states[-1], statuses[-1]) == (1, "Active")


def test_the_uptime_goes_back_and_the_uid_stays(sampled: Sampled) -> None:
    before, after = sampled.before.server, sampled.after.server
    assert after.uptime_s < before.uptime_s
    assert after.started_at > before.started_at
    assert (after.uid, after.error_code) == (before.uid, 0)


def test_the_others_miss_it_and_each_other_never(sampled: Sampled, target: Target) -> None:
    others = len(target.names) - 1
    counts = [tuple(map(int, text.split("/"))) for text in sampled.watched]
    assert min(connected for connected, _ in counts) == others - 1
    target.expect(target.together)
