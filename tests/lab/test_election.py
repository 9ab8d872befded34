"""Who leads a pair, seen from either end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasks.lab.claim import Claim
from tasks.lab.election import Outcome, elect
from tasks.lab.standing import Reason, Role

FRESH = Claim(
    name="gw-a",
    node="10.0.0.1",
    group="g",
    in_cluster=False,
    is_primary=False,
    stand_alone=False,
    preferred=False,
    store_role="UNKNOWN",
    has_data=False,
    was_primary=False,
    session="",
    sessions=0,
)
USED = {"store_role": "PRIMARY", "was_primary": True, "has_data": True}
FOLLOWED = {"store_role": "STANDBY", "has_data": True, "session": "s", "sessions": 1}
LED = {**USED, "session": "s", "sessions": 2}
TOOK_OVER = {**USED, "session": "s", "sessions": 4}
RUNS = {**LED, "is_primary": True}


def outcome(first: dict[str, Any], second: dict[str, Any]) -> Outcome:
    """From the first one's side; the second one sees the same from its own."""
    one, other = replace(FRESH, **first), replace(replace(FRESH, name="gw-b", node="10.0.0.2"), **second)
    mine, theirs = elect(one, other), elect(other, one)
    assert (mine.mine, mine.theirs, mine.reason) == (theirs.theirs, theirs.mine, theirs.reason)
    return mine


@pytest.mark.parametrize(
    ("first", "second", "leads"),
    [
        pytest.param({}, {}, "second", id="nothing to prefer: the higher address"),
        pytest.param({"preferred": True}, {}, "first", id="PreferredPrimary"),
        pytest.param({"preferred": True}, USED, "second", id="a store with data before PreferredPrimary"),
        pytest.param(LED, FOLLOWED, "first", id="a store that followed cannot lead"),
        pytest.param({**LED, "preferred": True}, TOOK_OVER, "second", id="the later of two lives of a pair"),
        pytest.param({"has_data": True}, USED, "second", id="of two with data the one that led"),
        pytest.param(RUNS, {"preferred": True, **USED}, "first", id="a running primary, data or not"),
        pytest.param({**RUNS, "stand_alone": True}, {}, "first", id="a primary that once started alone"),
    ],
)
def test_one_leads_and_the_other_follows(first: dict[str, Any], second: dict[str, Any], leads: str) -> None:
    roles = (Role.PRIMARY, Role.STANDBY) if leads == "first" else (Role.STANDBY, Role.PRIMARY)
    assert outcome(first, second) == Outcome(*roles)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        pytest.param(USED, USED, Reason.UNRESOLVED_STORE, id="two stores with data that never met"),
        pytest.param({**LED, "session": "other"}, TOOK_OVER, Reason.UNRESOLVED_STORE, id="of two pairs"),
        pytest.param(FOLLOWED, FOLLOWED, Reason.SYNC_ERROR, id="neither can lead"),
        pytest.param({"group": "other"}, {}, Reason.GROUP_MISMATCH, id="two groups"),
        pytest.param({"in_cluster": True}, {}, Reason.CONFIG_ERROR, id="one in a cluster"),
        pytest.param({"stand_alone": True}, {}, Reason.SPLIT_BRAIN, id="StandAlone"),
    ],
)
def test_both_are_refused(first: dict[str, Any], second: dict[str, Any], reason: Reason) -> None:
    found = outcome(first, second)
    assert (found.mine, found.theirs, found.reason) == (Role.UNSYNC_ERROR, Role.UNSYNC_ERROR, reason)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"group": "other"}, Reason.GROUP_MISMATCH),
        ({"in_cluster": True}, Reason.CONFIG_ERROR),
        ({"stand_alone": True}, Reason.SPLIT_BRAIN),
    ],
)
def test_a_running_primary_stays_one_and_refuses(second: dict[str, Any], reason: Reason) -> None:
    found = outcome(RUNS, second)
    assert (found.mine, found.theirs, found.reason) == (Role.PRIMARY, Role.UNSYNC_ERROR, reason)


def test_two_running_primaries_are_a_split_brain() -> None:
    assert outcome(RUNS, RUNS) == Outcome(Role.UNSYNC_ERROR, Role.UNSYNC_ERROR, Reason.SPLIT_BRAIN)
