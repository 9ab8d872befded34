"""The faults themselves: what is done to the lab at a point, and what its operator does once the tool has stopped."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tasks.core.step_kinds import RESTARTS, StepKind
from tasks.lab.faults import break_node, mend
from tasks.lab.layout import Lab, LabNode
from tasks.lab.processes import kill_tree, read_pid, wait_gone
from tests.e2e.labs import Rig
from tests.e2e.sights import fingerprint, post, rest, served
from tests.forked_fab import Running
from tests.torture.points import Fault, Point

CUT_S = 1.0  # for so long no SSH connection is accepted
FILLER = "filler"
_LIMIT_S = 10.0
_PRODUCTION, _MAINTENANCE, _STANDBY = 1, 9, 10


class NotMended(Exception):
    """A node did not come to life again by what its operator does."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is struck: a running tool, and one node of the lab."""

    rig: Rig
    inventory: Path
    point: Point
    victim: str
    tool: Running | subprocess.Popen[bytes]

    @property
    def lab(self) -> Lab:
        return self.rig.lab

    @property
    def node(self) -> LabNode:
        return self.lab.node(self.victim)

    @property
    def restarts(self) -> bool:
        """Whether the step itself restarts the victim."""
        return self.point.kind in RESTARTS

    def breaks(self, fault: str) -> None:
        break_node(self.lab.directory, self.victim, fault)

    def mends(self, fault: str) -> None:
        mend(self.lab.directory, self.victim, fault)


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault.

    Args:
        what: In the operator's words.
        hit: Puts it in force.
        by_hand: What its operator does once the tool has stopped, before `--resume`; in words, "" for nothing.
        heal: Does it.
    """

    what: str
    hit: Callable[[Scene], None]
    by_hand: str
    heal: Callable[[Scene], None]


def victim_of(lab: Lab, point: Point) -> str:
    """The node that the step begins with: of a pair its primary, but the standby where that is to be restarted."""
    if point.kind is StepKind.PLACE:
        return point.target
    nodes = [n for n in lab.nodes if n.member == point.target] or [n for n in lab.nodes if n.peer]
    wanted = _STANDBY if point.kind is StepKind.RESTART_STANDBY else _PRODUCTION
    return next((node.name for node in nodes if _state(lab, node) == wanted), nodes[0].name)


def _state(lab: Lab, node: LabNode) -> int | None:
    """None while nothing answers."""
    with suppress(OSError, HTTPException, ValueError, KeyError):
        return int(rest(lab, node)["Server"]["State"])
    return None


def is_settled(lab: Lab, name: str) -> bool:
    """Whether the node answers, and is neither on its way down nor up."""
    return _state(lab, lab.node(name)) in (_PRODUCTION, _MAINTENANCE, _STANDBY)


def _kill_tool(scene: Scene) -> None:
    scene.tool.kill()


def _cut_ssh(scene: Scene) -> None:
    """All sessions end, with the commands in them; it listens again by itself."""
    scene.breaks("ssh-down")
    time.sleep(CUT_S)  # that is the fault
    scene.mends("ssh-down")


def _kill_node(scene: Scene) -> None:
    for name in ("supervisor.pid", "gateway.pid"):
        pid = read_pid(scene.node.directory / name, belongs_to=scene.node.directory)
        if pid is not None:
            kill_tree(pid)
            wait_gone(pid, limit_s=_LIMIT_S)


def _restart(scene: Scene, **more: str) -> None:
    """By REST, as soon as that takes it: a server that is just on its way down or up answers later."""
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException, ValueError):
            post(scene.lab, scene.node, "service/restart", {"Service": "Server", **more})
            return
        time.sleep(0.02)


def _fall_back(scene: Scene) -> None:
    scene.breaks("fallback")
    if not scene.restarts:
        _restart(scene)


def _maintain(scene: Scene) -> None:
    if scene.restarts:
        scene.breaks("maintenance")
    else:
        _restart(scene, Maintenance="start")


def _fill(scene: Scene) -> None:
    """To the last byte."""
    with open(scene.node.data_dir / "data" / FILLER, "wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 9, 1):
            with suppress(OSError):
                while True:
                    filler.write(b"\0" * size)


def _make_room(scene: Scene) -> None:
    (scene.node.data_dir / "data" / FILLER).unlink(missing_ok=True)


def _revive(scene: Scene) -> None:
    """Start it if it is down, lead it out of maintenance if it came back in it (T5), until it takes part again."""
    scene.mends("maintenance")
    scene.mends("fallback")
    deadline = time.monotonic() + 3 * _LIMIT_S
    asked_at = 0.0
    while (state := _state(scene.lab, scene.node)) not in (_PRODUCTION, _STANDBY):
        if time.monotonic() > deadline:
            raise NotMended(f"{scene.victim} is not back: State {state}")
        subprocess.run([str(scene.node.start)], check=True, timeout=30, stdout=subprocess.DEVNULL)
        if state == _MAINTENANCE and time.monotonic() - asked_at > 2:
            asked_at = time.monotonic()
            _lead_out(scene)
        time.sleep(0.05)


def _lead_out(scene: Scene) -> None:
    """By `fab recover`, as the tool says; while that is still at work, by hand."""
    if scene.tool.poll() is None:
        _restart(scene, Maintenance="stop")
        return
    ran = scene.rig.fab("recover", scene.victim, "--yes", inventory=scene.inventory)
    if ran.code != 0:
        raise NotMended(f"fab recover {scene.victim}: exit {ran.code}: {ran.stderr}")


def _restart_from_builtin(scene: Scene) -> None:
    """Where the step does not restart it anyway, the operator does, once its files are seen again."""
    _revive(scene)
    pair = fingerprint(scene.lab.builtin(scene.node.product) / "cert.pem")
    if (
        not scene.restarts
        and _state(scene.lab, scene.node) == _PRODUCTION
        and served(scene.lab, scene.victim) == pair
    ):
        _restart(scene)
        _revive(scene)


def _let_answer(scene: Scene) -> None:
    scene.mends("rest-hang")


def _nothing(scene: Scene) -> None:
    """It heals by itself, or --resume sees to it."""


STRIKES = {
    Fault.TOOL_KILLED: Strike("SIGKILL of the tool", _kill_tool, "", _nothing),
    Fault.SSH_CUT: Strike(
        f"sshd of the node killed with all sessions and the commands in them, back after {CUT_S:g} s",
        _cut_ssh,
        "",
        _nothing,
    ),
    Fault.NODE_KILLED: Strike(
        "the server process of the node killed; it does not come back by itself",
        _kill_node,
        "start the server",
        _revive,
    ),
    Fault.NODE_RESTARTED: Strike(
        "the node restarted by somebody else", _restart, "see that it has settled", _revive
    ),
    Fault.BUILTIN_PAIR: Strike(
        "the node comes back with the built-in pair (T2)",
        _fall_back,
        "mend what made it fall back; restart it unless the step does",
        _restart_from_builtin,
    ),
    Fault.MAINTENANCE: Strike("the node comes back in maintenance (T5)", _maintain, "`fab recover NODE`", _revive),
    Fault.DISK_FULL: Strike(
        "the file system of the node's data directory full to the last byte", _fill, "make room", _make_room
    ),
    Fault.REST_HANGS: Strike(
        "the node's admin REST accepts requests and never answers", lambda s: s.breaks("rest-hang"),
        "let it answer again", _let_answer,
    ),
}  # fmt: skip
