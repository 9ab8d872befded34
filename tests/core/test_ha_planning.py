"""Which way a pair's HA credentials change, and what the plan says of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.file_names import HA
from tasks.core.ha_planning import plan_ha_migration
from tasks.core.ha_rounds import overlapping_ca
from tasks.core.model import Cluster
from tasks.core.plan import Counts, Plan
from tasks.core.plan_table import plan_table
from tasks.core.snapshot import Snapshot
from tasks.core.status import NodeStatus
from tests.core.certs import NOW
from tests.core.ha_pairs import ISSUED, NEW, OLD, PAIR, RENEWED, ha_files, lying, plain, seen, with_files
from tests.core.plans import step_ids
from tests.core.snapshots import alter_files, alter_membership, alter_status
from tests.core.statuses import NOON

DOCUMENTED = [
    "ha-place:gw-d1",
    "ha-place:gw-d2",
    "ha-swap-standby:gw-d",
    "ha-part:gw-d",
    "ha-swap-primary:gw-d",
    "ha-rejoin:gw-d",
    "ha-prove:cluster",
]


def plan(snapshot: Snapshot, wanted: CredentialSet = NEW, *, way: str = "auto") -> Plan:
    return plan_ha_migration(seen(snapshot), {"gw-d": wanted}, way=way)


def test_from_the_built_in_pair_only_the_documented_way_remains() -> None:
    made = plan(lying(None))
    assert (made.strategy, step_ids(made)) == ("documented", DOCUMENTED)
    assert "a node on the built-in pair trusts nothing else" in made.why
    assert {step: set(files) for step, files in made.ha_files.items()} == {
        key: set(HA.in_order) for key in DOCUMENTED[:-1]
    }
    assert made.before == {"gw-d1": "built-in", "gw-d2": "built-in"}
    assert any("no server for about 20 s" in note for note in made.notes)
    assert any("at most 600 s (DiscoveryTimeout)" in note for note in made.notes)


def test_between_two_user_sets_trust_overlaps_in_three_rounds() -> None:
    made = plan(lying(OLD))
    one_round = ["ha-place:gw-d1", "ha-place:gw-d2", "ha-swap:gw-d", "ha-restart-standby:gw-d"]
    steps = [f"{step}@{n}" for n in (1, 2, 3) for step in (*one_round, "ha-restart-primary:gw-d")]
    assert step_ids(made) == [*steps, "ha-prove:cluster"]
    assert set(made.ha_files["ha-place:gw-d1@1"]) == {HA.ca}
    assert set(made.ha_files["ha-place:gw-d1@2"]) == {HA.cert, HA.key}
    assert made.ha_files["ha-swap:gw-d@3"] == dict(NEW.sha256)
    assert any("3 rounds" in note for note in made.notes)
    assert made.before["gw-d1"] == OLD.leaf.sha256


def test_a_new_leaf_of_the_same_ca_takes_one_round() -> None:
    assert {step.round for step in plan(lying(ISSUED), RENEWED).steps} == {2, 0}


def test_the_documented_way_can_be_asked_for() -> None:
    made = plan(lying(OLD), way="documented")
    assert (step_ids(made), made.why) == (DOCUMENTED, "the documented procedure; as asked")


def test_the_documented_way_is_refused_where_the_nodes_would_not_stay_apart() -> None:
    with pytest.raises(Refused, match="the former set and the new one trust each other") as refused:
        plan(lying(ISSUED), RENEWED, way="documented")
    assert refused.value.remedy == "fab ha.migrate gw-d --plan shows the overlapping one"


def test_one_subject_without_key_identifiers_takes_the_documented_way_and_says_why() -> None:
    made = plan(lying(plain("gateway")), plain("gateway"))
    assert made.strategy == "documented"
    assert "OpenSSL cannot tell their CA certificates apart" in made.why
    assert plan(lying(plain("gateway")), plain("another")).strategy == "overlap"


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        pytest.param(lying(None), "a node on the built-in pair trusts nothing else", id="built-in"),
        pytest.param(
            lying(OLD, changed_at=(NOW + timedelta(hours=1)).timestamp()),
            "it is not certain that both nodes have loaded the HA files that lie there",
            id="placed after the start",
        ),
        pytest.param(
            with_files(lying(OLD), ISSUED, "gw-d2"), "it is not certain", id="not the same on both nodes"
        ),
        pytest.param(
            alter_files(
                alter_files(lying(OLD), "gw-d2", ha=ha_files(OLD, readable=False)), "gw-d1", ha=ha_files(OLD)
            ),
            "a node on the built-in pair",
            id="unreadable",
        ),
    ],
)
def test_where_trust_cannot_overlap_it_is_refused_or_the_documented_way(
    snapshot: Snapshot, reason: str
) -> None:
    with pytest.raises(Refused, match=f"not possible for gw-d: {reason}") as refused:
        plan(snapshot, way="overlap")
    assert refused.value.remedy == "fab ha.migrate --plan --way documented shows the other one"
    assert plan(snapshot).strategy == "documented"


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(Refused, match="--way fast is unknown"):
        plan(lying(OLD), way="fast")


def test_a_pair_that_runs_with_its_set_is_left_alone() -> None:
    made = plan(lying(NEW))
    assert (made.steps, made.why) == ((), "every pair already runs with its HA credential set")
    assert plan(lying(NEW, changed_at=(NOW + timedelta(hours=1)).timestamp())).steps


def test_files_placed_late_on_a_standby_that_took_over_are_not_taken_for_loaded() -> None:
    """It leads with what it loaded before; the new standby is younger than the files, and got them by the sync."""
    late = NOON + timedelta(days=2)
    again = late + timedelta(minutes=5)
    snapshot = lying(NEW, changed_at=late.timestamp())
    snapshot = replace(snapshot, taken_at=again)
    for name, up_s in (("gw-d1", 3 * 86400), ("gw-d2", 60)):
        status = snapshot.nodes[name].status
        assert isinstance(status, NodeStatus)
        server = replace(status.server, server_time=again, uptime_s=up_s)
        snapshot = alter_status(snapshot, name, server=server)
    assert plan(snapshot).strategy == "documented"
    joined = with_files(
        snapshot, NEW, changed_at=(again - timedelta(days=3) + timedelta(minutes=1)).timestamp()
    )
    assert plan(joined).steps == ()  # they came with the sync of its own joining


def test_the_cluster_shows_the_same_all_the_time() -> None:
    made = plan(lying(None))
    undisturbed = dict.fromkeys(("gw-a", "gw-d"), Counts(connected=1, disconnected=0))
    assert [step.expected for step in made.steps] == [undisturbed] * 7


def test_a_pair_in_no_cluster_is_not_counted() -> None:
    made = plan(_outside(lying(None), PAIR))
    assert {frozenset(step.expected) for step in made.steps} == {frozenset()}
    assert plan_table(made).header == ("#", "STEP")


def _outside(snapshot: Snapshot, whole: Cluster) -> Snapshot:
    for node in whole.nodes:
        snapshot = alter_membership(snapshot, node.name, enabled=False)
    return snapshot


def test_the_overlapping_ca_file_is_the_one_that_the_nodes_make() -> None:
    made = plan(lying(OLD))
    content = overlapping_ca(OLD.ca, NEW.ca)
    assert made.ha_files["ha-place:gw-d2@1"][HA.ca] == hashlib.sha256(content).hexdigest()


def test_the_same_things_seen_give_the_same_fingerprint() -> None:
    assert plan(lying(OLD)).fingerprint == plan(lying(OLD)).fingerprint
    assert plan(lying(OLD)).fingerprint != plan(lying(OLD), ISSUED).fingerprint
