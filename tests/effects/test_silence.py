"""A server that does not come back: when it is started, and when it is left to end first."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import GateTimeout
from tasks.core.gates import NodeView
from tasks.core.model import ByCommand, BySystemd, Limits, Node, StartBy
from tasks.core.step_kinds import StepKind
from tasks.effects.run import Run
from tasks.effects.silence import wake
from tests.effects.node_tree import Tree, program, tree
from tests.effects.test_placing import migration, step

ASKED = datetime(2026, 11, 22, 21, 6, tzinfo=UTC)
SILENT, BACK = NodeView(None, silent=True), NodeView(None, silent=False)
UNIT, OWN = BySystemd("imaserver.service"), ByCommand(("start-it", "two words"))
DEAD = 'Server . CWLNA0911 E: Unable to create an SSL/TLS context: Endpoint="!Forwarder" Error="mismatch"'


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def restarting(node: Tree, *, start_by: StartBy, kind: StepKind = StepKind.PLACE) -> tuple[Run, Node]:
    """A run that waits for a server, which its manager has `active` or not (see `manager`)."""
    folder = node.root / "bin"
    folder.mkdir()
    log = folder / "started"
    (folder / "state").write_text("inactive")
    for name in ("systemctl", "start-it"):
        told = f"printf 'LoadState=loaded\\nActiveState=%s\\nMainPID=7\\n' $(cat {folder}/state)"
        program(folder / name, f'[ "$1" = show ] && {{ {told}; exit; }}\necho {name} "$@" >> {log}')
    paths = dataclasses.replace(node.remote.node.paths, log_dir=PurePosixPath(node.root / "logs"))
    server = dataclasses.replace(
        node.remote.node, start_by=start_by, limits=Limits(return_s=100), paths=paths
    )
    remote = dataclasses.replace(node.with_path(folder).remote, node=server)
    run = migration(dataclasses.replace(node, remote=remote))
    plan = run.plan.model_copy(update={"steps": (step(kind, "gw"),)})
    return dataclasses.replace(run, plan=plan), run.member("gw").nodes[0]


def manager_has(node: Tree, state: str) -> None:
    (node.root / "bin/state").write_text(state)


def started(node: Tree) -> list[str]:
    log = Path(node.root / "bin/started")
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize(
    ("by", "line"),
    [(UNIT, "systemctl start imaserver.service"), (OWN, "start-it two words")],
    ids=["systemd", "own command"],
)
def test_a_silent_server_that_has_ended_is_started_once(
    node: Tree, capsys: pytest.CaptureFixture[str], by: StartBy, line: str
) -> None:
    run, server = restarting(node, start_by=by)
    nudge = wake(run, server, since=ASKED)
    nudge({server.name: SILENT}, 10)
    nudge({server.name: SILENT}, 109)
    assert started(node) == []
    for waited_s in (110, 150, 200):
        nudge({server.name: SILENT}, waited_s)
    assert started(node) == [line]
    assert "silent for 100 s: asking the service manager to start it: " in capsys.readouterr().err


def test_a_server_that_answers_in_between_begins_its_silence_anew(node: Tree) -> None:
    run, server = restarting(node, start_by=UNIT)
    nudge = wake(run, server, since=ASKED)
    nudge({server.name: SILENT}, 10)
    nudge({server.name: BACK}, 60)
    nudge({server.name: SILENT}, 70)
    nudge({server.name: SILENT}, 169)
    assert started(node) == []
    nudge({server.name: SILENT}, 170)
    assert len(started(node)) == 1


def test_a_server_that_still_ends_is_started_when_it_has(node: Tree) -> None:
    """A start while its former process is there does nothing, and there is but one."""
    run, server = restarting(node, start_by=UNIT)
    manager_has(node, "active")
    nudge = wake(run, server, since=ASKED)
    for waited_s in (0, 100, 150):
        nudge({server.name: SILENT}, waited_s)
    assert started(node) == []
    manager_has(node, "inactive")
    nudge({server.name: SILENT}, 151)
    assert started(node) == ["systemctl start imaserver.service"]


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        (StepKind.PLACE, r"fab recover gw-a .*the former files: .*/backup\)"),
        (StepKind.CONFIGURE, r"fab recover gw-a .*starts it\. Then"),
    ],
    ids=["files were placed", "nothing was placed"],
)
def test_a_dead_server_is_named_with_copies_only_where_there_are_any(
    node: Tree, kind: StepKind, remedy: str
) -> None:
    run, server = restarting(node, start_by=UNIT, kind=kind)
    (node.root / "logs").mkdir()
    log = node.root / "logs/imaserver-default.log"
    log.write_text(f"2026-11-22T21:06:06.194Z {DEAD}\n2026-11-22T21:06:06.194Z Server . CWLNA6120 E: 187\n")
    nudge = wake(run, server, since=ASKED)
    nudge({server.name: SILENT}, 0)
    with pytest.raises(GateTimeout, match=r"listens on nothing \(T1\).*CWLNA0911") as caught:
        nudge({server.name: SILENT}, 30)
    assert re.search(remedy, caught.value.remedy)
    assert started(node) == []
