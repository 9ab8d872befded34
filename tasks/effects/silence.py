"""A server that does not come back: read why from its log, start it once, or stop the line."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime, timedelta

from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError
from tasks.core.gates import View
from tasks.core.model import ByCommand, Node
from tasks.core.places import WORK_NAME, data_of
from tasks.core.server_log import DEFAULT_LOG, TRACE_LOG, dead_admin_lines, peer_refusals
from tasks.core.step_kinds import StepKind
from tasks.effects.file_access import shown
from tasks.effects.run import RESUME, Run, stop_line
from tasks.effects.server_logs import tail_of_log
from tasks.effects.service import start
from tasks.effects.service_managers import standing_of, start_argv

BACKED_UP = frozenset({StepKind.PLACE, StepKind.HA_PLACE, StepKind.MOVE_KEYSTORE})
LOG_LOOKS = 4  # the log of a silent server is read this often before `return_s` is over


@dataclass(slots=True)
class _Silence:
    """Since when nothing answers, in seconds of the wait; None while something does."""

    since_s: float | None = None
    log_read_s: float = 0.0
    started: bool = False
    judge_s: float = 0.0  # when to look whether it is half up


def wake(run: Run, node: Node, *, since: datetime) -> Callable[[View, float], None]:
    """What to do at each look of a wait for a restarted server.

    Args:
        run: The migration.
        node: The node that restarts.
        since: When the restart was asked for, by the node's clock.

    Returns:
        A nudge for `wait.hold`: raises GateTimeout once T1 or T11 is certain, and asks the service
        manager to start a server that was silent for `limits.return_s`, once, and not before it has ended.
    """
    silence = _Silence()

    def nudge(view: View, waited_s: float) -> None:
        if not view[node.name].silent:
            silence.since_s = None
            return
        if silence.since_s is None:
            silence.since_s = silence.log_read_s = waited_s
            silence.judge_s = waited_s + 2 * node.limits.return_s
        _act(run, node, silence, waited_s=waited_s, since=since)

    return nudge


def _act(run: Run, node: Node, silence: _Silence, *, waited_s: float, since: datetime) -> None:
    return_s = node.limits.return_s
    if waited_s - silence.log_read_s >= return_s / LOG_LOOKS:
        silence.log_read_s = waited_s
        _stop_if_dead(run, node, since=since)
    silent_s = waited_s - (silence.since_s or 0.0)
    if silent_s >= return_s and not silence.started and not _may_still_end(run, node):
        silence.started, silence.judge_s = True, waited_s + return_s
        argv = shlex.join(start_argv(node.start_by))
        text = f"silent for {silent_s:.0f} s: asking the service manager to start it: {argv}"
        run.report.note(node.name, text)
        start(run.remote(node))
    elif waited_s >= silence.judge_s:
        silence.judge_s = waited_s + return_s
        _stop_if_half_up(run, node)


def _may_still_end(run: Run, node: Node) -> bool:
    """A start now would do nothing, and be spent: the manager still has the former process."""
    by = node.start_by
    if isinstance(by, ByCommand):
        return False
    try:
        return standing_of(run.remote(node), by).up
    except OperatorError:
        return False


def _stop_if_dead(run: Run, node: Node, *, since: datetime) -> None:
    lines = dead_admin_lines(_log(run, node, DEFAULT_LOG), since=since)
    if lines:
        raise stop_line(
            node.name,
            "the server runs but listens on nothing (T1); its log says: " + " | ".join(lines[-2:]),
            remedy=f"nothing else was touched. fab recover {node.name} gives it files that work, ends its process "
            f"and starts it{_former(run, node, 'files')}. Then: {RESUME}",
        )


def _stop_if_half_up(run: Run, node: Node) -> None:
    try:
        seen = run.site.wire(node, run.plan.addresses[node.name])
    except OperatorError:
        return
    raise stop_line(
        node.name,
        f"the control port serves {seen.leaf.sha256[:8]}, but the admin API does not come up (T11)",
        remedy="does KeyStore in server.cfg name a directory with AdminDefaultCert.pem and AdminDefaultKey.pem? "
        f"fab recover {node.name} looks, and brings the two together{_former(run, node, 'server.cfg')}. Then: {RESUME}",
    )


def _former(run: Run, node: Node, what: str) -> str:
    """A run that places nothing keeps no copy of the files: it has changed none."""
    copied = any(step.kind in BACKED_UP for step in run.plan.steps)
    return f" (the former {what}: {backup(run, node)})" if copied else ""


def backup(run: Run, node: Node) -> str:
    """Where the node keeps what was live before this run, as an operator there finds it."""
    return shown(node, data_of(node) / WORK_NAME / run.record.id / "backup")


def _log(run: Run, node: Node, name: str) -> str:
    try:
        return tail_of_log(run.remote(node), name)
    except OperatorError:
        return ""


def tell_refusals(run: Run, *, waited: timedelta) -> None:
    """What the traces say about refused peers since the wait began: a refusal leaves no other line."""
    for each in run.site.cluster.nodes:
        since = run.node_time(each) - waited - timedelta(seconds=2)
        for line in peer_refusals(_log(run, each, TRACE_LOG), since=since, most=1):
            run.report.note(each.name, f"its trace says: {line}")
