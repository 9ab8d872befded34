"""Which files a dead node is given back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.former import Kept
from tasks.core.recovery import Sight
from tasks.core.recovery_choice import choose_files, expected_after
from tasks.core.recovery_keystore import Copied, Led, choose_keystore, places_to_look
from tasks.core.snapshot import Snapshot
from tests.core.certs import OTHER_SHARED, OWN, SHARED
from tests.core.kinds import of_all
from tests.core.plans import plan_of
from tests.core.recoveries import dead, open_run, sight, silent
from tests.core.snapshots import KEYSTORE, alter_cfg, alter_file, healthy

CFG = b"KeyStore = /srv/former\n"
KEPT = Kept(dict(SHARED.sha256), SHARED.ca_pem, SHARED.cert_pem, CFG)
BARE = Kept(dict.fromkeys(SHARED.sha256, ABSENT), b"", b"", CFG)
SPOILT = alter_file(healthy(runs=SHARED), "gw-a", KEY_FILE, sha256="0" * 64)
PLAN = plan_of(healthy(runs=SHARED), OTHER_SHARED)
SWAPPED = open_run(PLAN, done=("place:gw-a",), begun=("place:gw-a", "swap:gw-a"))
PLACED = open_run(PLAN, done=("place:gw-a",), begun=("place:gw-a",))


def chosen(
    seen: Sight, *, wanted: CredentialSet | None, kept: Kept | None = None, snapshot: Snapshot = SPOILT
) -> tuple[dict[str, str], str]:
    goal = choose_files(seen, snapshot, wanted=wanted, kept=kept)
    return dict(goal.files), goal.source


def test_what_the_open_run_had_swapped_in_is_put_back() -> None:
    files, source = chosen(dead(SPOILT, run=SWAPPED), wanted=OTHER_SHARED, kept=KEPT)
    assert files == OTHER_SHARED.sha256
    assert source == "what run RUN-1 swapped in"


@pytest.mark.parametrize(
    ("run", "wanted"),
    [
        pytest.param(PLACED, OTHER_SHARED, id="nothing was swapped in"),
        pytest.param(SWAPPED, None, id="the set is judged bad"),
        pytest.param(SWAPPED, OWN.sets["gw-a"], id="the set is another one by now"),
    ],
)
def test_else_what_was_there_before_the_run(run: object, wanted: CredentialSet | None) -> None:
    files, source = chosen(dead(SPOILT, run=run), wanted=wanted, kept=KEPT)
    assert files == SHARED.sha256
    assert source == "what was there before run RUN-1, from its backup"


def test_a_node_without_files_before_the_run_is_given_none() -> None:
    goal = choose_files(dead(SPOILT, run=PLACED), SPOILT, wanted=None, kept=BARE)
    assert (set(goal.files.values()), goal.leaf_sha256) == ({ABSENT}, "")


def test_the_set_of_the_run_that_is_bad_itself_is_not_put_back() -> None:
    lies = SPOILT
    for name, sha in OTHER_SHARED.sha256.items():
        lies = alter_file(lies, "gw-a", name, sha256=sha)
    files, _ = chosen(dead(lies, run=SWAPPED), wanted=OTHER_SHARED, kept=KEPT, snapshot=lies)
    assert files == SHARED.sha256


def test_without_a_run_it_is_the_set_of_the_credential_folder() -> None:
    files, source = chosen(dead(SPOILT), wanted=SHARED)
    assert files == SHARED.sha256
    assert source == f"the {SHARED.label} set of the credential folder"


def test_a_set_that_connects_with_nobody_is_not_placed() -> None:
    with pytest.raises(Refused, match=r"\[gw-a\] the set in the credential folder .* none of gw-b, gw-c"):
        chosen(dead(SPOILT), wanted=OWN.sets["gw-a"])


def test_without_any_good_files_nothing_is_touched() -> None:
    with pytest.raises(Refused, match="no files are at hand that it would start with") as caught:
        chosen(dead(SPOILT), wanted=None)
    assert caught.value.remedy.endswith("fab recover gw-a")


def test_the_backup_that_holds_the_bad_files_is_no_help() -> None:
    seen = dead(healthy(runs=SHARED), run=PLACED)
    with pytest.raises(Refused, match="no files are at hand"):
        chosen(seen, wanted=OTHER_SHARED, kept=KEPT, snapshot=healthy(runs=SHARED))


def test_files_that_were_put_right_meanwhile_are_left() -> None:
    goal = choose_files(dead(faults=()), silent(), wanted=OTHER_SHARED, kept=None)
    assert (goal.placed, goal.leaf_sha256) == (False, SHARED.leaf.sha256)


def test_a_bad_revocation_list_is_none_of_the_three_files() -> None:
    fault = Finding("start-dead", Severity.ERROR, "gw-a", "Cluster_crl/crl.pem is empty: T1", "look")
    with pytest.raises(Refused, match=r"Cluster_crl/crl\.pem is empty") as caught:
        chosen(dead(SPOILT, faults=(fault,)), wanted=SHARED)
    assert "mv the list away" in caught.value.remedy


def test_key_and_certificate_of_a_round_that_changes_the_ca_alone_come_from_the_backup() -> None:
    plan = plan_of(healthy(runs=SHARED), of_all(OTHER_SHARED), strategy="overlap")
    run = open_run(plan, begun=("swap:gw-a@1",))
    files, source = chosen(dead(SPOILT, run=run), wanted=OTHER_SHARED, kept=KEPT)
    assert files == plan.target_after("gw-a", round=1).files
    assert files[CERT_FILE] == SHARED.sha256[CERT_FILE]
    assert files[CA_FILE] not in (SHARED.sha256[CA_FILE], OTHER_SHARED.sha256[CA_FILE])
    assert "swapped in" in source


def test_the_counts_are_those_of_the_restart_that_was_due_else_of_what_is_done() -> None:
    goal = choose_files(dead(SPOILT, run=SWAPPED), SPOILT, wanted=OTHER_SHARED, kept=KEPT)
    restart = next(step for step in PLAN.steps if step.id == "restart:gw-a")
    assert goal.step == restart.id
    assert expected_after(SWAPPED, goal) == restart.expected
    former = replace(goal, step="")
    assert expected_after(SWAPPED, former) == PLAN.steps[0].expected
    assert expected_after(open_run(PLAN), former) == PLAN.baseline


USUAL = KEYSTORE
BOTH = frozenset({"AdminDefaultCert.pem", "AdminDefaultKey.pem"})
FORMER = PurePosixPath("/srv/former")
NOWHERE = alter_cfg(silent(), "gw-a", "KeyStore = /srv/lost\n")
LOST = PurePosixPath("/srv/lost")


def test_the_admin_files_are_looked_for_where_keystore_led_before() -> None:
    assert places_to_look(sight(NOWHERE), CFG) == (LOST, FORMER, USUAL)
    assert places_to_look(sight(NOWHERE), b"") == (LOST, USUAL)


def test_they_are_copied_where_there_is_a_directory_to_copy_them_to() -> None:
    held = {LOST: frozenset({"AdminDefaultCert.pem"}), FORMER: frozenset(), USUAL: BOTH}
    assert choose_keystore(sight(NOWHERE), held) == Copied(USUAL, LOST)


def test_else_keystore_is_led_to_them() -> None:
    assert choose_keystore(sight(NOWHERE), {LOST: None, FORMER: BOTH, USUAL: BOTH}) == Led(FORMER)


def test_where_they_are_nowhere_nothing_is_touched() -> None:
    held = {LOST: None, USUAL: frozenset({"AdminDefaultKey.pem"})}
    with pytest.raises(Refused, match="are in none of /srv/lost, "):
        choose_keystore(sight(NOWHERE), held)
