"""Going back: after a complete run and from the middle of one; and going on where somebody else began."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest

from tasks.lab.layout import Lab
from tests.e2e.labs import Rig, begun, make_sets, rigged, small
from tests.e2e.onlooker import onlooking
from tests.e2e.sights import files, fingerprint, leftovers, processes, served

NODES = ("gw-a", "gw-b")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two single members on the built-in pair; the tests go on from each other's end."""
    with rigged(tmp_path_factory.mktemp("rollback"), small(2)) as made:
        yield made


@pytest.fixture(scope="module")
def before(rig: Rig) -> dict[str, str]:
    """Keystores, truststores and server.cfg before anything was done, and what is served."""
    return _state(rig.lab)


def _state(lab: Lab) -> dict[str, str]:
    own = {path: said for path, said in files(lab).items() if "/certificates" in path or "server.cfg" in path}
    kept = {path: said for path, said in own.items() if "/.fab-tls" not in path}
    return kept | {name: served(lab, name) for name in NODES}


def _new(rig: Rig) -> str:
    return fingerprint(rig.credentials / "Cluster_cert.pem")


def test_a_complete_run_is_undone_to_the_last_byte_and_nobody_is_parted(
    rig: Rig, before: dict[str, str]
) -> None:
    rig.fab("migrate-cluster", "--yes").ok()
    assert {served(rig.lab, name) for name in NODES} == {_new(rig)}
    with onlooking(rig.lab) as seen:
        back = rig.fab("rollback", "--yes").ok()
    assert not seen.apart
    assert "rollback bridge" in back.stdout
    assert "complete: healthy: 2 members, 2 nodes" in back.stdout
    assert _state(rig.lab) == before
    assert leftovers(rig.lab) == ()
    again = rig.fab("rollback", "--yes")
    assert again.code == 3
    assert "nothing to roll back" in again.stderr


def test_a_killed_run_is_undone_and_only_what_serves_something_else_restarts(
    rig: Rig, before: dict[str, str]
) -> None:
    with begun(rig, "--yes") as run:  # gw-b alone has restarted, gw-a's files are swapped in
        run.until("done", "swap:gw-b")
        run.signalled(SIGKILL)
    was = processes(rig.lab)
    back = rig.fab("rollback", "--yes").ok()
    assert "2 restarts" not in back.stdout
    now = processes(rig.lab)
    assert [name for name in NODES if was[name] != now[name]] == ["gw-a"]
    assert _state(rig.lab) == before
    assert leftovers(rig.lab) == ()


def test_a_restart_that_was_asked_for_is_awaited_before_the_way_back_is_judged(
    rig: Rig, before: dict[str, str]
) -> None:
    with begun(rig, "--yes") as run:
        run.until("noted", "restart:gw-b")
        run.signalled(SIGKILL)
    back = rig.fab("rollback", "--yes").ok()  # at once: the old process still answers, or the new one starts
    assert re.search(r"\[gw-b\] its restart was asked for at [0-9:]+: gw-b: .*; waiting until", back.stderr)
    assert _state(rig.lab) == before
    assert leftovers(rig.lab) == ()


def test_a_run_that_has_only_placed_its_files_is_put_away_and_nobody_restarts(
    rig: Rig, before: dict[str, str]
) -> None:
    with begun(rig, "--yes") as run:
        run.until("done", "place:gw-a")
        run.signalled(SIGKILL)
    was = processes(rig.lab)
    assert leftovers(rig.lab) != ()
    back = rig.fab("rollback", "--yes").ok()
    assert "had changed nothing: what it staged is removed, its lock is free" in back.stdout
    assert (processes(rig.lab), _state(rig.lab), leftovers(rig.lab)) == (was, before, ())
    assert rig.fab("rollback", "--yes").code == 3


def test_a_rollback_that_is_killed_is_resumed_and_no_other_task_takes_its_place(
    rig: Rig, before: dict[str, str]
) -> None:
    rig.migrate("--stop-after", "1").ok()
    with begun(rig, "--yes", task="rollback") as run:
        run.until("started", "restart:gw-a")
        run.signalled(SIGKILL)
    other = rig.resume()
    assert other.code == 2
    assert "fab rollback --resume" in other.stderr
    rig.fab("rollback", "--resume").ok()
    assert _state(rig.lab) == before
    assert leftovers(rig.lab) == ()


def _another_machine(rig: Rig, place: Path) -> Path:
    """The same inventory and credentials, and no run directory."""
    for path in rig.lab.directory.iterdir():
        if path.name not in ("runs", rig.inventory.name):
            (place / path.name).symlink_to(path)
    shutil.copy(rig.inventory, place)
    return place / rig.inventory.name


def _written_by_another_process(lab: Lab) -> None:
    """What --resume on another machine makes of the lock's owner."""
    for node in lab.nodes:
        (owner,) = node.data_dir.glob("data/.fab-tls/lock/owner")
        line = json.loads(owner.read_text()) | {"owner": "other", "host": "elsewhere", "token": "another"}
        owner.write_text(json.dumps(line, separators=(",", ":")) + "\n")


def test_a_run_goes_on_from_a_machine_that_knows_nothing_of_it_and_the_first_one_stops(
    rig: Rig, tmp_path: Path
) -> None:
    elsewhere = _another_machine(rig, tmp_path)
    with begun(rig, "--yes") as first:
        first.until("started", "restart:gw-a")
        _written_by_another_process(rig.lab)
        stopped = first.end()
    assert stopped.code == 7
    assert "was taken over by other@elsewhere" in stopped.stderr
    asked = rig.resume(inventory=elsewhere)
    assert asked.code == 2
    assert "of other@elsewhere" in asked.stderr
    assert "nothing is known of it here; its plan is on gw-a, gw-b" in asked.stderr
    assert "no terminal to confirm" in asked.stderr
    rig.resume("--yes", inventory=elsewhere).ok()
    here = rig.resume("--yes").ok()  # where the run began, it is still open: what is there settles it
    assert "every member already runs with its credential set" in here.stdout
    assert "complete: healthy" in here.stdout
    assert {served(rig.lab, name) for name in NODES} == {_new(rig)}
    assert leftovers(rig.lab) == ()


def test_a_member_that_was_put_back_by_hand_is_planned_anew_and_one_with_foreign_files_stops_the_run(
    rig: Rig,
) -> None:
    make_sets(rig)
    rig.migrate("--stop-after", "1").ok()
    ca = rig.lab.node("gw-a").certificates / "truststore" / "Cluster_cafile.pem"
    mine = ca.read_bytes()
    ca.write_bytes(b"# of another\n" + mine)
    refused = rig.resume("--yes")
    assert refused.code == 3
    assert "[gw-a] Cluster_cafile.pem" in refused.stderr
    assert "neither the one of before the run nor one of its own" in refused.stderr
    ca.unlink()
    absorbed = rig.resume("--yes").ok()
    assert "[gw-a] Cluster_cafile.pem is gone" in absorbed.stderr
    assert {served(rig.lab, name) for name in NODES} == {_new(rig)}
    assert leftovers(rig.lab) == ()
