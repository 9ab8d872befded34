"""Who is in the cluster, and what `fab check` says of those who are not yet."""

from __future__ import annotations

from tasks.core.belonging import Belonging, belonging, part_of
from tasks.core.checks import check_cluster
from tasks.core.findings import errors
from tasks.core.health import report
from tests.core.formations import WITH_PAIR, formed, pending, unformed
from tests.core.snapshots import rest_silent


def test_a_member_is_outside_until_it_is_configured_and_pending_until_it_is_restarted() -> None:
    member = unformed().cluster.member("gw-a")
    assert belonging(unformed(), member) is Belonging.OUTSIDE
    assert belonging(pending(unformed(), "gw-a"), member) is Belonging.PENDING
    assert belonging(formed(), member) is Belonging.INSIDE


def test_a_member_that_cannot_be_asked_counts_as_inside() -> None:
    assert belonging(rest_silent(formed(), "gw-a"), formed().cluster.member("gw-a")) is Belonging.INSIDE


def test_a_member_that_has_not_joined_is_the_only_error_and_names_its_task() -> None:
    (finding,) = errors(check_cluster(formed(but=("gw-c",))))
    assert (finding.name, finding.where, finding.remedy) == (
        "not-a-member",
        "gw-c",
        "fab cluster.join gw-c",
    )


def test_where_nobody_is_in_it_the_cluster_is_to_be_created() -> None:
    found = errors(check_cluster(unformed(WITH_PAIR)))
    assert {finding.remedy for finding in found} == {"fab cluster.create"}
    assert [finding.where for finding in found] == ["gw-a", "gw-b", "gw-d"]


def test_a_member_that_was_configured_and_not_restarted_is_told_apart() -> None:
    (finding,) = errors(check_cluster(pending(formed(but=("gw-c",)), "gw-c")))
    assert finding.name == "membership-pending"
    assert finding.remedy == "fab cluster.join gw-c goes on with it, or --resume if a run is open"


def test_the_counts_of_the_others_are_judged_without_it() -> None:
    assert report(formed(but=("gw-c",))).verdict == "NOT HEALTHY: 3 members, 3 nodes; 1 finding on gw-c"
    assert report(part_of(formed(but=("gw-c",)), ("gw-a", "gw-b"))).healthy


def test_a_formed_cluster_has_no_outsider() -> None:
    assert errors(check_cluster(formed(WITH_PAIR))) == ()
