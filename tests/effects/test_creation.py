"""Making credential sets: private files, nothing overwritten, and no key in anything shown."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tasks.core.created_text import created_lines
from tasks.core.credential_set import FILE_NAMES, CredentialSet
from tasks.core.errors import Refused, UsageError
from tasks.core.file_names import HA, KEY_FILE
from tasks.core.findings import errors
from tasks.core.issuing import BOTH_USAGES, Issuer, Recipe, Subject, issue, new_ca, new_key
from tasks.effects.creation import Order, create_sets, created_table
from tasks.effects.credential_files import load_sets
from tests.effects.lifecycle import (
    MEMBERS,
    PASSPHRASE,
    answers,
    cluster,
    files_in,
    mode,
    pairs_in,
    told,
    write_ca,
)


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_what_was_made_is_private_and_is_what_a_migration_loads(tmp_path: Path, kind: str) -> None:
    made, written = create_sets(cluster(tmp_path), Order(kind), force=False, secrets=told)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    loaded, findings = load_sets(tmp_path / "credentials", MEMBERS, datetime.now(UTC))
    assert errors(findings) == ()
    assert set(loaded) == set(MEMBERS)
    assert {one.leaf for one in loaded.values()} == {one.leaf for one in made.values()}
    assert len({one.leaf for one in loaded.values()}) == (1 if kind == "shared" else 3)
    assert {path.name for path in written} >= set(FILE_NAMES)


def test_nothing_is_overwritten_unless_it_is_forced(tmp_path: Path) -> None:
    _, written = create_sets(cluster(tmp_path), Order(), force=False, secrets=told)
    before = {path: path.read_bytes() for path in written}
    with pytest.raises(UsageError, match=r"not overwritten: .*Cluster_key.pem"):
        create_sets(cluster(tmp_path), Order(), force=False, secrets=told)
    assert {path: path.read_bytes() for path in written} == before
    create_sets(cluster(tmp_path), Order(), force=True, secrets=told)
    assert all(path.read_bytes() != content for path, content in before.items())


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (Order("both"), "--kind both is unknown"),
        (Order(days=0), "--days 0 is impossible"),
        (Order(days=-1), "--days -1 is impossible"),
        (Order("ca", ca_days=36501), "--ca-days 36501 is impossible"),
        (Order(organization="ü" * 33), "--organization is too long"),
        (Order(organization="a\x1b[31m"), "--organization holds what cannot be shown"),
        (Order(organization="\udcff"), "--organization holds what cannot be shown"),
    ],
    ids=[
        "kind",
        "no days",
        "days before today",
        "days beyond a century",
        "organization",
        "steering signs",
        "no UTF-8",
    ],
)
def test_an_impossible_order_is_refused_and_nothing_is_made(
    tmp_path: Path, order: Order, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        create_sets(cluster(tmp_path), order, force=True, secrets=told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "order",
    [Order(days=1), Order(days=36500), Order("ca", ca_days=1), Order(organization="ü" * 32)],
    ids=["one day", "a century", "a CA for one day", "organization"],
)
def test_an_order_at_the_edge_of_the_possible_is_made(tmp_path: Path, order: Order) -> None:
    made, _ = create_sets(cluster(tmp_path), order, force=False, secrets=told)
    assert made


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_a_long_cluster_name_is_cut_in_the_subject(tmp_path: Path, kind: str) -> None:
    made, _ = create_sets(cluster(tmp_path, name="Größe" * 40), Order(kind), force=False, secrets=told)
    assert all("Größe" in one.leaf.subject for one in made.values())
    assert len({one.leaf.subject for one in made.values()}) == len(made)


def test_validity_and_names_are_those_of_the_order(tmp_path: Path) -> None:
    made, _ = create_sets(
        cluster(tmp_path), Order("ca", days=30, organization="Works"), force=False, secrets=told
    )
    leaf = made["gw-a"].leaf
    assert leaf.not_after - datetime.now(UTC) == pytest.approx(timedelta(days=30), abs=timedelta(minutes=5))
    assert "gw-a.MyCluster" in leaf.subject
    assert "Works" in leaf.subject


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_no_key_is_in_what_is_shown(tmp_path: Path, kind: str) -> None:
    of = cluster(tmp_path)
    made, written = create_sets(of, Order(kind), force=False, secrets=told)
    table = created_table(of, made)
    shown = f"{table!r} {made!r} {written!r}"
    keys = [path.read_text().split("\n")[1:-2] for path in written if path.name.endswith("key.pem")]
    assert keys
    assert not any(text in shown for lines in keys for text in lines)
    assert "PRIVATE" not in shown
    assert all(one.leaf.sha256[:16] in shown for one in made.values())
    assert [row[0] for row in table.rows] == list(made)
    assert any(path.name == KEY_FILE for path in written)


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_each_pair_gets_an_ha_set_of_its_own(tmp_path: Path, kind: str) -> None:
    create_sets(pairs_in(tmp_path), Order(kind), force=False, secrets=told)
    _, written = create_sets(pairs_in(tmp_path), Order(kind, use="ha"), force=False, secrets=told)
    loaded, findings = load_sets(tmp_path / "credentials", ("gw-x", "gw-y"), datetime.now(UTC), names=HA)
    assert errors(findings) == ()
    assert {name: one.names for name, one in loaded.items()} == {"gw-x": HA, "gw-y": HA}
    assert loaded["gw-x"].leaf != loaded["gw-y"].leaf
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert (tmp_path / "ca" / "ha" / "root_key.pem" in written) is (kind == "ca")
    ours, found = load_sets(tmp_path / "credentials", MEMBERS[:1], datetime.now(UTC))
    assert set(ours) == set(MEMBERS[:1])
    assert errors(found) == ()


def test_a_cluster_without_a_pair_has_no_ha_sets(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="production has no HA pair"):
        create_sets(cluster(tmp_path), Order(use="ha"), force=False, secrets=told)
    with pytest.raises(UsageError, match="--use both is unknown"):
        create_sets(cluster(tmp_path), Order(use="both"), force=False, secrets=told)


def with_ca(order: Order) -> Order:
    return dataclasses.replace(order, kind="ca")


@pytest.mark.parametrize("intermediate", [False, True], ids=["root", "root and intermediate"])
def test_a_ca_lives_apart_from_the_sets_private_and_encrypted(tmp_path: Path, intermediate: bool) -> None:
    of = cluster(tmp_path)
    made, written = create_sets(of, with_ca(Order(intermediate=intermediate)), force=False, secrets=told)
    own = {path.name: path for path in written if path.parent == of.ca_folder}
    parts = ("root", "intermediate") if intermediate else ("root",)
    assert set(own) == {f"{part}_{what}.pem" for part in parts for what in ("cert", "key")}
    assert {mode(path) for path in own.values()} == {0o600}
    assert mode(of.ca_folder) == 0o700
    for part in parts:
        pem = own[f"{part}_key.pem"].read_bytes()
        assert load_pem_private_key(pem, PASSPHRASE.encode())
        with pytest.raises(TypeError, match="Password was not given"):
            load_pem_private_key(pem, None)
    assert not any("PRIVATE" in text.decode() for text in _certificates(made))
    assert [len(one.chain) for one in made.values()] == [1 + intermediate] * 3
    assert {one.ca[0].pem() for one in made.values()} == {own["root_cert.pem"].read_bytes()}


def _certificates(made: Mapping[str, CredentialSet]) -> list[bytes]:
    return [content for one in made.values() for content in (one.cert_pem, one.ca_pem)]


def test_no_key_of_a_ca_comes_near_the_sets(tmp_path: Path) -> None:
    of = cluster(tmp_path)
    create_sets(of, Order("ca", plain_ca_key=True), force=False, secrets=told)
    secret = (of.ca_folder / "root_key.pem").read_bytes().splitlines()[1]
    assert not any(secret in content for content in files_in(of.credentials).values())
    assert load_sets(of.credentials, MEMBERS, datetime.now(UTC))[1] == ()


def test_a_plain_ca_key_asks_for_no_passphrase_and_is_said_to_be_plain(tmp_path: Path) -> None:
    of, order = cluster(tmp_path), Order("ca", plain_ca_key=True)
    made, written = create_sets(of, order, force=False, secrets=answers())
    assert load_pem_private_key((of.ca_folder / "root_key.pem").read_bytes(), None)
    lines = list(created_lines(made, order, written))
    assert lines == [
        f"the CA's keys are NOT encrypted (--plain-ca-key) and stay on this machine: {of.ca_folder}/root_key.pem",
        "11 files written -> fab check",
    ]


def test_leafs_that_end_with_their_ca_are_said_to(tmp_path: Path) -> None:
    order = Order("ca", days=900, ca_days=30, intermediate=True)
    made, written = create_sets(cluster(tmp_path), order, force=False, secrets=told)
    cut, encrypted, offline, _ = created_lines(made, order, written)
    assert cut.startswith("not 900 days: the leafs end with their CA CN=MyCluster cluster")
    assert "are encrypted and stay on this machine" in encrypted
    assert "keep it offline" in offline
    assert made["gw-a"].leaf.not_after == made["gw-a"].ca[0].not_after


def test_a_passphrase_is_asked_for_twice_and_must_be_the_same(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the two passphrases differ; nothing was made"):
        create_sets(cluster(tmp_path), Order("ca"), force=False, secrets=answers(PASSPHRASE, "another one"))
    with pytest.raises(UsageError, match=r"gives no usable passphrase .* at least 8 characters") as caught:
        create_sets(cluster(tmp_path), Order("ca"), force=False, secrets=answers("1234567"))
    assert "1234567" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    create_sets(cluster(tmp_path), Order("ca"), force=False, secrets=answers(PASSPHRASE, PASSPHRASE))
    assert (tmp_path / "ca" / "root_key.pem").exists()


def test_a_ca_that_is_there_is_not_replaced_without_force(tmp_path: Path) -> None:
    of = cluster(tmp_path)
    create_sets(of, Order("ca", intermediate=True), force=False, secrets=told)
    before = files_in(tmp_path)
    with pytest.raises(UsageError, match=f"a CA lies in {of.ca_folder}") as caught:
        create_sets(of, Order("ca"), force=False, secrets=answers())
    assert "fab credentials.renew" in caught.value.remedy
    assert f"--from-ca {of.ca_folder}" in caught.value.remedy
    assert files_in(tmp_path) == before


def test_a_ca_that_is_replaced_by_force_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    of = cluster(tmp_path)
    create_sets(of, Order("ca", intermediate=True), force=False, secrets=told)
    before = files_in(of.ca_folder)
    create_sets(of, Order("ca"), force=True, secrets=told)
    (kept,) = of.ca_folder.glob(".before-*")
    assert files_in(kept) == before
    assert {path.name for path in of.ca_folder.iterdir()} == {"root_cert.pem", "root_key.pem", kept.name}
    assert {mode(path) for path in kept.iterdir()} == {0o600}
    assert load_sets(of.credentials, MEMBERS, datetime.now(UTC))[1] == ()


def test_the_cas_folder_is_never_among_the_sets_by_whatever_link(tmp_path: Path) -> None:
    of = cluster(tmp_path)
    of.credentials.mkdir()
    of.ca_folder.symlink_to(of.credentials)
    with pytest.raises(UsageError, match="within that of the credential sets"):
        create_sets(of, Order("ca"), force=True, secrets=told)
    assert list(of.credentials.iterdir()) == []


def works(folder: Path, *, with_root: bool = True) -> Issuer:
    root = new_ca(Subject("Works Root"), days=900, now=datetime.now(UTC), path_length=1)
    issuing = new_ca(Subject("Works Issuing"), days=400, now=datetime.now(UTC), under=root)
    write_ca(folder, issuing, *([root.certificate.der] if with_root else []))
    return root


def test_another_ca_signs_leafs_for_everybody_or_for_whom_it_is_said(tmp_path: Path) -> None:
    of, root = cluster(tmp_path), works(tmp_path / "pki")
    order = Order("ca", from_ca=str(tmp_path / "pki"), members=("gw-d",))
    made, written = create_sets(of, order, force=False, secrets=told)
    assert (set(made), len(written)) == ({"gw-d"}, 3)
    assert made["gw-d"].ca == (root.certificate,)
    with pytest.raises(UsageError, match=r"not overwritten: .*gw-d"):
        create_sets(of, dataclasses.replace(order, members=()), force=False, secrets=answers())
    create_sets(of, dataclasses.replace(order, members=MEMBERS[:2]), force=False, secrets=told)
    assert set(load_sets(of.credentials, MEMBERS, datetime.now(UTC))[0]) == set(MEMBERS)
    assert not of.ca_folder.exists()
    cut, _ = created_lines(made, order, written)
    assert cut.startswith("not 825 days: the leafs end with their CA CN=Works Issuing")


def test_a_pair_gets_the_leaf_of_another_ca_for_its_ha_channel(tmp_path: Path) -> None:
    works(tmp_path / "pki")
    order = Order("ca", from_ca=str(tmp_path / "pki"), use="ha")
    made, written = create_sets(pairs_in(tmp_path), order, force=False, secrets=told)
    assert {one.names for one in made.values()} == {HA}
    assert {path.name for path in written} == set(HA.in_order)


def test_without_the_root_above_it_a_ca_makes_no_sets(tmp_path: Path) -> None:
    works(tmp_path / "pki", with_root=False)
    order = Order("ca", from_ca=str(tmp_path / "pki"))
    with pytest.raises(
        UsageError, match=r"the root above CN=Works Issuing is not in .*\(it is CN=Works Root\)"
    ):
        create_sets(cluster(tmp_path), order, force=False, secrets=told)
    assert not (tmp_path / "credentials").exists()


def test_a_ca_whose_leafs_the_server_refuses_makes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, now = new_key(), datetime.now(UTC)
    recipe = Recipe(Subject("half"), now, now + timedelta(days=900), usages=BOTH_USAGES[:1], is_ca=True)
    write_ca(tmp_path / "pki", Issuer(issue(recipe, key, issuer=None), key))
    with pytest.raises(Refused, match="nothing was written: "):
        create_sets(cluster(tmp_path), Order("ca", from_ca=str(tmp_path / "pki")), force=False, secrets=told)
    assert capsys.readouterr().out.startswith("ERROR ")
    assert not (tmp_path / "credentials").exists()


def test_everything_that_cannot_be_ordered_is_told_at_once(tmp_path: Path) -> None:
    order = Order("shared", days=0, use="both", intermediate=True, from_ca="x", members=("gw-z",))
    with pytest.raises(UsageError, match="--use both is unknown") as caught:
        create_sets(cluster(tmp_path), order, force=False, secrets=answers())
    assert caught.value.problem.splitlines()[1:] == [
        "--days 0 is impossible: a number from 1 to 36500",
        "--intermediate, --from-ca: a shared set has no CA -> --kind ca",
        "--from-ca takes a CA that is there; --intermediate and --plain-ca-key are of one to be made",
        "--member gw-z: no member of production has that name; one of: gw-a, gw-b, gw-d",
    ]
    with pytest.raises(UsageError, match="--member goes with --from-ca"):
        create_sets(cluster(tmp_path), Order("ca", members=("gw-a",)), force=False, secrets=answers())
