"""Restarts for their own sake, on a lab: gated, resumed after a kill, refused where they would do harm."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import Any

import pytest

from tasks.core.events import Event, EventKind
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.results import Ending, Result
from tasks.lab.faults import break_node, mend
from tasks.lab.health import not_formed
from tests.e2e.labs import PROJECT, Ran, Rig, begun, rigged, small
from tests.e2e.sights import eventually, fingerprint, leftovers, processes, rest, served
from tests.e2e.test_consent import untouched
from tests.effects.screens import Pty
from tests.forked_fab import Running


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A single member gw-a and a pair gw-b, on the built-in pair."""
    with rigged(tmp_path_factory.mktemp("restart"), small(1, pairs=1)) as made:
        yield made


@contextmanager
def restarting(rig: Rig, *nodes: str) -> Iterator[None]:
    """In the block just these nodes get a new process."""
    before = processes(rig.lab)
    yield
    after = processes(rig.lab)
    assert {name for name in before if before[name] != after[name]} == set(nodes)
    assert leftovers(rig.lab) == ()


def roles(rig: Rig) -> tuple[str, str]:
    """Who is primary of gw-b and who is standby, now."""
    found = {rest(rig.lab, node)["HighAvailability"].get("NewRole"): node.name for node in rig.lab.nodes}
    return found["PRIMARY"], found["STANDBY"]


def refused(rig: Rig, task: str, *args: str) -> Ran:
    """Exit 3; nothing was touched, and no run is open."""
    runs = rig.runs
    with untouched(rig):
        ran = rig.fab(task, *args)
    assert ran.code == 3, ran.stdout + ran.stderr
    assert rig.runs == runs
    return ran


def asked(rig: Rig) -> list[str]:
    """The restarts that the newest run asked for, by node."""
    noted = (e["facts"] for e in rig.journal() if e["event"] == "noted")
    return [facts["node"] for facts in noted if facts.get("started_before")]


def test_a_single_member_is_restarted_and_nobody_else(rig: Rig) -> None:
    with restarting(rig, "gw-a"):
        ran = rig.fab("restart", "gw-a", "--yes", "--json").ok()
    assert "complete: healthy: 2 members" in ran.stderr
    assert "note: clients of gw-a have no server for about 15 s" in ran.stderr
    result = Result.model_validate_json(ran.stdout)
    assert (result.task, result.outcome, result.run) == ("restart", Ending.COMPLETE, rig.runs[-1].name)
    assert result.verdict.startswith("healthy: 2 members")
    assert result.plan is not None
    assert result.plan.steps_done == result.plan.steps > 0
    assert result.availability is not None
    assert list(result.availability.away) == ["gw-a"]
    assert asked(rig) == ["gw-a"]


def _gated(rig: Rig, **gates: str) -> Path:
    """An inventory in which gw-a has gates of its own; each is a script of that text."""
    for name, text in gates.items():
        path = rig.lab.directory / f"{name}.sh"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def change(document: dict[str, Any]) -> None:
        (cluster,) = document["clusters"].values()
        cluster["members"]["gw-a"]["gates"] = {name: [f"./{name}.sh"] for name in gates}

    return rig.changed_inventory("gated", change)


def test_gates_of_ones_own_let_pass_or_stop_the_line(rig: Rig) -> None:
    closed = _gated(rig, before_restart="echo the pool has nobody else; exit 1", after_restart="exit 9")
    before = processes(rig.lab)
    ran = rig.fab("restart", "gw-a", "--yes", inventory=closed)
    assert ran.code == 5
    assert "gates of gw-a: before each restart: ./before_restart.sh; after it" in ran.stdout
    assert "ended with exit status 1; it printed last: the pool has nobody else" in ran.stderr
    assert processes(rig.lab) == before
    opened = _gated(rig, before_restart="cat >> told", after_restart="cat >> told; exit 9")
    with restarting(rig, "gw-a"):
        ran = rig.fab("restart", "--resume", inventory=opened)
        assert ran.code == 5
        assert "gate after restart: ./after_restart.sh: ended with exit status 9" in ran.stderr
        rig.fab("restart", "--resume", inventory=_gated(rig, after_restart="cat >> told")).ok()
    told = [json.loads(line) for line in (rig.lab.directory / "told").read_text().splitlines()]
    assert [(one["event"], one["node"]) for one in told] == [
        ("before_restart", ""),
        ("after_restart", "gw-a"),
        ("after_restart", "gw-a"),
    ]


