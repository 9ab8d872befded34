"""Wiping backups on the nodes: what goes is gone with its keys, and nothing else is touched."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core.errors import Locked, Refused, RemoteError, UsageError
from tasks.core.journal import Entry
from tasks.core.plan import Plan
from tasks.effects import trace_scripts
from tasks.effects.backups import clean_backups
from tasks.effects.file_access import run_script
from tasks.effects.files import back_up
from tasks.effects.lock import Claim, lock
from tasks.effects.looking import look_at_files
from tasks.effects.record import RunRecord, open_run
from tasks.effects.run_list import list_runs, show_all_of
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.effects.node_tree import CFG, KEY, SHELLS, Tree, as_stranger, in_shell, needs_root
from tests.effects.on_trees import Nodes, TreeSite, nodes_of

NOW = datetime.now(UTC)
MONTH = timedelta(days=30)
PLAN = plan_of(healthy(THREE))


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with nodes_of("gw-a", runs_dir=tmp_path / "runs") as made:
        yield made


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Nodes]:
    with nodes_of("gw-a", "gw-b", runs_dir=tmp_path / "runs") as made:
        yield made


def ended(nodes: Nodes, days_ago: int, event: str = "completed", *, plan: Plan = PLAN) -> RunRecord:
    """A run with a backup on every node; `event` is how it ended, "" for not at all."""
    at = NOW - timedelta(days=days_ago)
    record = open_run(nodes.site.cluster.runs_dir, plan, at=at)
    for node in nodes.trees.values():
        keep(node, record.id)
    if event:
        record.append(Entry(at=at, event=event))
    return record


def keep(node: Tree, run: str) -> Path:
    files = look_at_files(node.remote)
    paths = {name: state.path for name, state in files.files.items()} | {CFG: files.cfg_path}
    back_up(node.remote, paths, to=node.places(run=run).backup, acting=node.acting)
    return Path(node.places(run=run).backup)


def clean(
    nodes: Nodes, *, run: str = "", older_than: timedelta = MONTH, site: TreeSite | None = None
) -> None:
    clean_backups(site or nodes.site, older_than=older_than, run=run, yes=True)


def kept(nodes: Nodes) -> dict[str, list[str]]:
    """By node, what lies in its work directory."""
    return {
        name: sorted(path.name for path in (node.data / ".fab-tls").glob("*"))
        for name, node in nodes.trees.items()
    }


def live(nodes: Nodes) -> list[bytes]:
    return [path.read_bytes() for node in nodes.trees.values() for path in sorted(node.keystore.iterdir())]


def test_old_backups_are_gone_on_every_node_and_the_newest_stays(
    two: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    old, given_up, newest = ended(two, 90), ended(two, 60, "abandoned"), ended(two, 50)
    before = live(two)
    clean(two)
    assert kept(two) == {"gw-a": [newest.id], "gw-b": [newest.id]}
    assert live(two) == before
    assert f"{old.id}: backups wiped on gw-a, gw-b" in capsys.readouterr().out
    assert [one.entries()[-1].event for one in (old, given_up, newest)] == ["cleaned", "cleaned", "completed"]
    assert old.progress().completed
    clean(two)
    assert capsys.readouterr().out.endswith("nothing to wipe\n")
    clean(two, run=newest.id)
    assert not any((node.data / ".fab-tls").exists() for node in two.trees.values())


def test_an_open_run_and_what_it_goes_back_to_stay(nodes: Nodes) -> None:
    first = ended(nodes, 90, "abandoned")
    second = ended(nodes, 80, "", plan=PLAN.model_copy(update={"undoes": first.id}))
    third = ended(nodes, 70)
    clean(nodes)
    assert kept(nodes)["gw-a"] == [first.id, second.id, third.id]
    with pytest.raises(Refused, match="it is open"):
        clean(nodes, run=second.id)
    second.append(Entry(at=NOW, event="abandoned"))
    clean(nodes)
    assert kept(nodes)["gw-a"] == [second.id, third.id]


def test_a_run_that_holds_the_lock_is_open_whatever_this_machine_has_written_of_it(nodes: Nodes) -> None:
    one = ended(nodes, 90, "abandoned")
    lock(nodes.remotes, Claim(one.id, NOW), acting=nodes.acting)
    with pytest.raises(Refused, match="it is open"):
        clean(nodes, run=one.id)
    assert one.id in kept(nodes)["gw-a"]


@pytest.mark.parametrize("holder", ["recover-gw-a-ops", "20261001T120000Z-abcdef-0001"])
def test_behind_a_lock_whose_needs_are_not_known_nothing_is_wiped(nodes: Nodes, holder: str) -> None:
    ended(nodes, 90, "abandoned")
    lock(nodes.remotes, Claim(holder, NOW), acting=nodes.acting)
    before = kept(nodes)
    with pytest.raises(Locked, match=f"what its holder needs is not known here: run {holder}"):
        clean(nodes)
    assert kept(nodes) == before


def test_without_a_terminal_nothing_is_wiped_unasked(nodes: Nodes) -> None:
    one = ended(nodes, 90, "abandoned")
    with pytest.raises(UsageError, match="no terminal to confirm it") as caught:
        clean_backups(nodes.site, older_than=timedelta(days=2), run="", yes=False)
    assert caught.value.remedy == "fab runs.clean --older-than 48h --yes"
    assert kept(nodes)["gw-a"] == [one.id]


@needs_root
def test_a_node_that_is_not_reached_is_told_and_the_others_are_cleaned(
    two: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ended(two, 90, "abandoned")
    trees = {
        **two.trees,
        "gw-b": replace(two.trees["gw-b"], remote=as_stranger(two.trees["gw-b"].remote)),
    }
    with pytest.raises(RemoteError, match=r"^gw-b: what lies there was not seen, or is left") as caught:
        clean(two, site=TreeSite(trees, two.site.cluster.runs_dir))
    assert caught.value.exit_code == 4
    assert "[gw-b]" in capsys.readouterr().err
    assert kept(two) == {"gw-a": [], "gw-b": [one.id]}
    clean(two)
    assert kept(two) == {"gw-a": [], "gw-b": []}


def wipe(node: Tree, *paths: Path, holder: str = "") -> tuple[int, str]:
    args = (str(node.data / ".fab-tls"), holder, *map(str, paths))
    done = run_script(node.remote, trace_scripts.WIPE, *args, acting=node.acting)
    return done.exit_status, done.text


@pytest.mark.parametrize("shell", tuple(SHELLS.values()), ids=tuple(SHELLS))
def test_a_key_is_overwritten_before_it_is_removed(nodes: Nodes, shell: tuple[str, ...]) -> None:
    node = in_shell(nodes.trees["gw-a"], *shell)
    backup = keep(node, "run-1")
    (backup / KEY).chmod(0o400)
    with (backup / KEY).open("rb") as still_open, (backup / CFG).open("rb") as other:
        assert wipe(node, backup.parent) == (0, "")
        assert still_open.read() == b"\0" * len(b"key old")
        assert b"KeyStore" in other.read()
    assert not (node.data / ".fab-tls").exists()


def test_a_file_with_another_name_keeps_its_content_under_that(nodes: Nodes) -> None:
    node = nodes.trees["gw-a"]
    backup = keep(node, "run-1")
    os.link(backup / KEY, node.root / "copy")
    status, said = wipe(node, backup.parent)
    assert (status, said) == (0, f"not overwritten, it has another name as well: {backup / KEY}\n")
    assert (node.root / "copy").read_bytes() == b"key old"
    assert not backup.exists()


@pytest.mark.parametrize("where", ["run", "backup", "key"])
def test_nothing_is_overwritten_or_removed_through_a_link(nodes: Nodes, where: str) -> None:
    node = nodes.trees["gw-a"]
    backup = keep(node, "run-1")
    victim = node.folder(node.root / "victim")
    node.write(victim / KEY, b"another's")
    node.write(victim / "complete", b"")
    trap = {"run": backup.parent, "backup": backup, "key": backup / KEY}[where]
    trap.rename(node.root / "aside")
    trap.symlink_to(victim / KEY if where == "key" else victim)
    status, _ = wipe(node, backup.parent)
    assert status == (13 if where == "run" else 0)
    assert (victim / KEY).read_bytes() == b"another's"
    assert (victim / "complete").exists()
    assert backup.parent.exists() == (where == "run")


def test_a_lock_that_was_taken_since_stops_the_wiping(nodes: Nodes) -> None:
    node = nodes.trees["gw-a"]
    backup = keep(node, "run-1")
    lock([node.remote], Claim("run-2", NOW), acting=nodes.acting)
    assert wipe(node, backup.parent) == (7, "")
    assert wipe(node, backup.parent, holder="run-3") == (7, "")
    assert (backup / KEY).read_bytes() == b"key old"
    assert wipe(node, backup.parent, holder="run-2") == (0, "")
    assert wipe(node, holder="run-2") == (0, "")
    assert (node.data / ".fab-tls" / "lock" / "owner").exists()


def test_an_empty_keystore_beside_which_a_run_worked_is_not_removed(nodes: Nodes) -> None:
    node = nodes.trees["gw-a"]
    keystore = node.folder(node.root / "keys")
    node.folder(keystore / ".fab-tls")
    run = node.folder(keystore / ".fab-tls" / "run-1")
    assert wipe(node, run) == (0, "")
    assert list(keystore.iterdir()) == []


def test_runs_are_listed_with_what_they_left_and_what_is_of_no_run(
    two: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ended(two, 90)
    elsewhere = two.elsewhere(two.trees["gw-a"].root / "other")
    node = two.trees["gw-b"]
    node.folder(node.data / ".fab-tls" / "x\x1b[2J")
    list_runs(elsewhere.site, json_wanted=True)
    found = json.loads(capsys.readouterr().out)
    assert [(run["run"], run["state"], run["backups"]) for run in found["runs"]] == [
        (one.id, "not known here", ["gw-a", "gw-b"])
    ]
    assert [(other["node"], other["path"].rpartition("/")[2]) for other in found["others"]] == [
        ("gw-b", "x?[2J")
    ]
    list_runs(two.site, json_wanted=False)
    shown = capsys.readouterr().out
    assert one.id in shown
    assert f"[gw-b] {node.data}/.fab-tls/x?[2J: empty; no run's" in shown


def test_a_run_is_shown_with_its_steps_its_files_and_its_lock(
    two: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ended(two, 3, "")
    lock(two.remotes[:1], Claim(one.id, NOW), acting=two.acting)
    show_all_of(two.site, "", json_wanted=False)
    shown = capsys.readouterr().out
    for text in (
        f"run {one.id} of production: open",
        PLAN.steps[0].id,
        f"here: {one.directory} (journal.jsonl, plan.json)",
        "backup (5 files, a key among them)",
        f"[gw-a] the lock is held by run {one.id}",
    ):
        assert text in shown
    assert "[gw-b] the lock" not in shown
    show_all_of(two.site, one.id, json_wanted=True)
    found = json.loads(capsys.readouterr().out)
    assert {trace["node"] for trace in found["on_nodes"]} == {"gw-a", "gw-b"}
    assert found["directory"] == str(one.directory)


def test_a_run_that_is_nowhere_is_refused_with_those_that_there_are(nodes: Nodes) -> None:
    one = ended(nodes, 3)
    with pytest.raises(UsageError, match="there is no run x") as caught:
        show_all_of(nodes.site, "x", json_wanted=False)
    assert caught.value.remedy == f"fab runs.list; one of: {one.id}"
