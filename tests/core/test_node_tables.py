"""Files on the nodes with their rights, and what the processes serve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.file_names import CLUSTER
from tasks.core.node_tables import (
    files_table,
    misnamed,
    processes_table,
    shown_files,
    shown_processes,
)
from tasks.core.snapshot import Snapshot, Wire
from tasks.core.text_table import TextTable
from tasks.effects.console import show_table
from tests.core.certs import BUILTIN, SHARED
from tests.core.snapshots import (
    NO_ANSWER,
    THREE,
    TRUSTSTORE,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    files_of,
    healthy,
    unreachable,
)

ON_SHARED = healthy(THREE, runs=SHARED)
LABEL = "system_u:object_r:var_lib_t:s0"


def files(snapshot: Snapshot, *, width: int = 80) -> TextTable:
    return files_table("production", shown_files(snapshot), width=width)


def test_each_file_has_its_owner_mode_and_whether_the_service_user_reads_it() -> None:
    digits = {name: sha[:8] for name, sha in SHARED.sha256.items()}
    rows = files(ON_SHARED).rows
    assert rows[:3] == (
        ("gw-a", CLUSTER.ca, "463:463", "600", "yes", digits[CLUSTER.ca]),
        ("", CLUSTER.cert, "463:463", "600", "yes", digits[CLUSTER.cert]),
        ("", CLUSTER.key, "463:463", "600", "yes", ""),
    )
    assert rows[3][0] == "gw-b"


def test_nothing_of_a_key_is_shown() -> None:
    keys = [one for one in shown_files(ON_SHARED) if one.file == CLUSTER.key]
    assert {one.sha256 for one in keys} == {""}


def test_a_file_that_the_server_cannot_read_is_marked() -> None:
    closed = alter_file(ON_SHARED, "gw-a", CLUSTER.cert, readable=False, owner="0:0")
    assert ("", CLUSTER.cert, "0:0", "600", "NO") == files(closed).rows[1][:5]


def test_labels_are_shown_where_there_are_any_short_on_a_narrow_screen() -> None:
    labelled = alter_file(ON_SHARED, "gw-a", CLUSTER.cert, label=LABEL)
    assert files(labelled).rows[1][-1] == "var_lib_t"
    assert files(labelled, width=160).rows[1][-1] == LABEL
    assert files(labelled).rows[2][-1] == ""
    assert "LABEL" not in files(ON_SHARED).header


def test_a_missing_file_is_absent_and_a_node_without_any_is_one_row() -> None:
    some = alter_file(ON_SHARED, "gw-a", CLUSTER.ca, sha256=None)
    assert files(some).rows[0][:3] == ("gw-a", CLUSTER.ca, "absent")
    assert [row[:2] for row in files(healthy()).rows] == [
        (name, "no file of a set") for name in ("gw-a", "gw-b", "gw-c")
    ]


def test_a_list_is_a_file_too() -> None:
    state = replace(files_of(ON_SHARED, "gw-a").files[CLUSTER.ca], path=TRUSTSTORE / CLUSTER.crl)
    listed = alter_files(ON_SHARED, "gw-a", crl_present=True, crl_file=state)
    assert files(listed).rows[3][:2] == ("", CLUSTER.crl)


def test_a_node_that_could_not_be_seen_is_left_to_the_findings() -> None:
    assert {one.node for one in shown_files(unreachable(ON_SHARED, "gw-a"))} == {"gw-b", "gw-c"}


@pytest.mark.parametrize("other", ["cluster_cert.pem", "CLUSTER_KEY.PEM", "ha_key.pem"])
def test_a_name_in_another_case_is_a_finding(other: str) -> None:
    (finding,) = misnamed(alter_files(ON_SHARED, "gw-a", others=(other, "AdminDefaultCert.pem")))
    assert (finding.name, finding.where) == ("file-name-case", "gw-a")
    assert finding.problem.startswith(f"{other} is not read by the server: the name must be exactly ")


def test_right_names_are_no_finding() -> None:
    assert list(misnamed(alter_files(ON_SHARED, "gw-a", others=("HA_key.pem", "x.pem")))) == []
    assert list(misnamed(unreachable(ON_SHARED, "gw-a"))) == []


def test_a_process_shows_what_it_serves_and_whom_it_accepts() -> None:
    rows = processes_table("production", shown_processes(ON_SHARED)).rows
    assert rows[0] == ("gw-a", f"{SHARED.leaf.sha256[:8]} CN=production", "TLSv1.3", "CN=production")


def test_on_the_built_in_pair_it_takes_that_alone() -> None:
    shown = shown_processes(alter(healthy(), "gw-a", wire=replace(_wire(healthy()), client_cas=())))
    assert processes_table("x", shown).rows[0] == (
        "gw-a",
        f"{BUILTIN.sha256[:8]} BUILT-IN",
        "TLSv1.3",
        "BUILT-IN",
    )


def _wire(snapshot: Snapshot) -> Wire:
    seen = snapshot.nodes["gw-a"].wire
    assert isinstance(seen, Wire)
    return seen


def test_a_process_without_a_ca_file_accepts_nobody() -> None:
    alone = alter(ON_SHARED, "gw-a", wire=replace(_wire(ON_SHARED), client_cas=()))
    assert processes_table("x", shown_processes(alone)).rows[0][3] == "nobody"


def test_a_standby_serves_nothing_and_its_proof_is_as_status_says() -> None:
    shown = {one.node: one for one in shown_processes(healthy(WITH_PAIR, runs=SHARED))}
    assert shown["gw-d2"].note == "standby: serves nothing; proof: by files and start time"
    assert shown["gw-d1"].note == ""


def test_what_could_not_be_seen_is_said() -> None:
    for snapshot in (unreachable(ON_SHARED, "gw-a"), alter(ON_SHARED, "gw-a", wire=NO_ANSWER)):
        assert shown_processes(snapshot)[0].note == "could not be seen"


def test_both_tables_fit_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    found = alter_file(healthy(WITH_PAIR, runs=SHARED), "gw-a", CLUSTER.cert, label=LABEL)
    show_table(files(found), columns=80)
    show_table(processes_table("production", shown_processes(found)), columns=80)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
