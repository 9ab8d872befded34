"""`fab recover`: each of the four is mended on a running lab, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tasks.lab.faults import break_node, mend
from tests.e2e.labs import Rig, on_own_set, rigged, small
from tests.e2e.sights import (
    eventually,
    files,
    fingerprint,
    leave_for_maintenance,
    leftovers,
    processes,
    rest,
    restart,
    served,
)

NODE = "gw-b"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two members on their set; every test leaves them so."""
    with rigged(tmp_path_factory.mktemp("recover"), small()) as made:
        on_own_set(made)
        yield made


def _state(rig: Rig) -> tuple[int, int] | None:
    """State and ErrorCode; None while nothing answers."""
    try:
        server = rest(rig.lab, rig.lab.node(NODE))["Server"]
    except OSError:
        return None
    return server["State"], server["ErrorCode"]


def _is_sound(rig: Rig) -> None:
    assert eventually(lambda: _state(rig) == (1, 0))
    assert served(rig.lab, NODE) == fingerprint(rig.credentials / "Cluster_cert.pem")
    assert leftovers(rig.lab) == ()


def _restarts_into(rig: Rig, log_line: str) -> None:
    """Restart it behind the tool's back, until the new process says so in its log."""
    log = rig.lab.node(NODE).log_dir / "imaserver-default.log"
    before, said = processes(rig.lab)[NODE], log.read_text().count(log_line)
    restart(rig.lab, NODE)
    assert eventually(lambda: processes(rig.lab)[NODE] not in (before, None))
    assert eventually(lambda: log.read_text().count(log_line) > said)


def test_a_server_that_listens_on_nothing_is_given_good_files_and_started(rig: Rig) -> None:
    break_node(rig.lab.directory, NODE, "key-mismatch")
    _restarts_into(rig, "CWLNA6120")
    before, dead = files(rig.lab), processes(rig.lab)[NODE]
    shown = rig.fab("recover", NODE, "--plan").ok()
    for text in (
        "listens on nothing",
        "T1",
        "CWLNA0911",
        "key values mismatch",
        "does not belong",
        "TERM to",
    ):
        assert text in " ".join(shown.stdout.split())
    asked = rig.fab("recover", NODE)
    assert (asked.code, "no terminal" in asked.stderr) == (2, True)
    log = rig.lab.node(NODE).log_dir / "imaserver-default.log"
    said = log.read_text()
    log.write_text("")
    unsaid = rig.fab("recover", NODE, "--yes")
    assert (unsaid.code, "its log since its start" in unsaid.stderr) == (3, True)
    log.write_text(said)
    assert (files(rig.lab), processes(rig.lab)[NODE]) == (before, dead)
    ran = rig.fab("recover", NODE, "--yes").ok()
    assert "gw-b is recovered" in ran.stdout
    assert "process" in ran.stderr
    assert "is still there" in ran.stderr
    _is_sound(rig)
    mend(rig.lab.directory, NODE)


def test_a_recovery_that_was_broken_off_before_the_start_goes_on_from_there(rig: Rig) -> None:
    def starts_nothing(document: dict[str, Any]) -> None:
        document["clusters"]["rehearsal"]["members"][NODE]["service"]["start"] = ["false"]

    break_node(rig.lab.directory, NODE, "key-mismatch")
    _restarts_into(rig, "CWLNA6120")
    broken = rig.fab("recover", NODE, "--yes", inventory=rig.changed_inventory("unstartable", starts_nothing))
    assert (broken.code, "it is down: false: exit 1" in broken.stderr) == (4, True)
    assert processes(rig.lab)[NODE] is None
    held = rig.fab("migrate-cluster", "--break-lock", "RUN-1")
    assert "[gw-a] run recover-gw-b-" in held.stderr
    ran = rig.fab("recover", NODE, "--yes").ok()
    assert "an earlier `fab recover` ended its process" in ran.stdout
    _is_sound(rig)
    mend(rig.lab.directory, NODE)


def test_a_server_that_is_well_is_looked_at_and_left_alone(rig: Rig) -> None:
    before = files(rig.lab), processes(rig.lab)
    ran = rig.fab("recover", NODE, "--yes").ok()
    assert "nothing is wrong: REST answers, State 1" in ran.stdout
    assert (files(rig.lab), processes(rig.lab)) == before


def test_progress_of_another_kind_is_refused_before_anything_is_asked(rig: Rig) -> None:
    ran = rig.fab("recover", NODE, "--progress", "auto")
    assert (ran.code, "one of: plain, json" in ran.stderr) == (2, True)


def test_a_node_that_nobody_knows_is_named_with_those_that_are(rig: Rig) -> None:
    ran = rig.fab("recover", "gw-x")
    assert (ran.code, "one of: gw-a, gw-b" in ran.stderr) == (2, True)


def test_a_store_that_is_not_available_is_healed_by_a_restart(rig: Rig) -> None:
    node = rig.lab.node(NODE)
    break_node(rig.lab.directory, NODE, "gateway-down")
    state = node.directory / "state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "unclean": True}))
    mend(rig.lab.directory, NODE)
    assert eventually(lambda: _state(rig) == (9, 500))
    ran = rig.fab("recover", NODE, "--yes", "--progress", "json").ok()
    assert "T5" in ran.stdout
    assert "after 1 restart" in ran.stdout
    events = [json.loads(line)["event"] for line in ran.stderr.splitlines() if line.startswith("{")]
    assert (events[0], events[-1]) == ("start", "done")
    assert "waiting" in events
    _is_sound(rig)


def test_a_server_that_its_restart_leaves_down_is_started(rig: Rig) -> None:
    leave_for_maintenance(rig.lab, NODE)
    assert eventually(lambda: _state(rig) == (9, 0))
    marker = rig.lab.node(NODE).directory / "restart_inited"
    marker.touch()  # T5: a stale one
    ran = rig.fab("recover", NODE, "--yes").ok()
    marker.unlink()
    assert "no process is there: asking for its start" in ran.stderr
    _is_sound(rig)


def test_a_server_that_was_put_into_maintenance_is_taken_out_of_it(rig: Rig) -> None:
    leave_for_maintenance(rig.lab, NODE)
    assert eventually(lambda: _state(rig) == (9, 0))
    assert "somebody has put it into maintenance" in rig.fab("recover", NODE, "--yes").ok().stdout
    _is_sound(rig)


def test_a_keystore_line_that_leads_nowhere_is_led_back_to_the_admin_files(rig: Rig) -> None:
    cfg = rig.lab.node(NODE).server_cfg
    good = cfg.read_text()
    cfg.write_text(good.replace("/keystore\n", "/keystor\n"))
    _restarts_into(rig, "!AdminEndpoint")
    assert eventually(lambda: _listens_at(rig, rig.lab.ports.control))
    ran = rig.fab("recover", NODE, "--yes").ok()
    assert "T11" in ran.stdout
    assert "lead KeyStore of server.cfg to" in ran.stdout
    assert cfg.read_text() == good
    _is_sound(rig)


def _listens_at(rig: Rig, port: int) -> bool:
    try:
        served(rig.lab, NODE, port=port)
    except OSError:
        return False
    return True
