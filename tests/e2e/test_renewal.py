"""A CA of its own, then new leafs under it: where trust overlaps nobody loses anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.labs import Ran, Rig, rigged, small
from tests.e2e.sights import fingerprint, rest, sampled, served

MEMBERS = ("gw-a", "gw-b", "gw-c")


@dataclass(frozen=True, slots=True)
class Step:
    """One migration, and how many others the observer saw while it went on."""

    ran: Ran
    run: Path
    observer_saw: frozenset[int | None]
    leafs: dict[str, str]  # by member, of the sets


@dataclass(frozen=True, slots=True)
class History:
    rig: Rig
    to_ca: Step
    renewal: Step


def _observed(rig: Rig) -> tuple[int, int | None]:
    """Uptime, and connected servers, of the observer: after its own restart it says nothing of the others."""
    answer = rest(rig.lab, rig.lab.node("gw-c"))
    settled = answer["Server"]["State"] == 1
    return answer["Server"]["UpTimeSeconds"], answer["Cluster"].get("ConnectedServers") if settled else None


def _migrated(rig: Rig) -> Step:
    with sampled(lambda: _observed(rig)) as looks:
        ran = rig.migrate()
    uptimes = [uptime_s for uptime_s, _ in looks] + [-1]
    own_restart = next(i for i in range(1, len(uptimes)) if uptimes[i] < uptimes[i - 1])
    counts = [count for _, count in looks[:own_restart]]
    leafs = {name: fingerprint(rig.credentials / name / "Cluster_cert.pem") for name in MEMBERS}
    return Step(ran, rig.runs[-1], frozenset(counts), leafs)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    with rigged(tmp_path_factory.mktemp("renewal"), small(3), credentials="ca") as rig:
        to_ca = _migrated(rig)
        rig.fab("credentials.renew", "--days", "30").ok()
        yield History(rig, to_ca, _migrated(rig))


def _expected(step: Step) -> set[str]:
    plan = json.loads((step.run / "plan.json").read_text())
    return {
        f"{c['connected']}/{c['disconnected']}" for one in plan["steps"] for c in one["expected"].values()
    }


def test_a_migration_to_leafs_of_a_ca_gives_each_member_its_own(history: History) -> None:
    history.to_ca.ran.ok()
    assert len(set(history.to_ca.leafs.values())) == 3
    assert "healthy: 3 members, 3 nodes, all connected, 3 certificates" in history.to_ca.ran.stdout


def test_from_the_built_in_pair_to_a_ca_the_observer_loses_everybody(history: History) -> None:
    assert _expected(history.to_ca) == {"2/0", "0/2", "1/1"}
    assert 0 in history.to_ca.observer_saw


def test_a_renewal_under_the_same_ca_is_planned_without_a_loss(history: History) -> None:
    history.renewal.ran.ok()
    assert _expected(history.renewal) == {"2/0"}


def test_during_a_renewal_the_observer_always_sees_another_member(history: History) -> None:
    assert 0 not in history.renewal.observer_saw
    assert 2 in history.renewal.observer_saw


def test_after_a_renewal_each_member_serves_its_new_leaf(history: History) -> None:
    for name, sha in history.renewal.leafs.items():
        assert served(history.rig.lab, name) == sha
        assert sha != history.to_ca.leafs[name]
