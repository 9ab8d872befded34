"""What must be right before a keystore moves: each fault by its name, beside a move without any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tasks.core.findings import Finding, Severity, errors
from tasks.core.folders import Folder, Kind, State, differences
from tasks.core.keystore_checks import move_findings
from tasks.core.keystore_move import Move, foreign_owners
from tests.core.keystores import ADMIN, CLUSTER, NEW, OLD_KEYS, USER, absent, folder, item, moving, seen, to
from tests.core.snapshots import CFG, DATA, KEYSTORE, THREE, TRUSTSTORE, WITH_PAIR, alter_cfg, alter_files

ONE = to(NEW, node="gw-a")


def found(new: Folder | None = None, *, old: Folder | None = OLD_KEYS) -> dict[str, str]:
    """Errors of one moving node, by name."""
    snapshot = seen(THREE, ONE)
    return errors_of(move_findings(snapshot, moving(snapshot, ONE, old=old, new=new or absent(NEW))))


def errors_of(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {f.name: f.problem for f in errors(findings)}


def test_an_absent_or_empty_place_and_one_that_holds_the_same_files_are_fine() -> None:
    assert found() == {}
    assert found(folder(NEW)) == {}
    assert found(folder(NEW, *ADMIN, *CLUSTER)) == {}
    assert found(folder(NEW, "another.pem", *ADMIN)) == {}


@pytest.mark.parametrize(
    ("new", "name", "text"),
    [
        (
            folder(NEW, item("AdminDefaultKey.pem", "0123456789abcdef")),
            "target-differs",
            f"{NEW}/AdminDefaultKey.pem has SHA-256 0123456789ab, in {KEYSTORE} sha-of-Admin; "
            "nothing there is ever overwritten",
        ),
        (
            folder(NEW, item("Cluster_key.pem", kind=Kind.DIRECTORY)),
            "target-differs",
            f"{NEW}/Cluster_key.pem is a directory, in {KEYSTORE} a file; nothing there is ever overwritten",
        ),
        (
            folder(NEW, item("Cluster_key.pem", readable=False, owner="0:0")),
            "target-differs",
            f"{NEW}/Cluster_key.pem cannot be read by the service user (owner 0:0, mode 600); "
            "nothing there is ever overwritten",
        ),
        (folder(NEW, state=State.OTHER), "target-no-directory", f"{NEW} is no directory"),
        (
            folder(NEW, state=State.CLOSED, reachable=False),
            "target-unreadable",
            f"{NEW} cannot be looked into by our login (owner {USER}, mode 700)",
        ),
        (
            replace(absent(NEW), reachable=False),
            "target-unreadable",
            f"the service user {USER} cannot get to {NEW}",
        ),
        (
            replace(absent(NEW), real=KEYSTORE / "sub"),
            "target-nested",
            f"{NEW} and the former keystore {KEYSTORE} lie one in the other",
        ),
        (
            replace(absent(NEW), real=KEYSTORE.parent),
            "target-nested",
            f"{NEW} and the former keystore {KEYSTORE} lie one in the other",
        ),
        (
            replace(absent(NEW), real=DATA / "data/.fab-tls/x"),
            "target-nested",
            f"{NEW} lies in the work directory of this tool, which is cleaned",
        ),
    ],
)
def test_a_place_that_cannot_take_the_keystore_is_an_error(new: Folder, name: str, text: str) -> None:
    assert found(new) == {name: text}


def test_the_same_directory_under_another_name_needs_nothing_carried() -> None:
    linked = replace(OLD_KEYS, path=NEW)
    assert found(linked) == {}
    assert Move("keystore", OLD_KEYS, linked).source is None


@pytest.mark.parametrize(
    ("old", "text"),
    [
        (folder(KEYSTORE, *CLUSTER), "would have no AdminDefaultCert.pem and no AdminDefaultKey.pem"),
        (
            folder(KEYSTORE, ADMIN[0], item(ADMIN[1], readable=False)),
            "would have no AdminDefaultKey.pem that",
        ),
        (folder(KEYSTORE, state=State.ABSENT), "would have no AdminDefaultCert.pem"),
        (None, "would have no AdminDefaultCert.pem"),
    ],
    ids=["only the cluster's", "unreadable", "a misspelt keystore", "none named"],
)
def test_a_keystore_that_would_take_the_admin_api_away_is_refused(old: Folder | None, text: str) -> None:
    problem = found(old=old)["keystore-without-admin"]
    assert text in problem
    assert "(T11)" in problem


def test_a_misspelt_keystore_is_mended_by_naming_one_that_is_whole() -> None:
    whole = folder(NEW, *ADMIN)
    assert found(whole, old=folder(KEYSTORE, state=State.ABSENT)) == {}
    assert found(whole, old=None) == {}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": Kind.CLOSED}, "a directory that our login may not look into"),
        ({"kind": Kind.DEEP}, "too deep"),
        ({"kind": Kind.OTHER}, "neither a file nor a directory"),
        ({"sha256": "unreadable"}, "a file that our login may not read"),
    ],
)
def test_what_could_not_be_carried_is_an_error(changes: dict[str, str], why: str) -> None:
    odd = item("odd", **changes)
    assert why in found(old=folder(KEYSTORE, *ADMIN, odd))["source-unreadable"]


def test_a_link_to_nothing_and_a_place_in_memory_are_warnings() -> None:
    snapshot = seen(THREE, ONE)
    old = folder(KEYSTORE, *ADMIN, item("gone.pem", kind=Kind.DANGLING, sha256="-"))
    new = replace(absent(NEW), file_system="tmpfs")
    warned = {f.name: f.severity for f in move_findings(snapshot, moving(snapshot, ONE, old=old, new=new))}
    assert warned == {"link-to-nothing": Severity.WARNING, "target-volatile": Severity.WARNING}


def test_no_space_is_an_error_and_enough_is_none() -> None:
    snapshot = alter_files(seen(THREE, ONE), "gw-a", free_bytes=1024 * 1024 + 4999)
    assert "no-space" in errors_of(move_findings(snapshot, moving(snapshot, ONE)))
    enough = alter_files(snapshot, "gw-a", free_bytes=1024 * 1024 + 5000)
    assert errors_of(move_findings(enough, moving(enough, ONE))) == {}


def test_another_owner_is_kept_by_root_and_by_nobody_else() -> None:
    snapshot = seen(THREE, ONE)
    old = folder(KEYSTORE, ADMIN[0], item(ADMIN[1], owner="0:463", mode="440"))
    (by_root,) = moving(snapshot, ONE, old=old)
    assert (by_root.acting, foreign_owners(by_root)) == ("0:0", ("AdminDefaultKey.pem (0:463)",))
    assert errors_of(move_findings(snapshot, (by_root,))) == {}
    user = alter_files(snapshot, "gw-a", login_uid=463, acting="")
    (by_user,) = moving(user, ONE, old=old)
    assert "only root can keep the owner" in errors_of(move_findings(user, (by_user,)))["owner-not-kept"]
    assert moving(snapshot, ONE)[0].acting == USER


def test_keystore_and_truststore_get_a_directory_each() -> None:
    wish = to(NEW, truststore=f"{NEW}/trust", node="gw-a")
    snapshot = seen(THREE, wish)
    assert "one in the other" in errors_of(move_findings(snapshot, moving(snapshot, wish)))["target-nested"]
    apart = to(NEW, truststore="/srv/amlen/trust", node="gw-a")
    snapshot = seen(THREE, apart)
    assert errors_of(move_findings(snapshot, moving(snapshot, apart))) == {}


@pytest.mark.parametrize(
    ("path", "name", "severity"),
    [
        (KEYSTORE.with_name("other"), "pair-unlike", Severity.ERROR),
        (NEW, "pair-unlike", Severity.WARNING),
    ],
    ids=["inside: a sync would take one of them away", "outside: to be kept alike by hand"],
)
def test_one_node_of_a_pair_alone_is_unlike_the_other(
    path: PurePosixPath, name: str, severity: Severity
) -> None:
    alone = to(path, node="gw-d2")
    snapshot = seen(WITH_PAIR, alone)
    (unlike,) = move_findings(snapshot, moving(snapshot, alone))
    assert (unlike.name, unlike.severity, unlike.where) == (name, severity, "gw-d2")
    both = to(path)
    snapshot = seen(WITH_PAIR, both)
    assert move_findings(snapshot, moving(snapshot, both)) == ()


def test_a_server_cfg_that_would_still_be_wrong_is_an_error() -> None:
    wish = to("/srv/keys #1", node="gw-a")
    snapshot = seen(THREE, wish)
    assert "cfg-value-comment" in errors_of(move_findings(snapshot, moving(snapshot, wish)))


def test_a_node_that_stays_and_names_no_keystore_is_an_error_too() -> None:
    snapshot = alter_cfg(seen(THREE, ONE), "gw-b", CFG.replace("KeyStore", "#KeyStore"))
    assert list(errors_of(move_findings(snapshot, moving(snapshot, ONE)))) == ["cfg-keystore-missing"]


def test_what_lies_in_a_folder_of_the_truststore_is_compared_too() -> None:
    inner = item("Cluster_capath/0a1b2c3d.0")
    old = folder(TRUSTSTORE, item("Cluster_capath", kind=Kind.DIRECTORY, sha256="-"), inner)
    new = folder(NEW, item("Cluster_capath", kind=Kind.DIRECTORY, sha256="-"))
    assert [(d.name, d.missing) for d in differences(old, new)] == [(inner.name, True)]
    assert list(differences(old, replace(old, path=NEW))) == []
