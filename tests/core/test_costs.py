"""What a strategy costs, in seconds measured on real servers (AMLEN.md section 5), and which one is preferred."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tasks.core.costs import BETWEEN_S, cost_of, preferred
from tasks.core.credential_set import CredentialSet
from tasks.core.plan import Choice
from tasks.core.rounds import Way, bridging, one_round, overlapping
from tasks.core.step_kinds import StepKind
from tasks.core.trust import Loaded
from tests.core.certs import BUILTIN, BUILTIN_SET, NOW, OWN, SHARED
from tests.core.kinds import NEW, Sets
from tests.core.ways import THREE, from_to, linked, task, trusting

SINGLE, ALONE, STANDBY, PRIMARY = 16, 25, 23, 26
Doing = list[tuple[StepKind, str]]


def documented(*members: str, old: CredentialSet | Sets = BUILTIN_SET) -> Way:
    return one_round("prescribed", from_to(old, SHARED, members=members))


def restarts(*members: str, rounds: int = 1) -> Doing:
    return [(kind, name) for name in members for kind in (StepKind.SWAP, StepKind.RESTART)] * rounds


def cost(
    way: Way, steps: Doing, *, pairs: frozenset[str] = frozenset(), apart: frozenset[str] | None = None
) -> Choice:
    links = linked(*way.before) - ({apart} if apart else set())
    together = way.strategy != "prescribed"
    return cost_of(way, steps, pairs=pairs, links=links, at=NOW, together=together)


def test_a_way_that_parts_nobody_costs_a_short_wait_per_restart_and_no_second_apart() -> None:
    found = cost(overlapping(from_to(OWN.sets, NEW["ca"])), restarts(*THREE, rounds=3))
    assert found == Choice(
        strategy="overlap", rounds=3, restarts=9, waiting_s=9 * (SINGLE + BETWEEN_S), apart_s=0, reconnects=3
    )


def test_of_a_pair_both_nodes_are_restarted_and_its_clients_reconnect_once_a_round() -> None:
    way = bridging(from_to(BUILTIN_SET, SHARED, members=("gw-d", "gw-f")), builtin=BUILTIN, early=True)
    in_a_round = [(StepKind.RESTART_STANDBY, "gw-d"), (StepKind.RESTART, "gw-d"), (StepKind.RESTART, "gw-f")]
    found = cost(way, in_a_round * 2, pairs=frozenset({"gw-d"}))
    assert (found.restarts, found.reconnects) == (6, 2)
    assert found.waiting_s == 2 * (STANDBY + PRIMARY + SINGLE + 3 * BETWEEN_S)


def test_the_documented_procedure_parts_old_and_new_until_the_last_restart() -> None:
    """A alone looks for the others as long as DiscoveryTime allows; from then on somebody is, until C is gone."""
    found = cost(documented(*THREE), restarts(*THREE))
    assert found.waiting_s == ALONE + ALONE + SINGLE + 3 * BETWEEN_S
    assert found.apart_s == BETWEEN_S + (ALONE + BETWEEN_S)
    assert found.reconnects == 1


def test_of_two_members_it_still_parts_one_from_the_other_between_their_restarts() -> None:
    assert cost(documented("gw-a", "gw-b"), restarts("gw-a", "gw-b")).apart_s == BETWEEN_S


def test_a_single_member_is_apart_from_nobody() -> None:
    found = cost(documented("gw-a"), restarts("gw-a"))
    assert (found.waiting_s, found.apart_s) == (SINGLE + BETWEEN_S, 0)


def test_where_old_and_new_trust_each_other_it_parts_nobody_either() -> None:
    way = one_round("prescribed", from_to(OWN.sets, NEW["renewed leafs"]))
    assert cost(way, restarts(*THREE)).apart_s == 0
    assert cost(one_round("prescribed", from_to(OWN.sets, NEW["ca"])), restarts(*THREE)).apart_s > 0


def test_members_that_are_apart_at_the_start_are_counted_from_the_first_restart_on() -> None:
    whole = cost(documented(*THREE), restarts(*THREE)).apart_s
    split = cost(documented(*THREE), restarts(*THREE), apart=frozenset(("gw-b", "gw-c")))
    assert split.apart_s == whole + ALONE  # while A is away, B and C are not connected


def choice(strategy: str, *, restarts: int, apart_s: int = 0, refused: str = "") -> Choice:
    return Choice(strategy=strategy, restarts=restarts, apart_s=apart_s, refused=refused)


LONG, SHORT = choice("overlap", restarts=9), choice("prescribed", restarts=3, apart_s=41)
RENEW, NO = choice("renew", restarts=3), choice("renew", restarts=0, refused="another CA")


@pytest.mark.parametrize(
    ("choices", "prefer", "taken"),
    [
        pytest.param((LONG, SHORT), "no-partition", "overlap", id="more restarts than members apart"),
        pytest.param((LONG, SHORT), "fewest-restarts", "prescribed", id="and the other way round"),
        pytest.param(
            (NO, LONG, SHORT), "no-partition", "overlap", id="what is refused costs nothing, and is"
        ),
        pytest.param(
            (RENEW, LONG, SHORT), "no-partition", "renew", id="of those without, the fewest restarts"
        ),
        pytest.param((SHORT, RENEW), "fewest-restarts", "renew", id="of as many restarts, the one without"),
        pytest.param((NO, SHORT), "no-partition", "prescribed", id="the only one"),
    ],
)
def test_the_least_disruptive_is_preferred(choices: tuple[Choice, ...], prefer: str, taken: str) -> None:
    assert preferred({str(key): one for key, one in enumerate(choices)}, prefer=prefer).strategy == taken


def test_what_lies_on_the_disk_of_a_member_that_waits_for_its_turn_counts_as_if_it_came_to_that() -> None:
    """gw-a goes from a CA's leaf to what everybody trusts; gw-b might come back with that leaf at any moment."""
    trusted = {name: trusting(SHARED, *SHARED.ca, *OWN.sets[name].ca) for name in ("gw-a", "gw-b")}
    way = one_round("prescribed", task(trusted, dict.fromkeys(trusted, SHARED)))
    own = OWN.sets
    assert _apart_s(way, {}) == 0
    assert _apart_s(way, {"gw-b": own["gw-b"].loaded}) == BETWEEN_S
    assert _apart_s(way, {"gw-a": own["gw-a"].loaded}) == 0  # it goes first


def _apart_s(way: Way, would: Mapping[str, Loaded]) -> int:
    steps = restarts(*way.before)
    found = cost_of(
        way, steps, pairs=frozenset(), links=linked(*way.before), at=NOW, together=False, would=would
    )
    return found.apart_s
