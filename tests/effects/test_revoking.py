"""A revocation list made on this machine by a CA's key, written and read back."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet
from tasks.core.errors import OperatorError, Refused, UsageError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.issuing import Issuer, Recipe, Subject, issue, leaf_set, new_ca, new_key, shared_self_signed
from tasks.core.model import Cluster
from tasks.core.revocation import RevocationList, parse_list, serial_of, serial_text
from tasks.core.revocation_wish import ListWish
from tasks.effects.list_files import list_here, write_list
from tasks.effects.revoking import make_list
from tasks.effects.secrets import Secrets
from tests.core.snapshots import WITH_PAIR

NOW = datetime.now(UTC).replace(microsecond=0)
CA = new_ca(Subject("cluster CA"), days=300, now=NOW)
OTHER = new_ca(Subject("another CA"), days=300, now=NOW)
MEMBERS = ("gw-a", "gw-b", "gw-c", "gw-d")


def leafs(issuer: Issuer) -> dict[str, CredentialSet]:
    return {m: leaf_set(m, issuer, subject=Subject(m), days=200, now=NOW) for m in MEMBERS}


LEAFS, OTHERS = leafs(CA), leafs(OTHER)


def site_of(place: Path, sets: Mapping[str, CredentialSet] = LEAFS, names: FileNames = CLUSTER) -> Cluster:
    """A cluster with these sets, and the folders ca/ and other/ beside them."""
    for member, one in sets.items():
        (place / "sets" / member).mkdir(parents=True)
        (place / "sets" / member / names.cert).write_bytes(one.cert_pem)
        (place / "sets" / member / names.ca).write_bytes(one.ca_pem)
    for name, issuer in (("ca", CA), ("other", OTHER)):
        ca_folder(place / name, issuer)
    return replace(
        WITH_PAIR, credentials=place / "sets", runs_dir=place / "runs", inventory=place / "inventory.yaml"
    )


def ca_folder(folder: Path, issuer: Issuer) -> None:
    folder.mkdir(mode=0o700)
    (folder / "a.pem").write_bytes(issuer.certificate.pem())
    (folder / "b.pem").touch(mode=0o600)
    (folder / "b.pem").write_bytes(issuer.key.file_bytes())


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return site_of(tmp_path)


def make(
    cluster: Cluster,
    *revoke: str,
    unrevoke: tuple[str, ...] = (),
    ca: str = "ca",
    use: str = "cluster",
    reason: str = "",
    days: int = 0,
) -> RevocationList:
    folder = str(cluster.credentials.parent / ca)
    wish = ListWish(revoke, unrevoke, reason, days, folder, use)
    return make_list(cluster, wish, secrets=Secrets().resolve, now=NOW)


def path_of(cluster: Cluster, names: FileNames = CLUSTER) -> Path:
    return cluster.credentials / names.crl


def serials(found: RevocationList) -> set[int]:
    return {one.serial for one in found.revoked}


def leaf(member: str) -> Certificate:
    return LEAFS[member].leaf


def test_it_lies_beside_the_sets_for_its_owner_alone_and_is_what_was_asked_for(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make(cluster, "gw-a", reason="keyCompromise")
    path = path_of(cluster)
    assert parse_list(path.read_bytes()) == made
    assert (made.number, serials(made)) == (1, {serial_of(leaf("gw-a"))})
    assert made.signed_by(CA.certificate)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o600, 0o700]
    assert [one.name for one in path.parent.iterdir()] == ["crl.pem"]
    said = capsys.readouterr().out
    assert f"{path}: number 1 of CN=cluster CA, revokes 1 certificate, valid until " in said
    assert "gw-a" in said
    assert "keyCompromise" in said
    assert "a revoked member is still dialed by the others and shows connected (T12)" in said
    assert "Nothing was placed -> fab credentials.crl --place" in said


def test_the_next_ones_keep_add_take_out_and_count_up(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "b.der"
    file.write_bytes(leaf("gw-b").der)
    make(cluster, "gw-a")
    second = make(cluster, str(file), "0x1A2B")
    assert (second.number, serials(second)) == (
        2,
        {serial_of(leaf("gw-a")), serial_of(leaf("gw-b")), 0x1A2B},
    )
    third = make(cluster, unrevoke=("gw-a", "1A:2B"), days=9)
    assert (third.number, serials(third)) == (3, {serial_of(leaf("gw-b"))})
    assert third.next_update is not None
    assert (third.next_update - NOW).days == 9
    renewed = make(cluster)
    assert (renewed.number, serials(renewed)) == (4, serials(third))
    assert list_here(path_of(cluster)) == renewed


def test_words_that_mean_nobody_are_refused_before_the_key_is_touched(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match="gw-x: No such file or directory"):
        make(cluster, "gw-x", ca="nowhere")
    assert not path_of(cluster).exists()


def test_another_cas_certificate_and_one_that_is_not_revoked_leave_the_list_as_it_was(
    cluster: Cluster,
) -> None:
    before = make(cluster, "gw-a")
    (cluster.credentials / "gw-b" / CLUSTER.cert).write_bytes(OTHERS["gw-b"].cert_pem)
    with pytest.raises(UsageError, match=r"gw-b: issued by CN=another CA.*\n.*gw-c: not revoked") as caught:
        make(cluster, "gw-b", unrevoke=("gw-c",))
    assert "--from-ca DIR" in caught.value.remedy
    assert list_here(path_of(cluster)) == before


def test_a_shared_self_signed_set_has_no_use_for_a_list(tmp_path: Path) -> None:
    one = shared_self_signed(Subject("shared"), days=30, now=NOW)
    cluster = site_of(tmp_path, {})
    cluster.credentials.mkdir()
    (cluster.credentials / CLUSTER.cert).write_bytes(one.cert_pem)
    with pytest.raises(Refused, match="gw-a, gw-b, gw-c, gw-d is self-signed: it is its own issuer"):
        make(cluster)
    assert not path_of(cluster).exists()


def test_a_ca_that_must_not_sign_lists_is_refused(cluster: Cluster) -> None:
    key = new_key()
    recipe = Recipe(Subject("no lists"), NOW, CA.certificate.not_after, is_ca=True)
    ca_folder(cluster.credentials.parent / "no-lists", Issuer(issue(recipe, key, issuer=None), key))
    with pytest.raises((Refused, OperatorError), match="cRLSign"):
        make(cluster, ca="no-lists")
    assert not path_of(cluster).exists()


def test_a_broken_list_is_not_written_over(cluster: Cluster) -> None:
    write_list(path_of(cluster), b"garbage")
    with pytest.raises(UsageError, match="cannot be read: it holds no -----BEGIN line") as caught:
        make(cluster, "gw-a")
    assert f"mv {path_of(cluster)}" in caught.value.remedy
    assert path_of(cluster).read_bytes() == b"garbage"


@pytest.mark.parametrize("what", ["pipe", "/dev/zero", "~nobody-here/cert.pem"])
def test_what_is_no_file_is_told_and_never_waited_for(cluster: Cluster, tmp_path: Path, what: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"not a regular file|No such file"):
        make(cluster, str(tmp_path / what) if what == "pipe" else what)
    path_of(cluster).parent.mkdir()
    os.mkfifo(path_of(cluster))
    with pytest.raises(OperatorError, match=r"cannot read .*crl\.pem: not a regular file"):
        make(cluster, "gw-a")


def test_of_another_cas_list_nothing_is_carried_over_and_that_is_said(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    make(cluster, "0x77", ca="other")
    capsys.readouterr()
    made = make(cluster, "gw-a")
    assert (made.number, serials(made)) == (1, {serial_of(leaf("gw-a"))})
    assert "The list before was of CN=another CA: its entries were not carried over" in (
        capsys.readouterr().out
    )


def test_sets_that_it_would_refuse_are_named_at_once(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in ((CLUSTER.cert, OTHERS["gw-b"].cert_pem), (CLUSTER.ca, OTHERS["gw-b"].ca_pem)):
        (cluster.credentials / "gw-b" / name).write_bytes(content)
    make(cluster)
    assert "ERROR crl-foreign: Cluster_crl/crl.pem is not of the issuer of gw-b" in capsys.readouterr().out
    make(cluster, "gw-a", "gw-c")
    assert "ERROR crl-parts-members: Cluster_crl/crl.pem revokes gw-a, gw-c" in capsys.readouterr().out


def test_the_list_of_the_ha_channel_speaks_of_pairs_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = site_of(tmp_path, {"gw-d": replace(LEAFS["gw-d"], names=HA)}, HA)
    made = make(cluster, use="ha")
    assert list_here(path_of(cluster, HA)) == made
    assert not path_of(cluster).exists()
    assert "fab credentials.crl --place --use ha" in capsys.readouterr().out
    with pytest.raises(UsageError, match="gw-a: No such file or directory"):
        make(cluster, "gw-a", use="ha")
    revoking = make(cluster, serial_text(serial_of(leaf("gw-d"))), use="ha")
    assert serials(revoking) == {serial_of(leaf("gw-d"))}
    assert "ERROR ha-crl-revokes-pair" in capsys.readouterr().out