def test_a_pair_is_restarted_standby_first_and_goes_on_after_a_kill(rig: Rig) -> None:
    primary, standby = roles(rig)
    with restarting(rig, primary, standby):
        with begun(rig, "gw-b", "--yes", task="restart") as run:
            run.until("done", "restart-standby:gw-b")
            assert run.signalled(SIGKILL).code == -SIGKILL
        other = rig.fab("restart-standbys", "--resume")
        assert other.code == 2
        assert "is one of restart, not of restart-standbys" in other.stderr
        assert "complete: healthy" in rig.fab("restart", "--resume").ok().stdout
    assert asked(rig) == [standby, primary]
    assert roles(rig) == (standby, primary)


def test_standbys_are_restarted_in_turn_and_no_primary_even_after_a_kill(rig: Rig) -> None:
    before = primary, standby = roles(rig)
    with restarting(rig, standby):
        with begun(rig, "--yes", task="restart-standbys") as run:
            run.until_told(f"waiting for standby {standby} back in sync")
            run.signalled(SIGKILL)
        rig.fab("restart-standbys", "--resume").ok()
    assert asked(rig) == [standby]
    assert roles(rig) == before
    assert served(rig.lab, primary) == served(rig.lab, "gw-a")


def test_one_node_of_a_pair_alone(rig: Rig) -> None:
    before = roles(rig)
    with restarting(rig, before[1]):
        ran = rig.fab("restart", "gw-b", "--node", before[1], "--yes", "--progress", "json").ok()
    events = [Event.model_validate_json(line).event for line in ran.stderr.splitlines()]
    assert (events[0], events[-1]) == (EventKind.START, EventKind.DONE)
    assert "complete: healthy" in ran.stdout
    assert roles(rig) == before


def test_a_node_whose_partner_is_gone_is_not_restarted(rig: Rig) -> None:
    primary, standby = roles(rig)
    break_node(rig.lab.directory, standby, "gateway-down")
    try:
        assert "ERROR rest" in refused(rig, "restart", "gw-b", "--node", primary, "--yes").stderr
        ignoring = ("--ignore", "rest", "--ignore", "wire", "--ignore", "pair-sync", "--ignore", "pair-roles")
        ran = refused(rig, "restart", "gw-b", "--node", primary, "--yes", *ignoring)
        assert f"[{primary}] a pair's second node: {standby} is not there to serve" in ran.stderr
    finally:
        mend(rig.lab.directory, standby)
        assert eventually(lambda: not_formed(rig.lab) is None)


def test_a_server_in_maintenance_is_not_restarted(rig: Rig) -> None:
    break_node(rig.lab.directory, "gw-a", "maintenance")
    _start_anew(rig, "gw-a")
    try:
        assert eventually(lambda: _state(rig, "gw-a") == 9)
        ran = refused(rig, "restart", "gw-a", "--yes")
        assert "ERROR state: [gw-a] State 9" in ran.stderr
        assert "fab recover gw-a says why, and brings it out of it" in ran.stderr
    finally:
        mend(rig.lab.directory, "gw-a")
        _start_anew(rig, "gw-a")
        assert eventually(lambda: not_formed(rig.lab) is None)


def _start_anew(rig: Rig, node: str) -> None:
    break_node(rig.lab.directory, node, "gateway-down")
    mend(rig.lab.directory, node, "gateway-down")


def _state(rig: Rig, node: str) -> int:
    try:
        return int(rest(rig.lab, rig.lab.node(node))["Server"]["State"])
    except OSError:
        return -1


def test_what_was_put_on_the_disk_is_loaded_only_on_a_word_and_only_if_it_works(rig: Rig) -> None:
    before = served(rig.lab, "gw-a")
    _put_set(rig, "gw-a")
    pending = refused(rig, "restart", "gw-a", "--yes")
    assert "ERROR load-pending: [gw-a] serves" in pending.stderr
    assert "to load it now: fab restart gw-a --load-pending" in pending.stderr
    for fault, says in (
        ("key-mismatch", "start-dead: [gw-a] Cluster_key.pem does not belong to Cluster_cert.pem"),
        ("key-mode", "start-fallback: [gw-a] Cluster_key.pem cannot be read by the service user"),
        ("ca-missing", "start-alone: [gw-a] Cluster_cafile.pem is missing"),
    ):
        break_node(rig.lab.directory, "gw-a", fault)
        assert says in refused(rig, "restart", "gw-a", "--load-pending", "--yes").stderr
        mend(rig.lab.directory, "gw-a", fault)
    assert served(rig.lab, "gw-a") == before
    with restarting(rig, "gw-a"):
        ran = rig.fab("restart", "gw-a", "--load-pending", "--yes").ok()
    assert "note: gw-a: serves" in ran.stdout
    assert served(rig.lab, "gw-a") == fingerprint(rig.credentials / CERT_FILE) != before


