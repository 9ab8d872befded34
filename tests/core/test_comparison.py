"""Here, on disk, served: what differs is marked, and what nobody can see is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.comparison import ComparedRow, compare, comparison_table
from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CLUSTER, HA
from tasks.core.local_files import LocalFiles
from tasks.core.snapshot import FileState, HaFiles, Snapshot
from tasks.effects.console import show_table
from tests.core.certs import BUILTIN, MEMBERS, OTHER_SHARED, OWN, SHARED
from tests.core.endings import revocation_list
from tests.core.snapshots import (
    KEYSTORE,
    THREE,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    files_of,
    healthy,
    unreachable,
    wire,
)

ON_SHARED = healthy(THREE, runs=SHARED)


def here(one: CredentialSet, *, members: tuple[str, ...] = MEMBERS, **more: bytes) -> LocalFiles:
    extra = {name.replace("__", "/").replace("_pem", ".pem"): content for name, content in more.items()}
    return LocalFiles("shared", CLUSTER, members, {**one.files(), **extra})


def of(snapshot: Snapshot, *local: LocalFiles, node: str = "gw-a") -> dict[str, ComparedRow]:
    return {row.file: row for row in compare(snapshot, local) if row.node == node}


def different(snapshot: Snapshot, *local: LocalFiles, node: str = "gw-a") -> list[str]:
    return [row.file for row in of(snapshot, *local, node=node).values() if row.different]


def test_what_is_the_same_everywhere_is_not_marked() -> None:
    rows = of(ON_SHARED, here(SHARED))
    digits = SHARED.leaf.sha256[:8]
    assert [(row.here, row.on_disk, row.served) for row in rows.values()] == [
        (digits, digits, digits),
        (digits, digits, "1 name"),
        ("there", "there", ""),
    ]
    assert different(ON_SHARED, here(SHARED)) == []


def test_another_set_here_differs_in_all_three_files() -> None:
    assert different(ON_SHARED, here(OTHER_SHARED)) == [CLUSTER.cert, CLUSTER.ca, CLUSTER.key]


def test_without_a_set_here_the_disk_is_compared_with_the_process_alone() -> None:
    assert of(ON_SHARED)[CLUSTER.cert].here == "none"
    assert different(ON_SHARED) == []
    swapped = alter_files(ON_SHARED, "gw-a", cert_pem=OTHER_SHARED.cert_pem)
    assert different(swapped) == [CLUSTER.cert]


def test_a_set_of_another_member_is_not_compared() -> None:
    assert different(ON_SHARED, here(OTHER_SHARED, members=("gw-b",))) == []
    assert different(ON_SHARED, here(OTHER_SHARED, members=("gw-b",)), node="gw-b")


def test_files_that_are_not_placed_yet_differ_and_the_built_in_pair_is_named() -> None:
    rows = of(healthy(), here(SHARED))
    row = rows[CLUSTER.cert]
    assert (row.on_disk, row.served, row.different) == ("none", "BUILT-IN", True)
    assert rows[CLUSTER.ca].served == "BUILT-IN"
    assert different(healthy()) == []


def test_a_silent_fallback_to_the_built_in_pair_differs_from_the_disk() -> None:
    fallen = alter(ON_SHARED, "gw-a", wire=wire(replace(SHARED, chain=(BUILTIN,))))
    assert different(fallen, here(SHARED)) == [CLUSTER.cert]


def test_a_ca_file_that_was_changed_since_the_start_differs_from_whom_the_process_accepts() -> None:
    more = alter_files(ON_SHARED, "gw-a", ca_pem=SHARED.ca_pem + OWN.issuer.certificate.pem())
    assert different(more) == [CLUSTER.ca]
    assert of(more)[CLUSTER.ca].on_disk.count(" ") == 1


def test_the_order_in_a_ca_file_makes_no_difference() -> None:
    two = (SHARED.ca_pem, OWN.issuer.certificate.pem())
    runs = replace(SHARED, ca_pem=two[0] + two[1], ca=(*SHARED.ca, OWN.issuer.certificate))
    local = LocalFiles("shared", CLUSTER, MEMBERS, {**SHARED.files(), CLUSTER.ca: two[1] + two[0]})
    assert different(healthy(THREE, runs=runs), local) == []


def test_a_chain_with_another_intermediate_differs_though_the_leaf_is_the_same() -> None:
    leaf = OWN.sets["gw-a"]
    longer = LocalFiles(
        "gw-a", CLUSTER, ("gw-a",), {**leaf.files(), CLUSTER.cert: leaf.cert_pem + leaf.ca_pem}
    )
    found = of(healthy(THREE, runs=OWN.sets), longer)[CLUSTER.cert]
    assert found.here == f"{leaf.leaf.sha256[:8]} +1"
    assert found.different


def test_another_key_differs_and_nothing_of_it_is_shown() -> None:
    other = alter_file(ON_SHARED, "gw-a", CLUSTER.key, sha256="0" * 64)
    row = of(other, here(SHARED))[CLUSTER.key]
    assert (row.here, row.on_disk, row.different) == ("there", "there", True)


def test_what_could_not_be_seen_is_a_question_mark_and_no_difference() -> None:
    gone = unreachable(ON_SHARED, "gw-a")
    assert [(row.on_disk, row.served) for row in of(gone, here(SHARED)).values()] == [
        ("?", "?"),
        ("?", "?"),
        ("?", ""),
    ]
    assert different(gone, here(SHARED)) == []
    closed = alter_file(ON_SHARED, "gw-a", CLUSTER.key, sha256="unreadable")
    assert of(closed, here(SHARED))[CLUSTER.key].on_disk == "?"


def test_garbage_on_the_disk_is_named() -> None:
    row = of(alter_files(ON_SHARED, "gw-a", cert_pem=b"nonsense"), here(SHARED))[CLUSTER.cert]
    assert (row.on_disk, row.different) == ("unreadable", True)


def test_a_list_is_compared_where_there_is_one() -> None:
    one, other = revocation_list(30), revocation_list(60, revoked=2)
    placed = alter_files(ON_SHARED, "gw-a", crl_present=True, crl=one.pem())
    local = here(SHARED, Cluster_crl__crl_pem=one.der)
    row = of(placed, local)[CLUSTER.crl]
    assert (row.here, row.on_disk, row.different) == (
        "until 2026-12-22",
        "until 2026-12-22",
        False,
    )
    assert different(placed, here(SHARED, Cluster_crl__crl_pem=other.der)) == [CLUSTER.crl]
    assert different(ON_SHARED, local) == [CLUSTER.crl]
    assert CLUSTER.crl not in of(ON_SHARED, here(SHARED))


def test_a_standby_serves_nothing_and_that_is_no_difference() -> None:
    found = healthy(WITH_PAIR, runs=SHARED)
    assert of(found, here(SHARED), node="gw-d2")[CLUSTER.cert].served == "nothing"
    assert different(found, here(SHARED), node="gw-d2") == []


def test_ha_files_are_compared_where_a_pair_has_any() -> None:
    found = healthy(WITH_PAIR, runs=SHARED)
    state = files_of(found, "gw-d1").files[CLUSTER.cert]
    files = {name: FileState(KEYSTORE / name, state.sha256) for name in HA.in_order}
    placed = alter_files(found, "gw-d1", ha=HaFiles(files, SHARED.ca_pem, SHARED.cert_pem))
    assert list(of(placed, node="gw-d1"))[3:] == [HA.cert, HA.ca, HA.key]
    assert of(placed, node="gw-d1")[HA.cert].served == ""
    assert list(of(placed, node="gw-a"))[3:] == []


def test_the_table_reads_well_on_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    rows = compare(healthy(WITH_PAIR), [here(SHARED)])
    show_table(comparison_table("production", rows), columns=80)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    digits = SHARED.leaf.sha256[:8]
    assert lines[1].split() == ["NODE", "FILE", "HERE", "ON", "DISK", "SERVED", "/", "ACCEPTED"]
    assert lines[2].split() == ["gw-a", "Cluster_cert", digits, "none", "BUILT-IN", "DIFFERENT"]
    assert lines[3].split() == ["Cluster_cafile", digits, "none", "BUILT-IN", "DIFFERENT"]
