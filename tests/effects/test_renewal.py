"""New leafs of the same CA: what stays the same, who is left out, where the former ones are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused, UsageError
from tasks.core.file_names import CA_FILE, CERT_FILE, CLUSTER, HA, KEY_FILE, FileNames
from tasks.core.findings import errors
from tasks.core.issuing import Subject, leaf_set, new_ca
from tasks.core.model import Cluster
from tasks.core.renewal import RenewalWish
from tasks.core.subjects import kept_subject
from tasks.effects.authority import open_authority
from tasks.effects.creation import Order, create_sets
from tasks.effects.credential_files import load_sets
from tasks.effects.credential_writing import write_member_sets, write_shared_set
from tasks.effects.open_run import refuse_during_run
from tasks.effects.record import open_run
from tasks.effects.renewal import renew_sets
from tests.core.plans import plan_of
from tests.core.snapshots import healthy
from tests.effects.lifecycle import MEMBERS, cluster, files_in, mode, pairs_in, told, write_ca

NOW = datetime.now(UTC)


@pytest.fixture
def under_ca(tmp_path: Path) -> Cluster:
    of = cluster(tmp_path)
    create_sets(of, Order("ca", intermediate=True), force=False, secrets=told)
    return of


def sets_of(of: Cluster, names: FileNames = CLUSTER) -> dict[str, CredentialSet]:
    sets, findings = load_sets(of.credentials, MEMBERS, datetime.now(UTC), names=names)
    assert errors(findings) == ()
    return sets


def test_only_leaf_and_key_are_new(under_ca: Cluster) -> None:
    before, files = sets_of(under_ca), files_in(under_ca.credentials)
    made = renew_sets(under_ca, RenewalWish(days=90), secrets=told)
    after = sets_of(under_ca)
    assert {name: one.leaf for name, one in made.items()} == {name: one.leaf for name, one in after.items()}
    for name, one in after.items():
        assert one.leaf != before[name].leaf
        assert one.key != before[name].key
        assert one.chain[1:] == before[name].chain[1:]
        assert kept_subject(one.leaf) == kept_subject(before[name].leaf)
        assert one.ca_pem == files[f"{name}/{CA_FILE}"]
        left = one.leaf.not_after - datetime.now(UTC)
        assert timedelta(days=89, hours=23) < left <= timedelta(days=90)


def test_names_beside_the_subject_stay(under_ca: Cluster) -> None:
    names = ("gw-a.example.com", "10.0.1.4", "::1")
    issuer = open_authority(under_ca, use="cluster", from_ca="", secrets=told)
    one = leaf_set(
        "gw-a", issuer.issuer, above=issuer.above, days=9, now=NOW,
        subject=Subject("old name", "Works", "Unit", names),
    )  # fmt: skip
    write_member_sets(under_ca.credentials, {"gw-a": one}, force=True)
    renew_sets(under_ca, RenewalWish(members=("gw-a",)), secrets=told)
    renewed = sets_of(under_ca)["gw-a"]
    assert renewed.leaf != one.leaf
    assert renewed.leaf.subject == "CN=old name,OU=Unit,O=Works"
    assert kept_subject(renewed.leaf).alternatives() == Subject("", alternative_names=names).alternatives()


def test_the_former_files_are_kept_private_and_no_members(
    under_ca: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_in(under_ca.credentials)
    renew_sets(under_ca, RenewalWish(members=("gw-b",)), secrets=told)
    (kept,) = under_ca.credentials.glob(".before-*")
    assert files_in(kept) == {f"gw-b/{n}": before[f"gw-b/{n}"] for n in (CERT_FILE, KEY_FILE)}
    assert {mode(path) for path in kept.rglob("*.pem")} == {0o600}
    assert f"the former certificates and keys are kept in {kept}" in capsys.readouterr().out
    now = files_in(under_ca.credentials)
    assert {name for name in before if now[name] != before[name]} == {
        f"gw-b/{n}" for n in (CERT_FILE, KEY_FILE)
    }
    assert load_sets(under_ca.credentials, MEMBERS, datetime.now(UTC))[1] == ()


def test_leafs_never_outlive_their_ca_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = cluster(tmp_path)
    create_sets(of, Order("ca", ca_days=60), force=False, secrets=told)
    made = renew_sets(of, RenewalWish(), secrets=told)
    assert {one.leaf.not_after for one in made.values()} == {made["gw-a"].ca[0].not_after}
    assert "not 825 days: the leafs end with their CA CN=MyCluster cluster CA, on " in capsys.readouterr().out
    renew_sets(of, RenewalWish(days=59), secrets=told)
    assert "the leafs end with their CA" not in capsys.readouterr().out


def test_a_shared_self_signed_set_has_no_ca_to_renew_it(tmp_path: Path) -> None:
    of = cluster(tmp_path)
    create_sets(of, Order(), force=False, secrets=told)
    before = files_in(tmp_path)
    with pytest.raises(Refused, match="gw-a, gw-b, gw-d is self-signed: no CA can renew it") as caught:
        renew_sets(of, RenewalWish(), secrets=told)
    assert caught.value.remedy.startswith("fab credentials.create --force makes a new set")
    assert "fab credentials.matrix shows" in caught.value.remedy
    assert files_in(tmp_path) == before
    pairs = pairs_in(tmp_path)
    create_sets(pairs, Order(use="ha"), force=False, secrets=told)
    with pytest.raises(Refused, match="gw-x, gw-y is self-signed: no CA can renew it") as caught:
        renew_sets(pairs, RenewalWish(use="ha"), secrets=told)
    assert "fab ha.migrate --plan shows" in caught.value.remedy


def test_whoever_has_no_leaf_of_the_ca_is_left_alone_and_named(
    under_ca: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = new_ca(Subject("other CA"), days=99, now=NOW)
    foreign = leaf_set("gw-b", other, subject=Subject("gw-b"), days=50, now=NOW)
    write_member_sets(under_ca.credentials, {"gw-b": foreign}, force=True)
    (under_ca.credentials / "gw-d" / KEY_FILE).unlink()
    assert set(renew_sets(under_ca, RenewalWish(), secrets=told)) == {"gw-a"}
    said = capsys.readouterr().out
    assert "left as it is: gw-b: its leaf is of another CA: CN=other CA" in said
    assert "left as it is: gw-d has no set here that a server would come up with" in said
    with pytest.raises(Refused, match=r"gw-b: its leaf is of another CA.*\n.*gw-d has no set"):
        renew_sets(under_ca, RenewalWish(members=("gw-a", "gw-b", "gw-d")), secrets=told)
    write_ca(tmp_path / "pki", other)
    made = renew_sets(under_ca, RenewalWish(members=("gw-b",), from_ca=str(tmp_path / "pki")), secrets=told)
    assert made["gw-b"].ca == (other.certificate,)


def test_one_leaf_for_all_members_is_renewed_for_all_of_them(tmp_path: Path) -> None:
    of, ca = cluster(tmp_path), new_ca(Subject("CA"), days=99, now=NOW)
    write_ca(of.ca_folder, ca)
    write_shared_set(
        of.credentials, leaf_set("shared", ca, subject=Subject("all"), days=9, now=NOW), force=False
    )
    with pytest.raises(Refused, match="gw-a has no set of its own, but one for all members"):
        renew_sets(of, RenewalWish(members=("gw-a",)), secrets=told)
    made = renew_sets(of, RenewalWish(days=50), secrets=told)
    assert set(made) == {"shared"}
    assert {one.leaf for one in sets_of(of).values()} == {made["shared"].leaf}


def test_a_ca_file_in_the_folder_of_all_members_is_not_copied(under_ca: Cluster) -> None:
    folder = under_ca.credentials
    (folder / "gw-a" / CA_FILE).rename(folder / CA_FILE)
    before = (folder / CA_FILE).read_bytes()
    renew_sets(under_ca, RenewalWish(members=("gw-a",)), secrets=told)
    assert (folder / CA_FILE).read_bytes() == before
    assert not (folder / "gw-a" / CA_FILE).exists()


def test_the_pairs_ha_leafs_are_renewed_by_their_own_ca(tmp_path: Path) -> None:
    of = pairs_in(tmp_path)
    create_sets(of, Order("ca", use="ha"), force=False, secrets=told)
    before = files_in(of.credentials)
    made = renew_sets(of, RenewalWish(use="ha"), secrets=told)
    assert {name: one.names for name, one in made.items()} == {"gw-x": HA, "gw-y": HA}
    after = files_in(of.credentials)
    assert {Path(n).name for n in before if after[n] != before[n]} == {"HA_cert.pem", "HA_key.pem"}


def test_everything_that_cannot_be_is_told_at_once(under_ca: Cluster) -> None:
    with pytest.raises(
        UsageError, match=r"--use x is unknown.*\n--days 0 is impossible.*\n--member gw-z: no"
    ):
        renew_sets(under_ca, RenewalWish(days=0, members=("gw-z",), use="x"), secrets=told)


def test_without_sets_or_without_a_ca_there_is_nothing_to_renew(tmp_path: Path, under_ca: Cluster) -> None:
    empty = replace(under_ca, credentials=tmp_path / "nothing")
    with pytest.raises(Refused, match="nobody was given a leaf of CN=MyCluster cluster issuing CA"):
        renew_sets(empty, RenewalWish(), secrets=told)
    with pytest.raises(UsageError, match="no such folder"):
        renew_sets(replace(under_ca, ca_folder=tmp_path / "nowhere"), RenewalWish(), secrets=told)


def test_under_an_open_run_the_sets_stay_as_they_are(under_ca: Cluster) -> None:
    refuse_during_run(under_ca)
    record = open_run(under_ca.runs_dir, plan_of(healthy()), at=NOW)
    with pytest.raises(Refused, match=f"run {record.id} is not finished") as caught:
        refuse_during_run(under_ca)
    assert caught.value.remedy.startswith("fab migrate-cluster --resume; or, to give it up: ")
    refuse_during_run(replace(under_ca, credentials=under_ca.runs_dir / "none"))
