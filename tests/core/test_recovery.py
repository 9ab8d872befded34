"""What is wrong with a node: one of four things, or nothing that `fab recover` would touch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tasks.core.open_run import OpenRun
from tasks.core.recovery import Sight, diagnose
from tasks.core.recovery_kinds import (
    Dead,
    Diagnosis,
    Down,
    LostBySync,
    NoAdminFiles,
    NoStore,
    Other,
    SetAside,
    Sound,
)
from tasks.core.recovery_process import Processes
from tasks.core.recovery_text import numbered, sentence, sight_table
from tasks.core.snapshot import Snapshot
from tests.core.certs import OTHER_SHARED, SHARED
from tests.core.plans import plan_of
from tests.core.recoveries import (
    CONTROL,
    EARLIER,
    ERROR_187,
    NO_CONTEXT,
    dead,
    log,
    open_run,
    process,
    sight,
    silent,
)
from tests.core.snapshots import WITH_PAIR, alter_file, alter_files, alter_server, alter_status, healthy
from tests.core.statuses import paired

HALF_UP = Processes((process(f"10.0.0.1:{CONTROL}", "10.0.0.1:9105"),))
OTHERS_ELSEWHERE = alter_files(silent(), "gw-a", others=(), keystore=PurePosixPath("/srv/other"))


def state(number: int, *, code: int = 0) -> Sight:
    snapshot = healthy(runs=SHARED)
    return sight(alter_server(snapshot, "gw-a", state=number, error_code=code, error_message="trouble"))


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        pytest.param(dead(), Dead, id="T1 by CWLNA0911"),
        pytest.param(dead(log=log(ERROR_187)), Dead, id="T1 by CWLNA6120 with 187"),
        pytest.param(dead(log=""), Other, id="a silent log"),
        pytest.param(dead(log=log(NO_CONTEXT, at=EARLIER)), Other, id="lines of an earlier start"),
        pytest.param(dead(log=log("CWLNA6120 E: The error code is 500.")), Other, id="another error code"),
        pytest.param(dead(processes=HALF_UP), Other, id="it listens, whatever its log says"),
        pytest.param(
            dead(processes=Processes((process(), process(pid=4712)))), Other, id="two processes, of which one"
        ),
        pytest.param(dead(processes=Processes((), (4711,))), Other, id="a process that cannot be looked at"),
        pytest.param(sight(OTHERS_ELSEWHERE, processes=HALF_UP), NoAdminFiles, id="T11"),
        pytest.param(sight(silent(), processes=HALF_UP), Other, id="half up, the admin files there"),
        pytest.param(
            sight(OTHERS_ELSEWHERE, processes=Processes((process("10.0.0.1:9086"),))),
            Other,
            id="no admin files, but no cluster port either",
        ),
        pytest.param(sight(OTHERS_ELSEWHERE), Other, id="no admin files, but the admin port is open"),
        pytest.param(state(9, code=500), NoStore, id="T5"),
        pytest.param(state(9, code=509), NoStore, id="T5 in a pair"),
        pytest.param(state(9), SetAside, id="T5 without an error"),
        pytest.param(state(9, code=510), Other, id="maintenance for another reason"),
        pytest.param(state(1, code=7), Other, id="production with an error"),
        pytest.param(state(11), Other, id="starting"),
        pytest.param(state(1), Sound, id="well"),
        pytest.param(
            sight(healthy(runs=SHARED), processes=Processes((process(),)), log=log(NO_CONTEXT)),
            Sound,
            id="it answers, whatever its log says",
        ),
        pytest.param(sight(silent(), processes=Processes(())), Other, id="down"),
        pytest.param(sight(silent(), processes=Processes(()), broken_off=True), Down, id="down by our doing"),
    ],
)
def test_a_node_is_what_was_seen_of_it(seen: Sight, kind: type[Diagnosis]) -> None:
    assert type(diagnose(seen)) is kind


def test_a_server_that_is_down_is_named_with_the_command_that_starts_it() -> None:
    found = diagnose(sight(silent(), processes=Processes(())))
    assert found == Other("no server process runs with its server.cfg", "on gw-a: start it; then: fab status")


PLAN = plan_of(healthy(WITH_PAIR, runs=SHARED), OTHER_SHARED)
SWAPPED = open_run(PLAN, done=("swap:gw-d",), begun=("swap:gw-d",))


def held(snapshot: Snapshot, *nodes: str) -> Snapshot:
    """These nodes hold the files that the run swaps in."""
    for node in nodes:
        for name, sha in OTHER_SHARED.sha256.items():
            snapshot = alter_file(snapshot, node, name, sha256=sha)
    return snapshot


@pytest.mark.parametrize("asked", ["gw-d1", "gw-d2"])
def test_a_pair_with_the_former_files_after_its_swap_has_lost_them_to_a_sync(asked: str) -> None:
    seen = sight(healthy(WITH_PAIR, runs=SHARED), name=asked, run=SWAPPED)
    assert diagnose(seen) == LostBySync("gw-d", primary="gw-d1", standby="gw-d2", round=0)


def test_roles_are_those_of_now() -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    swapped = alter_status(
        alter_status(snapshot, "gw-d1", ha=paired("STANDBY")), "gw-d2", ha=paired("PRIMARY")
    )
    seen = sight(alter_server(swapped, "gw-d2", state=1), name="gw-d2", run=SWAPPED)
    assert diagnose(seen) == LostBySync("gw-d", primary="gw-d2", standby="gw-d1", round=0)


@pytest.mark.parametrize(
    ("snapshot", "run"),
    [
        pytest.param(held(healthy(WITH_PAIR, runs=SHARED), "gw-d1", "gw-d2"), SWAPPED, id="they lie there"),
        pytest.param(held(healthy(WITH_PAIR, runs=SHARED), "gw-d1"), SWAPPED, id="they differ: not synced"),
        pytest.param(healthy(WITH_PAIR, runs=SHARED), None, id="no run"),
        pytest.param(healthy(WITH_PAIR, runs=SHARED), open_run(PLAN), id="not swapped in yet"),
        pytest.param(
            healthy(WITH_PAIR, runs=SHARED),
            open_run(PLAN, begun=("swap:gw-d",)),
            id="the swap was broken off",
        ),
    ],
)
def test_a_pair_is_well_where_no_sync_took_anything(snapshot: Snapshot, run: OpenRun | None) -> None:
    assert type(diagnose(sight(snapshot, name="gw-d2", run=run))) is Sound


def test_a_single_member_loses_nothing_to_a_sync() -> None:
    run = open_run(PLAN, done=("swap:gw-a",))
    assert type(diagnose(sight(healthy(WITH_PAIR, runs=SHARED), run=run))) is Sound


def test_what_was_seen_is_shown_on_one_screen() -> None:
    table = sight_table(dead(log=log(NO_CONTEXT) + log(ERROR_187)), at="now")
    assert table.rows == (
        ("process", "4711, started 2026-11-22 12:00:00 UTC, listens on nothing"),
        ("REST", "connection refused"),
        ("log", f"Server . {NO_CONTEXT}\nServer . {ERROR_187}"),
        ("files", "Cluster_key.pem does not belong to it (T1)"),
    )


def test_a_stranger_s_words_steer_no_terminal() -> None:
    seen = sight(alter_server(healthy(runs=SHARED), "gw-a", error_code=7, error_message="\x1b[2J"))
    assert "\x1b" not in str(sight_table(seen, at="now").rows)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (dead(), "T1: the server runs but can make no TLS context"),
        (state(9, code=500), "T5: maintenance, because the store is not available (ErrorCode 500 trouble)"),
        (sight(healthy(WITH_PAIR, runs=SHARED), name="gw-d2", run=SWAPPED), "T7: gw-d2 has lost the files"),
        (sight(OTHERS_ELSEWHERE, processes=HALF_UP), "where KeyStore of server.cfg leads: /srv/other"),
    ],
    ids=["T1", "T5", "T7", "T11"],
)
def test_what_is_wrong_is_named(found: Sight, says: str) -> None:
    assert says in sentence(diagnose(found))


def test_steps_are_numbered() -> None:
    assert numbered(("one", "two")) == ("  1. one", "  2. two")


def test_a_process_is_dead_by_its_own_lines_alone() -> None:
    """Two processes have two starts: no line is anybody's."""
    seen = dead()
    assert seen.lines == (f"Server       .          {NO_CONTEXT}",)
    assert replace(seen, processes=Processes((process(), process(pid=2)))).lines == ()
