"""Certificates on this machine: the cluster's sets, or any path, with what cannot be read."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import UsageError
from tasks.core.file_names import CA_FILE, CERT_FILE, HA, KEY_FILE
from tasks.core.issuing import Subject, new_ca
from tasks.core.local_files import LocalFiles, ending_here
from tasks.core.model import Cluster
from tasks.effects.local_files import read_path, read_sets
from tests.core.certs import NOW, OWN, SHARED
from tests.core.endings import revocation_list
from tests.core.snapshots import THREE, WITH_PAIR


def write(folder: Path, one: CredentialSet) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in one.files().items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)


def write_own(folder: Path) -> None:
    """A set per member, and the CA beside them."""
    for member, one in OWN.sets.items():
        write(folder / member, one)
    (folder / "ca").mkdir()
    (folder / "ca" / "ca_cert.pem").write_bytes(OWN.issuer.certificate.pem())


@pytest.fixture
def three(tmp_path: Path) -> Cluster:
    return replace(THREE, credentials=tmp_path / "production")


def labels(found: tuple[LocalFiles, ...]) -> list[str]:
    return [one.label for one in found]


def test_a_shared_set_belongs_to_every_member(three: Cluster) -> None:
    write(three.credentials, SHARED)
    (found,) = read_sets(three, at=NOW)
    assert (found.label, found.members) == ("shared", ("gw-a", "gw-b", "gw-c"))
    assert set(found.files) == {CA_FILE, CERT_FILE, KEY_FILE}
    assert found.content(CERT_FILE) == SHARED.cert_pem
    assert found.findings == ()


def test_members_have_sets_of_their_own_beside_the_ca_that_made_them(three: Cluster) -> None:
    write_own(three.credentials)
    found = read_sets(three, at=NOW)
    assert labels(found) == ["gw-a", "gw-b", "gw-c", "CA folder ca"]
    assert found[0].content(CERT_FILE) == OWN.sets["gw-a"].cert_pem
    assert f"gw-a/{CERT_FILE}" in found[0].files


def test_the_findings_of_a_set_stay_with_it_and_those_about_none_with_the_first(three: Cluster) -> None:
    write_own(three.credentials)
    (three.credentials / "gw-b" / CA_FILE).unlink()
    findings = {one.label: [f.name for f in one.findings] for one in read_sets(three, at=NOW)}
    assert findings["gw-b"] == ["ca-missing"]
    assert findings["gw-a"] == ["unknown-set-folder"]  # gw-d is no member
    assert findings["gw-c"] == []


def test_the_sets_of_the_pairs_are_read_too(tmp_path: Path) -> None:
    cluster = replace(WITH_PAIR, credentials=tmp_path)
    write(tmp_path, SHARED)
    write(tmp_path / "gw-d", replace(SHARED, label="gw-d", names=HA))
    found = read_sets(cluster, at=NOW)
    assert [(one.label, one.names is HA, one.members) for one in found] == [
        ("shared", False, ("gw-a", "gw-b", "gw-c", "gw-d")),
        ("gw-d", True, ("gw-d",)),
    ]


def test_the_list_beside_a_set_belongs_to_it(three: Cluster) -> None:
    write(three.credentials, SHARED)
    (three.credentials / "Cluster_crl").mkdir()
    (three.credentials / "Cluster_crl/crl.pem").write_bytes(revocation_list(30).pem())
    (found,) = read_sets(three, at=NOW)
    assert "Cluster_crl/crl.pem" in found.files
    ending = {held.file: held.material for held in ending_here([found], at=NOW)}
    assert set(ending) == {CA_FILE, CERT_FILE, "Cluster_crl/crl.pem"}
    assert ending["Cluster_crl/crl.pem"].lists


def test_a_ca_alone_is_read_and_its_key_cannot_end(three: Cluster) -> None:
    ca = new_ca(Subject("CA"), days=100, now=NOW)
    folder = three.credentials / "ca"
    folder.mkdir(parents=True)
    (folder / "ca_cert.pem").write_bytes(ca.certificate.pem())
    (folder / "ca_key.pem").write_bytes(ca.key.file_bytes())
    found = read_sets(three, at=NOW)
    assert labels(found) == ["CA folder ca"]
    assert [held.file for held in ending_here(found, at=NOW)] == ["ca/ca_cert.pem"]


def test_no_folder_is_nothing_to_read(three: Cluster) -> None:
    assert read_sets(three, at=NOW) == ()


def test_a_file_shared_by_several_sets_ends_once(three: Cluster) -> None:
    write_own(three.credentials)
    for member in ("gw-a", "gw-b", "gw-c"):
        (three.credentials / member / CA_FILE).unlink()
    (three.credentials / CA_FILE).write_bytes(OWN.issuer.certificate.pem())
    files = [held.file for held in ending_here(read_sets(three, at=NOW), at=NOW)]
    assert files.count(CA_FILE) == 1
    assert len(files) == len(set(files)) == 5


def test_a_path_is_read_with_all_below_it_but_what_is_hidden(tmp_path: Path) -> None:
    for name in ("a.pem", "deep/er/b.pem", ".hidden/c.pem", ".d.pem"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(SHARED.cert_pem)
    assert list(read_path(tmp_path, at=NOW).files) == ["a.pem", "deep/er/b.pem"]
    assert list(read_path(tmp_path / ".d.pem", at=NOW).files) == [".d.pem"]


def test_a_path_with_a_set_is_judged(tmp_path: Path) -> None:
    write(tmp_path, SHARED)
    assert read_path(tmp_path, at=NOW).findings == ()
    late = read_path(tmp_path, at=NOW + timedelta(days=400))
    assert {finding.name for finding in late.findings} == {"expired"}


def test_what_cannot_be_read_is_named_and_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(SHARED.cert_pem)
    (tmp_path / "b.pem").symlink_to("nowhere")
    os.mkfifo(tmp_path / "c.pem")
    (tmp_path / "d.pem").write_bytes(b"x" * (1 << 20) + b"x")
    found = read_path(tmp_path, at=NOW)
    assert list(found.files) == ["a.pem"]
    reasons = {name: why.problem.partition(": ")[2] for name, why in found.unread.items()}
    assert reasons == {
        "b.pem": "No such file or directory",
        "c.pem": "not a regular file",
        "d.pem": "1048577 bytes; a PEM file of at most 1048576 is wanted",
    }


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing is at .*absent"):
        read_path(tmp_path / "absent", at=NOW)


def test_a_path_with_a_thousand_files_is_refused(tmp_path: Path) -> None:
    for number in range(1001):
        (tmp_path / f"{number}.pem").touch()
    with pytest.raises(UsageError, match="more than 1000 files"):
        read_path(tmp_path, at=NOW)


def test_the_folder_of_a_ca_kept_apart_is_read_with_what_is_below_it(three: Cluster, tmp_path: Path) -> None:
    apart = replace(three, ca_folder=tmp_path / "ca" / "production")
    (apart.ca_folder / "ha").mkdir(parents=True)
    for name in ("ca_cert.pem", "ha/ca_cert.pem"):
        (apart.ca_folder / name).write_bytes(OWN.issuer.certificate.pem())
    (found,) = read_sets(apart, at=NOW)
    assert (found.label, found.members) == ("CA folder production", ())
    assert list(found.files) == ["production/ca_cert.pem", "production/ha/ca_cert.pem"]