def _put_set(rig: Rig, node: str) -> None:
    """By hand, as anybody might: the member's new set, whose CA file trusts the built-in pair, too."""
    place = rig.lab.node(node).certificates
    own, builtin = rig.credentials, rig.lab.directory / "builtin" / "amlen" / "cert.pem"
    trusted = (own / CA_FILE).read_bytes() + builtin.read_bytes()
    for name, home in ((CA_FILE, "truststore"), (CERT_FILE, "keystore"), (KEY_FILE, "keystore")):
        target = place / home / name
        target.write_bytes(trusted if name == CA_FILE else (own / name).read_bytes())
        target.chmod(0o600)
        _give(target, like=place / home)


def _give(path: Path, *, like: Path) -> None:
    seen = like.stat()
    shutil.chown(path, seen.st_uid, seen.st_gid)


def test_on_a_terminal_the_run_is_drawn_and_its_log_stays(rig: Rig) -> None:
    pty = Pty(80, 24)
    run = _on(pty, rig, "restart", "gw-a", "--yes")
    assert run.wait(60) == 0
    shown = pty.close()
    assert re.search("> gw-a +(single|-) ", pty.terminal.ever)
    assert "waiting at most " in pty.terminal.ever
    assert all(len(line) <= 80 for line in shown)
    log = [line[9:] for line in shown if line[2:3] == ":"]
    steps = ["[1/2] restart:gw-a: restart gw-a", "[2/2] prove:cluster: prove all"]
    assert [line for line in log if line.startswith("[")] == steps
    assert len([line for line in log if line.startswith("    done in")]) == 2
    assert not any("so far" in line or line.startswith("> ") for line in shown)  # of what was in place
    assert any(line.startswith("[####################] 2 of 2 steps done: complete after") for line in shown)
    assert "complete: healthy: 2 members" in " ".join(shown)


def test_the_watch_survives_a_node_that_goes_away_and_marks_what_changes(rig: Rig) -> None:
    pty = Pty(80, 24)
    standby = roles(rig)[1]
    watch = _on(pty, rig, "status", "--watch", "--interval", "0.5")
    pty.until("healthy: 2 members")
    break_node(rig.lab.directory, standby, "gateway-down")
    try:
        pty.until("no answer for ")
        gone = pty.until("NOT HEALTHY")
        assert any(f"[{standby}] CLUSTER State 10, Standby 0/0 -> no answer" in line for line in gone)
    finally:
        mend(rig.lab.directory, standby)
    pty.until(f"[{standby}] CLUSTER no answer -> State")
    pty.until("healthy: 2 members, 3 nodes, all connected")
    watch.send_signal(SIGINT)
    assert watch.wait(30) == 0
    shown = pty.close()
    assert [line.split()[0] for line in shown if line[:4] == "gw-b"] == ["gw-b1", "gw-b2"]
    assert not any("Ctrl-C" in line for line in shown)
    assert " healthy: 2 members" in " ".join(shown)
    assert "no answer for " in pty.terminal.ever
    assert "Active*" in pty.terminal.ever or "Standby*" in pty.terminal.ever


def test_a_watch_for_machines_is_one_object_a_line_and_ends_with_its_reader(rig: Rig) -> None:
    ours, theirs = os.pipe()
    argv = rig.argv("status", "--watch", "--json", "--interval", "0.5")
    watch = Running(argv, cwd=PROJECT, env=rig.environment(), output=(theirs, theirs))
    os.close(theirs)
    with os.fdopen(ours) as lines:
        first, second = (json.loads(next(lines)) for _ in range(2))
    assert first["at"] < second["at"]
    assert {row["node"] for row in second["rows"]} == {node.name for node in rig.lab.nodes}
    assert watch.wait(30) == 0


def _on(pty: Pty, rig: Rig, task: str, *args: str) -> Running:
    environment = {**rig.environment(), "TERM": "xterm"}
    output = (pty.slave, pty.slave)
    return Running(rig.argv(task, *args), cwd=PROJECT, env=environment, output=output)
