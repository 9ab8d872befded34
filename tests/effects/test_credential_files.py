"""Credential sets on disk: both layouts, exact names, and files that nobody else can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import OperatorError, UsageError
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.issuing import Subject, ca_with_leafs, shared_self_signed
from tasks.core.private_keys import encrypted
from tasks.core.secret import SecretStr
from tasks.effects.credential_files import load_sets
from tasks.effects.credential_writing import set_aside, write_member_sets, write_shared_set

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MEMBERS = ("gw-a", "gw-b")
SHARED = shared_self_signed(Subject("production"), days=365, now=NOW)
OTHER = shared_self_signed(Subject("other"), days=365, now=NOW)
OWN = ca_with_leafs(
    Subject("CA"), members={name: Subject(name) for name in MEMBERS}, days=365, ca_days=900, now=NOW
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "credentials" / "production"


@pytest.fixture(params=[0o000, 0o077], ids=["open umask", "closed umask"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def loaded(folder: Path) -> tuple[dict[str, CredentialSet], tuple[Finding, ...]]:
    return load_sets(folder, MEMBERS, NOW)


def names(folder: Path) -> list[str]:
    return [finding.name for finding in loaded(folder)[1]]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_files_are_0600_and_folders_0700_whatever_the_umask(folder: Path) -> None:
    written = write_member_sets(folder, OWN.sets, force=False)
    assert {mode(path) for path in written} == {0o600}
    assert {mode(path.parent) for path in written} | {mode(folder)} == {0o700}
    assert not list(folder.rglob(".*"))


def test_a_shared_set_belongs_to_every_member(folder: Path) -> None:
    written = write_shared_set(folder, SHARED, force=False)
    assert [path.name for path in written] == [CA_FILE, CERT_FILE, KEY_FILE]
    sets, findings = loaded(folder)
    assert findings == ()
    assert sets["gw-a"] is sets["gw-b"]
    assert sets["gw-a"].files() == SHARED.files()


def test_every_member_has_the_set_of_its_folder(folder: Path) -> None:
    write_member_sets(folder, OWN.sets, force=False)
    sets, findings = loaded(folder)
    assert findings == ()
    assert {member: one.leaf for member, one in sets.items()} == {
        member: one.leaf for member, one in OWN.sets.items()
    }


def test_a_folder_of_any_name_is_a_members_if_one_is_named_so(folder: Path) -> None:
    write_member_sets(folder, {"ca": SHARED, **OWN.sets}, force=False)
    sets, findings = load_sets(folder, ("ca", *MEMBERS), NOW)
    assert sets["ca"].leaf == SHARED.leaf
    assert findings == ()


@pytest.mark.parametrize("place", ["ca/ca_key.pem", "gw-a/anything.pem", "notes.txt"])
def test_the_key_of_a_ca_among_the_sets_is_a_warning(folder: Path, place: str) -> None:
    write_member_sets(folder, OWN.sets, force=False)
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_bytes(OWN.issuer.key.file_bytes())
    sets, (finding,) = loaded(folder)
    assert set(sets) == set(MEMBERS)
    assert (finding.name, finding.severity) == ("ca-key-in-set-folder", Severity.WARNING)
    assert f"{folder / place} is the private key of the CA CN=CA" in finding.problem
    assert "ca/production" in finding.remedy


def test_an_encrypted_key_is_a_cas_by_its_name_alone(folder: Path) -> None:
    write_member_sets(folder, OWN.sets, force=False)
    hidden = encrypted(OWN.issuer.key, SecretStr("correct horse")).file_bytes()
    (folder / "something.pem").write_bytes(hidden)
    assert names(folder) == []
    (folder / "root_key.pem").write_bytes(hidden)
    assert names(folder) == ["ca-key-in-set-folder"]


def test_a_key_that_is_no_cas_and_what_is_kept_aside_are_left_alone(folder: Path) -> None:
    write_member_sets(folder, OWN.sets, force=False)
    (folder / "spare.pem").write_bytes(OTHER.key.file_bytes())
    write_shared_set(folder / ".before-20261122T120000Z", SHARED, force=False)
    assert names(folder) == []


def test_a_member_folder_goes_before_the_shared_set(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    write_member_sets(folder, {"gw-b": OTHER}, force=False)
    sets, _ = loaded(folder)
    assert (sets["gw-a"].leaf, sets["gw-b"].leaf) == (SHARED.leaf, OTHER.leaf)


def test_members_may_share_the_ca_file_of_the_cluster_folder(folder: Path) -> None:
    write_member_sets(folder, OWN.sets, force=False)
    (folder / "gw-a" / CA_FILE).rename(folder / CA_FILE)
    (folder / "gw-b" / CA_FILE).unlink()
    sets, findings = loaded(folder)
    assert findings == ()
    assert {one.ca for one in sets.values()} == {(OWN.issuer.certificate,)}


def test_key_and_certificate_never_come_from_two_places(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    write_member_sets(folder, {"gw-b": SHARED}, force=False)
    (folder / "gw-b" / KEY_FILE).unlink()
    sets, findings = loaded(folder)
    assert set(sets) == {"gw-a"}
    assert [(finding.name, finding.where) for finding in findings] == [("key-missing", "gw-b")]


def test_a_folder_without_any_set_is_one_finding(folder: Path) -> None:
    assert names(folder) == ["credentials-missing"]
    folder.mkdir(parents=True)
    assert names(folder) == ["credentials-missing"]


def test_a_member_without_a_set_is_named(folder: Path) -> None:
    write_member_sets(folder, {"gw-a": SHARED}, force=False)
    sets, findings = loaded(folder)
    assert set(sets) == {"gw-a"}
    assert {finding.where for finding in findings} == {"gw-b"}
    assert "key-missing" in {finding.name for finding in findings}


def test_a_name_in_the_wrong_case_is_told_with_the_right_one(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / KEY_FILE).rename(folder / "cluster_key.pem")
    sets, (finding,) = loaded(folder)
    assert sets == {}
    assert finding.name == "file-name-case"
    assert "must be exactly Cluster_key.pem" in finding.problem
    assert finding.remedy == f"mv {folder}/cluster_key.pem {folder}/Cluster_key.pem"


def test_a_wrong_case_beside_the_right_one_does_no_harm(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / "cluster_key.pem").write_bytes(b"old")
    assert names(folder) == []


def test_a_symbolic_link_is_followed_and_a_dangling_one_is_told(folder: Path, tmp_path: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / CERT_FILE).rename(tmp_path / "elsewhere.pem")
    (folder / CERT_FILE).symlink_to(tmp_path / "elsewhere.pem")
    assert names(folder) == []
    (tmp_path / "elsewhere.pem").unlink()
    _, (finding,) = loaded(folder)
    assert finding.name == "file-unreadable"
    assert "elsewhere.pem, which is not there" in finding.problem


def test_a_pipe_or_a_folder_in_place_of_a_file_is_told_and_not_waited_for(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / CA_FILE).unlink()
    os.mkfifo(folder / CA_FILE)
    (folder / CERT_FILE).unlink()
    (folder / CERT_FILE).mkdir()
    _, findings = loaded(folder)
    assert [finding.name for finding in findings] == ["file-unreadable", "file-unreadable"]
    assert "not a regular file" in findings[0].problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_read_permission_is_told(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / KEY_FILE).chmod(0o000)
    assert names(folder) == ["file-unreadable"]


def test_a_key_that_others_can_read_is_a_warning(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / KEY_FILE).chmod(0o640)
    sets, (finding,) = loaded(folder)
    assert set(sets) == set(MEMBERS)
    assert (finding.name, finding.remedy) == ("key-mode", f"chmod 600 {folder / KEY_FILE}")
    (folder / KEY_FILE).chmod(0o400)
    assert names(folder) == []


def test_a_folder_that_is_no_members_is_a_warning(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    write_member_sets(folder, {"gw-bb": OTHER}, force=False)
    (folder / "notes").mkdir()
    _, (finding,) = loaded(folder)
    assert finding.name == "unknown-set-folder"
    assert "no member is named gw-bb" in finding.problem


def test_nothing_is_overwritten_without_force(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / CA_FILE).unlink()
    with pytest.raises(UsageError, match=rf"not overwritten: {folder}/{CERT_FILE}, {folder}/{KEY_FILE}"):
        write_shared_set(folder, OTHER, force=False)
    assert not (folder / CA_FILE).exists()
    assert (folder / KEY_FILE).read_bytes() == SHARED.files()[KEY_FILE]


def test_with_force_files_are_replaced_and_closed(folder: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / KEY_FILE).chmod(0o644)
    write_shared_set(folder, OTHER, force=True)
    assert (folder / KEY_FILE).read_bytes() == OTHER.files()[KEY_FILE]
    assert mode(folder / KEY_FILE) == 0o600


def test_force_replaces_a_link_and_not_what_it_points_to(folder: Path, tmp_path: Path) -> None:
    write_shared_set(folder, SHARED, force=False)
    (folder / KEY_FILE).unlink()
    (tmp_path / "precious").write_bytes(b"precious")
    (folder / KEY_FILE).symlink_to(tmp_path / "precious")
    write_shared_set(folder, OTHER, force=True)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (folder / KEY_FILE).is_symlink()


@pytest.mark.parametrize("force", [False, True])
def test_a_shared_set_is_not_written_below_member_folders_that_would_win(folder: Path, force: bool) -> None:
    write_member_sets(folder, {"gw-a": OTHER}, force=False)
    with pytest.raises(UsageError, match=r"member folders go before a shared set, and these exist: .*gw-a"):
        write_shared_set(folder, SHARED, force=force)


def test_what_is_set_aside_is_private_and_no_members(folder: Path) -> None:
    written = write_member_sets(folder, OWN.sets, force=False)
    place = set_aside(written, below=folder, at=NOW)
    again = set_aside(written, below=folder, at=NOW)
    assert (place, again) == (
        folder / ".before-20261122T120000Z",
        folder / ".before-20261122T120000Z-2",
    )
    assert place is not None
    kept = place / "gw-a" / KEY_FILE
    assert kept.read_bytes() == OWN.sets["gw-a"].files()[KEY_FILE]
    assert (mode(kept), mode(kept.parent), mode(place)) == (0o600, 0o700, 0o700)
    assert set_aside([folder / "gw-x" / KEY_FILE], below=folder, at=NOW) is None
    assert set(loaded(folder)[0]) == set(MEMBERS)


def test_a_disk_that_refuses_is_told_and_leaves_everything_as_it_was(folder: Path) -> None:
    write_member_sets(folder, {"gw-a": SHARED}, force=False)
    (folder / "gw-a" / KEY_FILE).unlink()
    (folder / "gw-a" / KEY_FILE).mkdir()
    before = (folder / "gw-a" / CERT_FILE).read_bytes()
    with pytest.raises(OperatorError, match=r"cannot write .*Cluster_key\.pem: Is a directory"):
        write_member_sets(folder, {"gw-a": OTHER}, force=True)
    assert (folder / "gw-a" / CERT_FILE).read_bytes() == before
    assert not list(folder.rglob(".*"))
