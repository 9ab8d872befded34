"""Plans stay what they are: the same snapshot and sets make the same steps, counts, rounds and groups as ever."""

from __future__ import annotations

import json
import time

import pytest

from tasks.core.course import Wish
from tasks.core.observed import loaded_now
from tasks.core.plan import Counts
from tasks.core.planning import plan_migration
from tests.core.certs import BUILTIN_SET, SHARED
from tests.core.plan_shapes import STORED, named_plans, shape, shapes
from tests.core.snapshots import cluster, healthy

MANY, LIMIT_S = 60, 10.0


@pytest.fixture(scope="module")
def stored() -> dict[str, str]:
    found: dict[str, str] = json.loads(STORED.read_text())
    return found


def test_every_plan_has_the_fingerprint_that_it_had(stored: dict[str, str]) -> None:
    assert shapes() == stored


def test_another_plan_would_be_noticed(stored: dict[str, str]) -> None:
    name, plan = next(named_plans())
    first, *others = plan.steps
    changed = first.model_copy(
        update={"expected": {**first.expected, "gw-a": Counts(connected=0, disconnected=3)}}
    )
    assert shape(plan.model_copy(update={"steps": (changed, *others)})) != stored[name] == shape(plan)


def test_sixty_members_are_planned_in_seconds() -> None:
    names = tuple(f"gw-{number:02}" for number in range(MANY))
    snapshot = healthy(cluster(*names), runs=BUILTIN_SET)
    began = time.process_time()
    plan = plan_migration(snapshot, dict.fromkeys(names, SHARED), old=loaded_now(snapshot), wish=Wish())
    assert time.process_time() - began < LIMIT_S
    assert (plan.strategy, len(plan.steps)) == ("bridge", 362)
