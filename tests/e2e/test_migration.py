"""The whole way on three members and a pair, and what it leaves behind."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.labs import Ran, Rig, begun, rigged, small
from tests.e2e.onlooker import Seen, onlooking
from tests.e2e.sights import backups, fingerprint, leftovers, rest, sampled, served

BLOCK = 48  # characters of base64 that no two keys share


@dataclass(frozen=True, slots=True)
class Done:
    """A lab after its migration, what the tool said, and what was seen meanwhile: command lines, partitions."""

    rig: Rig
    migration: Ran
    command_lines: tuple[str, ...]
    seen: Seen


def _command_lines() -> frozenset[str]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return frozenset(found)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    with rigged(tmp_path_factory.mktemp("whole"), small(3, pairs=1)) as rig:
        rig.fab("credentials.create", "--force").ok()
        with (
            onlooking(rig.lab) as seen,
            sampled(_command_lines) as samples,
            begun(rig, "--yes", executable=True) as run,
        ):
            migration = run.end()
        yield Done(rig, migration, tuple(frozenset().union(*samples)), seen)


def test_a_migration_of_three_members_and_a_pair_ends_with_the_proof_table(done: Done) -> None:
    text = done.migration.ok().stdout
    new = fingerprint(done.rig.credentials / "Cluster_cert.pem")
    assert "rehearsal: proof" in text
    assert "complete: healthy: 4 members, 5 nodes, all connected, 1 certificate" in text
    table = text[text.index("rehearsal: proof") :].splitlines()
    rows = {line.split()[0]: line for line in table if line.startswith("gw-")}
    assert set(rows) == {"gw-a", "gw-b", "gw-c", "gw-d1", "gw-d2"}
    assert all(" yes " in row for row in rows.values()), rows
    assert all(new[:8] in rows[name] for name in ("gw-a", "gw-b", "gw-c", "gw-d2"))
    assert "by files and start time" in rows["gw-d1"]


def test_the_documented_procedure_parts_old_and_new_and_both_samplers_see_it(done: Done) -> None:
    assert done.seen.apart
    apart = next(line for line in done.migration.stdout.splitlines() if line.startswith("  apart: "))
    assert "gw-a x " in apart


def test_what_it_cost_is_in_its_run_directory_and_report(done: Done) -> None:
    found = json.loads(done.rig.fab("runs.report", "--json").ok().stdout)
    seen = found["availability"]
    assert (found["state"], found["steps_done"], found["strategy"]) == (
        "complete",
        found["steps"],
        "prescribed",
    )
    assert set(seen["away"]) == {"gw-a", "gw-b", "gw-c", "gw-d"}
    assert any("gw-a" in each["members"] and each["seconds"] > 0.1 for each in seen["apart"])
    for text in (done.migration.stdout, done.rig.fab("runs.report").ok().stdout):
        assert f"availability: {seen['samples']} samples" in text
        assert "  apart: gw-" in text
    assert stat.S_IMODE((done.rig.runs[-1] / "availability.jsonl").stat().st_mode) == 0o600


def test_every_node_then_serves_the_new_certificate_and_nobody_is_missing(done: Done) -> None:
    new = fingerprint(done.rig.credentials / "Cluster_cert.pem")
    for name in ("gw-a", "gw-b", "gw-c", "gw-d2"):
        assert served(done.rig.lab, name) == new
        cluster = rest(done.rig.lab, done.rig.lab.node(name))["Cluster"]
        assert (cluster["ConnectedServers"], cluster["DisconnectedServers"]) == (3, 0)
    for node in done.rig.lab.nodes:
        for name in ("Cluster_cert.pem", "Cluster_key.pem"):
            live = node.certificates / "keystore" / name
            assert live.read_bytes() == (done.rig.credentials / name).read_bytes()
            assert stat.S_IMODE(live.stat().st_mode) == 0o600
            assert live.stat().st_uid == node.certificates.stat().st_uid


def test_the_steps_are_in_the_documented_order_each_done_before_the_next(done: Done) -> None:
    told = [(entry["event"], entry.get("step")) for entry in done.rig.journal() if entry["event"] != "noted"]
    steps = [step for event, step in told if event == "done"]
    assert steps == [
        *("place:gw-a", "place:gw-b", "place:gw-d1", "place:gw-d2", "place:gw-c"),
        *("swap:gw-d", "restart-standby:gw-d"),
        *("swap:gw-a", "restart:gw-a", "swap:gw-b", "restart:gw-b", "restart:gw-d"),
        *("swap:gw-c", "restart:gw-c", "prove:cluster"),
    ]
    assert told[0] == ("opened", None)
    assert told[-1] == ("completed", None)
    for (event, step), (after, same) in pairwise(told[1:-1]):
        assert (after, same == step) == (("done", True) if event == "started" else ("started", False))


def test_nothing_is_left_on_the_nodes_but_the_backups(done: Done) -> None:
    assert leftovers(done.rig.lab) == ()
    kept = backups(done.rig.lab)
    assert set(kept) == {node.name for node in done.rig.lab.nodes}
    for names in kept.values():
        assert "server.cfg" in names
        assert "Cluster_key.pem.absent" in names  # the built-in pair was in use


def test_the_run_directory_is_for_its_owner_alone(done: Done) -> None:
    (run,) = done.rig.runs
    for place in (run, run.parent / "plans"):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in run.iterdir()} == {0o600}


def test_credentials_in_use_are_not_overwritten_unasked(done: Done) -> None:
    before = (done.rig.credentials / "Cluster_key.pem").read_bytes()
    ran = done.rig.fab("credentials.create")
    assert ran.code == 2
    assert "not overwritten" in ran.stderr
    assert "--force" in ran.stderr
    assert (done.rig.credentials / "Cluster_key.pem").read_bytes() == before


def test_a_second_migration_has_nothing_to_do(done: Done) -> None:
    again = done.rig.migrate().ok()
    assert "nothing to do: every member already runs with its credential set" in again.stdout
    assert len(done.rig.runs) == 1


def test_status_is_healthy_and_says_so_as_json(done: Done) -> None:
    shown = done.rig.fab("status").ok()
    assert "healthy: 4 members, 5 nodes, all connected, 1 certificate" in shown.stdout
    assert "BUILT-IN" not in shown.stdout
    found = done.rig.status()
    assert found["healthy"] is True
    assert {row["on_disk"] for row in found["rows"]} == {"same", "by files and start time"}
