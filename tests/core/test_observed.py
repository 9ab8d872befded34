"""What a running process has loaded, told from the wire and the files beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.issuing import Subject, shared_self_signed
from tasks.core.observed import (
    ca_on_disk,
    loaded_now,
    pending_ca,
    serves_builtin,
    standby_started_after_files,
)
from tasks.core.outcomes import Outcome
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, NOW, OTHER_SHARED, OWN, SHARED
from tests.core.endings import revocation_list
from tests.core.snapshots import (
    NO_ANSWER,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    alter_server,
    files_of,
    healthy,
    node_files,
    unreachable,
    wire,
)


def test_each_member_has_loaded_what_it_serves_and_the_ca_file_that_it_names() -> None:
    seen = loaded_now(healthy(WITH_PAIR, runs=OWN.sets))
    assert set(seen) == {"gw-a", "gw-b", "gw-c", "gw-d"}
    assert seen["gw-b"].chain == OWN.sets["gw-b"].chain
    assert seen["gw-b"].trusted == (OWN.issuer.certificate,)


def test_a_ca_file_that_came_after_the_start_is_not_loaded() -> None:
    both = (*SHARED.ca, *OTHER_SHARED.ca)
    pem = SHARED.ca_pem + OTHER_SHARED.ca_pem
    snapshot = alter_files(healthy(runs=SHARED), "gw-a", ca_pem=pem)
    assert loaded_now(snapshot)["gw-a"].trusted == SHARED.ca
    restarted = alter(snapshot, "gw-a", wire=wire(SHARED, ca=both))
    assert loaded_now(restarted)["gw-a"].trusted == both


def test_on_the_built_in_pair_the_wire_names_no_ca_file_and_the_disk_is_believed() -> None:
    snapshot = alter(healthy(), "gw-a", files=node_files(WITH_PAIR.node("gw-a"), SHARED))
    assert loaded_now(snapshot)["gw-a"].trusted == SHARED.ca
    assert loaded_now(healthy())["gw-a"].trusted == ()


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param(alter(healthy(), "gw-b", wire=NO_ANSWER), id="no handshake"),
        pytest.param(unreachable(healthy(), "gw-b"), id="no SSH"),
    ],
)
def test_a_member_whose_certificate_is_unseen_is_left_out(snapshot: Snapshot) -> None:
    assert set(loaded_now(snapshot)) == {"gw-a", "gw-c"}


def test_without_a_look_at_the_files_nobody_is_known_to_be_trusted() -> None:
    snapshot = alter(healthy(runs=SHARED), "gw-a", files=NO_ANSWER)
    assert loaded_now(snapshot)["gw-a"].trusted == ()
    assert loaded_now(snapshot)["gw-b"].trusted == SHARED.ca


def test_a_ca_file_counts_only_where_the_server_can_read_it() -> None:
    snapshot = healthy(runs=SHARED)
    assert ca_on_disk(files_of(snapshot, "gw-a")) == SHARED.ca
    unreadable = alter_file(snapshot, "gw-a", CA_FILE, readable=False)
    assert ca_on_disk(files_of(unreadable, "gw-a")) == ()
    garbage = alter_files(snapshot, "gw-a", ca_pem=b"garbage")
    assert ca_on_disk(files_of(garbage, "gw-a")) == ()


def test_a_ca_file_changed_since_the_start_is_named_with_both_sides() -> None:
    snapshot = alter(healthy(runs=SHARED), "gw-a", wire=wire(SHARED, ca=OTHER_SHARED.ca))
    (finding,) = pending_ca(snapshot)
    assert (finding.name, finding.where) == ("pending-ca", "gw-a")
    assert OTHER_SHARED.leaf.subject in finding.problem
    assert SHARED.leaf.subject in finding.problem


@pytest.mark.parametrize(
    ("change", "said", "outcome"),
    [
        pytest.param(
            lambda s: alter_file(s, "gw-a", CA_FILE, sha256=None, readable=False),
            "is gone",
            "",
            id="gone (T3)",
        ),
        pytest.param(lambda s: alter_file(s, "gw-a", CA_FILE, readable=False), "T3", "", id="not readable"),
        pytest.param(lambda s: alter_files(s, "gw-a", ca_pem=b"x"), "T1", Outcome.DEAD, id="garbage"),
        pytest.param(lambda s: alter_files(s, "gw-a", ca_pem=b""), "holds nobody", "", id="not by our login"),
        pytest.param(
            lambda s: alter_files(s, "gw-a", ca_pem=revocation_list(9).pem()),
            "holds nobody",
            "",
            id="a list and nothing else",
        ),
    ],
)
def test_what_a_restart_makes_of_the_ca_file_is_said(
    change: Callable[[Snapshot], Snapshot], said: str, outcome: str
) -> None:
    (finding,) = pending_ca(change(healthy(runs=SHARED)))
    assert said in finding.problem
    assert finding.outcome == outcome


def test_a_process_that_loaded_no_ca_file_beside_one_on_disk_is_named() -> None:
    (finding,) = pending_ca(alter(healthy(runs=SHARED), "gw-a", wire=wire(SHARED, ca=())))
    assert "accepts clients of nobody" in finding.problem


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param(healthy(WITH_PAIR, runs=SHARED), id="as on disk"),
        pytest.param(healthy(WITH_PAIR), id="built-in without files"),
        pytest.param(
            alter(healthy(), "gw-a", files=node_files(WITH_PAIR.node("gw-a"), SHARED)),
            id="built-in beside a CA file",
        ),
        pytest.param(unreachable(healthy(runs=SHARED), "gw-a"), id="unseen"),
    ],
)
def test_no_ca_file_is_pending(snapshot: Snapshot) -> None:
    assert list(pending_ca(snapshot)) == []


def test_a_standby_is_younger_than_the_files_or_not_proven() -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    primary, standby = snapshot.nodes["gw-d1"], snapshot.nodes["gw-d2"]
    assert standby_started_after_files(standby, primary)
    older = alter_server(snapshot, "gw-d2", uptime_s=2 * 3600).nodes["gw-d2"]
    assert not standby_started_after_files(older, primary)
    for unseen in (replace(standby, files=NO_ANSWER), replace(standby, status=NO_ANSWER)):
        assert not standby_started_after_files(unseen, primary)
    assert not standby_started_after_files(standby, replace(primary, files=NO_ANSWER))


def test_the_built_in_pair_of_these_tests_is_taken_for_one() -> None:
    assert BUILTIN_SET.leaf.subject in wire(BUILTIN_SET).client_cas


NAMED_SO = shared_self_signed(Subject("cluster"), days=365, now=NOW)  # anybody's, or that of another build


def test_a_known_built_in_certificate_is_one_whatever_lies_on_the_disk() -> None:
    assert serves_builtin(healthy().nodes["gw-a"])
    beside = alter(healthy(), "gw-a", files=node_files(WITH_PAIR.node("gw-a"), SHARED))
    assert serves_builtin(beside.nodes["gw-a"])


def test_one_of_that_name_is_built_in_where_no_file_can_be_its_source() -> None:
    own = healthy(runs=NAMED_SO)
    assert not serves_builtin(own.nodes["gw-a"])
    for name in (CERT_FILE, KEY_FILE):
        assert serves_builtin(alter_file(own, "gw-a", name, sha256=None).nodes["gw-a"])
    assert loaded_now(alter_file(own, "gw-a", KEY_FILE, sha256=None))["gw-a"].on_builtin
    assert not loaded_now(own)["gw-a"].on_builtin


def test_without_a_look_at_its_files_or_its_certificate_it_is_not_called_so() -> None:
    own = alter_file(healthy(runs=NAMED_SO), "gw-a", KEY_FILE, sha256=None)
    assert not serves_builtin(alter(own, "gw-a", files=NO_ANSWER).nodes["gw-a"])
    assert not serves_builtin(alter(healthy(), "gw-a", wire=NO_ANSWER).nodes["gw-a"])


def test_another_certificate_is_not_built_in_though_its_files_are_gone() -> None:
    gone = alter_file(healthy(runs=SHARED), "gw-a", KEY_FILE, sha256=None)
    assert not serves_builtin(gone.nodes["gw-a"])
