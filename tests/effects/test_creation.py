"""Making credential sets: private files, nothing overwritten, and no key in anything shown."""

from __future__ import annotations

import dataclasses
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core.credential_set import FILE_NAMES, KEY_FILE
from tasks.core.errors import UsageError
from tasks.core.file_names import HA
from tasks.core.findings import errors
from tasks.core.model import Admin, Cluster, Member
from tasks.effects.creation import Order, create_sets, created_table
from tasks.effects.credential_files import load_sets
from tests.effects.local_remote import node

MEMBERS = ("gw-a", "gw-b", "gw-d")


def cluster(folder: Path, *, name: str = "MyCluster") -> Cluster:
    return Cluster(
        key="production",
        cluster_name=name,
        credentials=folder / "credentials",
        members=tuple(Member(m, (node(Admin("127.0.0.1"), name=m),)) for m in MEMBERS),
        observer=None,
        retired=frozenset(),
        runs_dir=folder / "runs",
        inventory=folder / "inventory.yaml",
    )


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_what_was_made_is_private_and_is_what_a_migration_loads(tmp_path: Path, kind: str) -> None:
    made, written = create_sets(cluster(tmp_path), Order(kind), force=False)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    loaded, findings = load_sets(tmp_path / "credentials", MEMBERS, datetime.now(UTC))
    assert errors(findings) == ()
    assert set(loaded) == set(MEMBERS)
    assert {one.leaf for one in loaded.values()} == {one.leaf for one in made.values()}
    assert len({one.leaf for one in loaded.values()}) == (1 if kind == "shared" else 3)
    assert {path.name for path in written} >= set(FILE_NAMES)


def test_nothing_is_overwritten_unless_it_is_forced(tmp_path: Path) -> None:
    _, written = create_sets(cluster(tmp_path), Order(), force=False)
    before = {path: path.read_bytes() for path in written}
    with pytest.raises(UsageError, match=r"not overwritten: .*Cluster_key.pem"):
        create_sets(cluster(tmp_path), Order(), force=False)
    assert {path: path.read_bytes() for path in written} == before
    create_sets(cluster(tmp_path), Order(), force=True)
    assert all(path.read_bytes() != content for path, content in before.items())


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (Order("both"), "--kind both is unknown"),
        (Order(days=0), "--days 0 is impossible"),
        (Order(days=-1), "--days -1 is impossible"),
        (Order("ca", ca_days=36501), "--ca-days 36501 is impossible"),
        (Order(organization="ü" * 33), "--organization is too long"),
    ],
    ids=["kind", "no days", "days before today", "days beyond a century", "organization"],
)
def test_an_impossible_order_is_refused_and_nothing_is_made(
    tmp_path: Path, order: Order, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        create_sets(cluster(tmp_path), order, force=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "order",
    [Order(days=1), Order(days=36500), Order("ca", ca_days=1), Order(organization="ü" * 32)],
    ids=["one day", "a century", "a CA for one day", "organization"],
)
def test_an_order_at_the_edge_of_the_possible_is_made(tmp_path: Path, order: Order) -> None:
    made, _ = create_sets(cluster(tmp_path), order, force=False)
    assert made


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_a_long_cluster_name_is_cut_in_the_subject(tmp_path: Path, kind: str) -> None:
    made, _ = create_sets(cluster(tmp_path, name="Größe" * 40), Order(kind), force=False)
    assert all("Größe" in one.leaf.subject for one in made.values())
    assert len({one.leaf.subject for one in made.values()}) == len(made)


def test_validity_and_names_are_those_of_the_order(tmp_path: Path) -> None:
    made, _ = create_sets(cluster(tmp_path), Order("ca", days=30, organization="Works"), force=False)
    leaf = made["gw-a"].leaf
    assert leaf.not_after - datetime.now(UTC) == pytest.approx(timedelta(days=30), abs=timedelta(minutes=5))
    assert "gw-a.MyCluster" in leaf.subject
    assert "Works" in leaf.subject


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_no_key_is_in_what_is_shown(tmp_path: Path, kind: str) -> None:
    of = cluster(tmp_path)
    made, written = create_sets(of, Order(kind), force=False)
    table = created_table(of, made)
    shown = f"{table!r} {made!r} {written!r}"
    keys = [path.read_text().split("\n")[1:-2] for path in written if path.name.endswith("key.pem")]
    assert keys
    assert not any(text in shown for lines in keys for text in lines)
    assert "PRIVATE" not in shown
    assert all(one.leaf.sha256[:16] in shown for one in made.values())
    assert [row[0] for row in table.rows] == list(made)
    assert any(path.name == KEY_FILE for path in written)


def pairs_in(folder: Path) -> Cluster:
    """A single member and two pairs."""
    single = cluster(folder).members[0]
    made = tuple(
        Member(name, tuple(node(Admin("127.0.0.1"), name=f"{name}{n}") for n in (1, 2)))
        for name in ("gw-x", "gw-y")
    )
    return dataclasses.replace(cluster(folder), members=(single, *made))


@pytest.mark.parametrize("kind", ["shared", "ca"])
def test_each_pair_gets_an_ha_set_of_its_own(tmp_path: Path, kind: str) -> None:
    create_sets(pairs_in(tmp_path), Order(kind), force=False)
    _, written = create_sets(pairs_in(tmp_path), Order(kind, use="ha"), force=False)
    loaded, findings = load_sets(tmp_path / "credentials", ("gw-x", "gw-y"), datetime.now(UTC), names=HA)
    assert errors(findings) == ()
    assert {name: one.names for name, one in loaded.items()} == {"gw-x": HA, "gw-y": HA}
    assert loaded["gw-x"].leaf != loaded["gw-y"].leaf
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert ({path.parent.name for path in written} >= {"ha-ca"}) is (kind == "ca")
    ours, found = load_sets(tmp_path / "credentials", MEMBERS[:1], datetime.now(UTC))
    assert set(ours) == set(MEMBERS[:1])
    assert errors(found) == ()


def test_a_cluster_without_a_pair_has_no_ha_sets(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="production has no HA pair"):
        create_sets(cluster(tmp_path), Order(use="ha"), force=False)
    with pytest.raises(UsageError, match="--use both is unknown"):
        create_sets(cluster(tmp_path), Order(use="both"), force=False)
