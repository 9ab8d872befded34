"""What is told of the members that are not restarted, while another one is."""

from __future__ import annotations

import pytest

from tasks.core.bystanders import bystander, parted, telling_of
from tasks.core.gates import Broken, Holds, NodeView, Verdict, Waiting
from tasks.core.plan import Counts
from tests.core.statuses import counted, node_status, view

USUAL = Counts(connected=2, disconnected=0)
OTHER = bystander("gw-b", ("gw-b1", "gw-b2"), before=USUAL, after=USUAL, away=True)
SILENT = view()


def shown(*, connected: int = 2, disconnected: int = 0, state: int = 1, status: str = "Active") -> NodeView:
    return view(node_status(state=state, cluster=counted(connected, disconnected, status=status)))


def told(verdict: Verdict, one: NodeView, two: NodeView = SILENT) -> Verdict:
    return telling_of(lambda _: verdict, (OTHER,))({"gw-b1": one, "gw-b2": two})


@pytest.mark.parametrize(
    ("before", "after", "away", "planned"),
    [
        pytest.param((2, 0), (2, 0), True, ("2/0", "1/1"), id="one away"),
        pytest.param((2, 0), (2, 0), False, ("2/0",), id="a standby is missed by nobody"),
        pytest.param((2, 0), (1, 1), True, ("2/0", "1/1"), id="and stays away, by its credentials"),
        pytest.param((0, 2), (1, 1), True, ("0/2", "1/1"), id="joins the new half"),
    ],
)
def test_what_may_be_seen_meanwhile(
    before: tuple[int, int], after: tuple[int, int], away: bool, planned: tuple[str, ...]
) -> None:
    one, other = (Counts(connected=c, disconnected=d) for c, d in (before, after))
    found = bystander("gw-b", ("gw-b",), before=one, after=other, away=away)
    assert found.planned == planned
    assert found.fewest == min(int(text[0]) for text in planned)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(shown(), id="as before"),
        pytest.param(shown(connected=1, disconnected=1), id="misses the one that is away"),
        pytest.param(SILENT, id="no answer says nothing"),
        pytest.param(shown(connected=0, disconnected=0, state=10, status="Standby"), id="a standby"),
        pytest.param(shown(connected=0, disconnected=2, status="Discover"), id="looks for its peers"),
    ],
)
def test_nothing_is_told_of_a_member_that_is_as_planned(seen: NodeView) -> None:
    assert told(Waiting("REST is silent"), seen) == Waiting("REST is silent")


def test_a_member_that_loses_more_than_the_one_away_is_told_of_at_once() -> None:
    lost = shown(connected=0, disconnected=2)
    wanted = Waiting("REST is silent; meanwhile gw-b shows 0/2, planned 2/0 or 1/1")
    assert told(Waiting("REST is silent"), lost) == wanted
    assert told(Waiting("REST is silent"), SILENT, lost) == wanted


@pytest.mark.parametrize("verdict", [Holds("all"), Broken("T2", remedy="-"), Waiting("counts", joining=True)])
def test_the_verdict_itself_stays(verdict: Verdict) -> None:
    assert told(verdict, shown(connected=0, disconnected=2)) is verdict


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        pytest.param(shown(), shown(), "", id="all see each other"),
        pytest.param(shown(connected=1, disconnected=1), shown(), "", id="the restarting one is missed"),
        pytest.param(shown(connected=0, disconnected=2), shown(), "gw-b shows 0/2", id="a partition"),
        pytest.param(shown(connected=0, disconnected=2), SILENT, "", id="one more is away: no partition"),
        pytest.param(shown(connected=0, disconnected=2), shown(status="Discover"), "", id="one more starts"),
    ],
)
def test_a_partition_is_told_from_a_member_that_is_away(one: NodeView, other: NodeView, apart: str) -> None:
    third = bystander("gw-c", ("gw-c",), before=USUAL, after=USUAL, away=True)
    found = parted((OTHER, third), {"gw-b1": one, "gw-b2": SILENT, "gw-c": other})
    assert found == (f"{apart}, planned 2/0 or 1/1" if apart else "")
