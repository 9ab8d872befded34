"""What is where: on every node by its own clock, and what could not be seen with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

from tasks.core.file_names import CLUSTER, HA
from tasks.core.held import Held, Source, held_by_nodes, serves_nothing
from tasks.core.snapshot import FileState, HaFiles, Snapshot, Unseen
from tests.core.certs import BUILTIN, NOW, SHARED
from tests.core.endings import revocation_list
from tests.core.snapshots import (
    NO_ANSWER,
    THREE,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    files_of,
    healthy,
    unreachable,
)

ON_SHARED = healthy(THREE, runs=SHARED)
LIST = revocation_list(30)


def of(snapshot: Snapshot, node: str = "gw-a") -> list[Held]:
    return [held for held in held_by_nodes(snapshot) if held.where == node]


def places(snapshot: Snapshot, node: str = "gw-a") -> list[tuple[str, str]]:
    return [(held.source or "", held.file) for held in of(snapshot, node)]


def test_a_node_holds_what_it_serves_and_its_files() -> None:
    assert places(ON_SHARED) == [
        ("served", "port 9104"),
        ("on disk", "Cluster_cert.pem"),
        ("on disk", "Cluster_cafile.pem"),
    ]
    assert {one for held in of(ON_SHARED) for one in held.material.certificates} == {SHARED.leaf}


def test_on_the_built_in_pair_there_are_no_files() -> None:
    (held,) = of(healthy())
    assert (held.source, held.material.certificates) == (Source.SERVED, (BUILTIN,))


def test_the_lists_and_the_ha_files_are_held_too() -> None:
    crl = alter_files(ON_SHARED, "gw-a", crl_present=True, crl=LIST.pem())
    files = {name: replace(files_of(crl, "gw-a").files[CLUSTER.cert]) for name in HA.in_order}
    ha = HaFiles(files, SHARED.ca_pem, SHARED.cert_pem, frozenset({"crl"}), LIST.der)
    found = alter_files(crl, "gw-a", ha=ha)
    assert places(found)[3:] == [
        ("on disk", "Cluster_crl/crl.pem"),
        ("on disk", "HA_cert.pem"),
        ("on disk", "HA_cafile.pem"),
        ("on disk", "HA_crl/crl.pem"),
    ]
    assert [held.material.lists for held in of(found) if "crl" in held.file] == [(LIST,), (LIST,)]


def test_a_nodes_clock_judges_what_is_on_it() -> None:
    fast = alter_files(ON_SHARED, "gw-a", clock_offset_s=3600.0)
    assert {held.at for held in of(fast)} == {NOW + timedelta(hours=1)}
    assert {held.at for held in of(fast, "gw-b")} == {NOW}


def test_a_dead_node_is_one_trouble_and_no_more() -> None:
    (held,) = of(unreachable(ON_SHARED, "gw-a"))
    assert held.source is None
    assert held.trouble == Unseen("no route to host", "is it up?")


def test_a_process_that_does_not_answer_leaves_its_files_to_be_seen() -> None:
    found = of(alter(ON_SHARED, "gw-a", wire=NO_ANSWER))
    assert (found[0].source, found[0].trouble) == (Source.SERVED, NO_ANSWER)
    assert [held.file for held in found[1:]] == ["Cluster_cert.pem", "Cluster_cafile.pem"]


def test_files_that_could_not_be_looked_at_leave_what_is_served() -> None:
    found = of(alter(ON_SHARED, "gw-a", files=NO_ANSWER))
    assert [(held.source, held.trouble) for held in found] == [
        (Source.SERVED, None),
        (Source.DISK, NO_ANSWER),
    ]


def test_a_file_that_our_login_may_not_read_is_a_trouble() -> None:
    closed = alter_file(ON_SHARED, "gw-a", CLUSTER.cert, sha256="unreadable", owner="0:0", mode="600")
    held = of(alter_files(closed, "gw-a", cert_pem=b""))[1]
    assert held.trouble is not None
    assert held.trouble.problem == "Cluster_cert.pem cannot be read by our login (owner 0:0, mode 600)"


def test_a_list_that_our_login_may_not_read_is_a_trouble_and_an_empty_one_a_fault() -> None:
    state = FileState(PurePosixPath("/t/Cluster_crl/crl.pem"), "unreadable", "0:0", "600")
    closed = alter_files(ON_SHARED, "gw-a", crl_present=True, crl_file=state)
    assert of(closed)[-1].trouble is not None
    empty = of(alter_files(ON_SHARED, "gw-a", crl_present=True))[-1]
    assert (empty.trouble, empty.material.faults) == (None, ("it is empty",))


def test_a_standby_serves_nothing_and_its_files_are_held() -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    assert places(snapshot, "gw-d2") == [("on disk", "Cluster_cert.pem"), ("on disk", "Cluster_cafile.pem")]
    assert serves_nothing(snapshot) == ("gw-d2",)
    assert serves_nothing(unreachable(snapshot, "gw-a")) == ("gw-d2",)
