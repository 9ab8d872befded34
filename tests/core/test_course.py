"""Which strategy a migration takes, and how one that cannot be taken is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.core.errors import Refused
from tests.core.certs import NOW, OWN, SHARED
from tests.core.kinds import NEW
from tests.core.plans import plan_of, renewed
from tests.core.snapshots import THREE, alter, healthy
from tests.core.ways import ending

OTHER_CA = NEW["ca"]


def test_the_least_disruptive_comes_first_and_the_others_say_what_they_cost_or_why_not() -> None:
    plan = plan_of(healthy(), strategy="auto")
    assert plan.strategy == "bridge"
    assert [choice.strategy for choice in plan.choices] == ["bridge", "renew", "overlap", "prescribed"]
    assert [bool(choice.refused) for choice in plan.choices] == [False, True, True, False]
    assert plan.choices[0].apart_s == 0 < plan.choices[3].apart_s


def test_the_inventory_can_prefer_the_fewest_restarts() -> None:
    for prefer, taken in (("no-partition", "bridge"), ("fewest-restarts", "prescribed")):
        snapshot = healthy(replace(THREE, prefer=prefer))
        assert plan_of(snapshot, strategy="auto").strategy == taken


def test_new_leafs_under_the_same_ca_are_renewed_whatever_is_preferred() -> None:
    for prefer in ("no-partition", "fewest-restarts"):
        snapshot = healthy(replace(THREE, prefer=prefer), runs=OWN.sets)
        assert plan_of(snapshot, renewed(), strategy="auto").strategy == "renew"


def test_a_strategy_that_is_not_possible_is_refused_with_its_reason() -> None:
    with pytest.raises(
        Refused, match=r"strategy overlap is not possible: gw-a \(and 2 more\) serves the built-in"
    ):
        plan_of(healthy(), strategy="overlap")


def test_where_nothing_is_to_be_done_none_is_refused_and_none_is_told() -> None:
    plan = plan_of(healthy(runs=SHARED), strategy="bridge")
    assert (plan.steps, plan.choices) == ((), ())


def test_a_pair_of_files_that_nobody_serves_forbids_the_bridge_to_leafs_of_a_ca() -> None:
    lying = alter(healthy(), "gw-b", files=healthy(runs=SHARED).nodes["gw-b"].files)
    with pytest.raises(Refused, match="on gw-b lies a key with a certificate that it does not serve; remove"):
        plan_of(lying, OWN.sets, strategy="bridge")


def test_an_old_certificate_is_judged_by_the_time_of_the_look() -> None:
    snapshot = healthy(runs=ending(in_days=10))
    assert len(plan_of(snapshot, OTHER_CA, strategy="overlap").rounds) == 3
    late = replace(snapshot, taken_at=NOW + timedelta(days=20))
    with pytest.raises(Refused, match=r"gw-a and gw-b would be apart in round 1: .*expired"):
        plan_of(late, OTHER_CA, strategy="overlap")
