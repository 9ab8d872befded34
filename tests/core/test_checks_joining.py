"""What is in the way of one member's joining a running cluster."""

from __future__ import annotations

import pytest

from tasks.core.checks_joining import check_joining, joining_keys
from tasks.core.credential_set import CredentialSet
from tasks.core.findings import Finding, errors
from tasks.core.issuing import credential_set
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, SHARED
from tests.core.formations import WITH_PAIR, formed, pending, unformed, wanting
from tests.core.snapshots import alter, alter_membership, alter_status, rest_silent, wire
from tests.core.statuses import counted


def _found(snapshot: Snapshot, wanted: CredentialSet = SHARED, *, name: str = "gw-c") -> dict[str, Finding]:
    return {finding.name: finding for finding in check_joining(snapshot, {name: wanted}, name)}


def _errors(snapshot: Snapshot, wanted: CredentialSet = SHARED, *, name: str = "gw-c") -> set[str]:
    return {f.name for f in errors(check_joining(snapshot, {name: wanted}, name))}


def test_a_newcomer_whom_everybody_trusts_may_join() -> None:
    assert _errors(formed(but=("gw-c",))) == set()
    assert _errors(formed(WITH_PAIR, but=("gw-d",)), name="gw-d") == set()
    assert _errors(pending(formed(but=("gw-c",)), "gw-c")) == set()


def test_who_is_in_it_already_may_be_asked_again() -> None:
    assert _errors(formed()) == set()


def test_who_was_configured_by_a_creation_that_was_given_up_joins_with_the_list_it_has() -> None:
    """gw-b is named in it, and is still to come."""
    half = pending(formed(but=("gw-b", "gw-c")), "gw-c")
    assert _errors(half) == set()
    assert joining_keys(half, "gw-c")["gw-c"]["DiscoveryServerList"] == "10.0.0.1:9104,10.0.0.2:9104"
    fresh = joining_keys(formed(but=("gw-b", "gw-c")), "gw-c")
    assert fresh["gw-c"]["DiscoveryServerList"] == "10.0.0.1:9104"


@pytest.mark.parametrize(
    "seeds", [("10.0.0.1:9104", "10.9.9.9:9104"), ("10.0.0.2:9104",)], ids=["", "nobody"]
)
def test_a_list_that_leads_to_a_stranger_or_to_nobody_who_runs_is_another_one(seeds: tuple[str, ...]) -> None:
    half = pending(formed(but=("gw-b", "gw-c")), "gw-c")
    other = alter_membership(half, "gw-c", discovery_server_list=seeds)
    assert "wanted 10.0.0.1:9104" in _found(other)["membership-differs"].problem


def test_who_is_in_it_otherwise_is_refused_with_the_difference() -> None:
    snapshot = alter_membership(formed(), "gw-c", messaging_port=9205)
    assert "MessagingPort is 9205, wanted 9105" in _found(snapshot)["membership-differs"].problem


def test_without_a_cluster_there_is_nothing_to_join() -> None:
    finding = _found(unformed())["no-cluster"]
    assert (finding.where, finding.remedy) == ("gw-c", "fab cluster.create")


@pytest.mark.parametrize(
    ("snapshot", "name"),
    [
        pytest.param(rest_silent(formed(but=("gw-c",)), "gw-a"), "rest", id="a silent member"),
        pytest.param(
            alter_status(formed(but=("gw-c",)), "gw-a", cluster=counted(0, 1)), "counts", id="a lost member"
        ),
    ],
)
def test_a_cluster_that_is_not_well_is_not_joined(snapshot: Snapshot, name: str) -> None:
    assert name in _errors(snapshot)


def test_another_member_that_is_outside_does_not_matter() -> None:
    assert _errors(formed(but=("gw-b", "gw-c"))) == set()


def test_a_foreign_set_is_trusted_by_neither_side() -> None:
    found = _found(formed(but=("gw-c",)), OTHER_SHARED)
    assert "gw-a would not let it in" in check_text(formed(but=("gw-c",)), OTHER_SHARED)
    assert {"not-trusted", "does-not-trust"} <= set(found)


def check_text(snapshot: Snapshot, wanted: CredentialSet) -> str:
    return "\n".join(f.problem for f in check_joining(snapshot, {"gw-c": wanted}, "gw-c"))


def test_trust_in_one_direction_is_not_enough() -> None:
    """It would be connected by the direction that works, until the other one has to dial (T4)."""
    wide = credential_set(
        "gw-c", OTHER_SHARED.key, chain=OTHER_SHARED.chain, ca=(*SHARED.ca, *OTHER_SHARED.ca)
    )
    found = _errors(formed(but=("gw-c",)), wide)
    assert "not-trusted" in found
    assert "does-not-trust" not in found


def test_a_cluster_on_the_builtin_pair_is_to_be_migrated_first() -> None:
    snapshot = formed(but=("gw-c",))
    for node in ("gw-a", "gw-b"):
        snapshot = alter(snapshot, node, wire=wire(BUILTIN_SET))
    assert (
        "take gw-c out of the inventory for now, fab migrate-cluster"
        in _found(snapshot)["not-trusted"].remedy
    )


def test_an_address_that_a_running_member_has_is_refused() -> None:
    snapshot = wanting(formed(but=("gw-c",)), "gw-c", control_address="10.0.0.1")
    assert "10.0.0.1 port 9104 is that of gw-a" in _found(snapshot)["control-address"].problem
