"""End a server's process that was looked at, and no other: pid and start time are compared where it is signalled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tasks.core.errors import GateTimeout, OperatorError, Refused, RemoteError
from tasks.core.recovery_process import Process, port_digits
from tasks.effects import recover_scripts
from tasks.effects.clock import Clock
from tasks.effects.file_access import run_script
from tasks.effects.remote import Remote
from tasks.effects.service_managers import standing_of

Report = Callable[[str, float], None]  # what was last seen, and the seconds left
_ANOTHER, _LISTENS = 8, 9
_POLL_S = 0.5


def terminate(remote: Remote, process: Process, *, closed: Sequence[int] = ()) -> None:
    """Send TERM to this process.

    Args:
        closed: The ports at which it must not listen; none: it must listen at no port at all.

    Raises:
        Refused: That pid is another process by now, or it listens; nothing was signalled.
        RemoteError: It could not be signalled.
    """
    name = remote.node.name
    again = f"look again: fab recover {name}"
    ports = tuple(map(port_digits, closed))
    cfg, pid, ticks = remote.node.paths.server_cfg, str(process.pid), str(process.ticks)
    done = run_script(remote, recover_scripts.TERM, cfg, pid, ticks, *ports, acting=process.seen_as)
    if done.exit_status == _ANOTHER:
        text = f"process {process.pid} is not the one that was looked at any more; it was not signalled"
        raise Refused(text, node=name, remedy=again)
    if done.exit_status == _LISTENS:
        text = f"process {process.pid} listens by now, or cannot be looked at; it was not signalled"
        raise Refused(text, node=name, remedy=again)
    if done.exit_status != 0:
        text = f"TERM to process {process.pid}: exit {done.exit_status}: {done.error_text or 'no message'}"
        raise RemoteError(text, node=name, remedy=f"may the login (by sudo) signal it? then {again}")


def has_ended(remote: Remote, process: Process) -> bool:
    """Whether that process is gone.

    Raises:
        RemoteError: The node could not be asked; a container that went down with it is an answer.
    """
    args = (remote.node.paths.server_cfg, str(process.pid), str(process.ticks))
    try:
        done = run_script(remote, recover_scripts.THERE, *args, acting=process.seen_as)
    except RemoteError:
        container = remote.node.container
        if container is None or standing_of(remote, container).up:
            raise
        return True
    if done.exit_status not in (0, _ANOTHER):
        text = f"look at process {process.pid}: exit {done.exit_status}: {done.error_text or 'no message'}"
        raise RemoteError(text, node=remote.node.name, remedy=f"fab recover {remote.node.name}")
    return done.exit_status == _ANOTHER


def ended_within(remote: Remote, process: Process, limit_s: float, *, clock: Clock, report: Report) -> bool:
    """Wait for its end, at most so long; a look that fails is one without an answer."""
    until = clock.monotonic() + limit_s
    while True:
        try:
            if has_ended(remote, process):
                return True
            seen = f"process {process.pid} is still there"
        except OperatorError as error:
            seen = error.problem
        left_s = until - clock.monotonic()
        if left_s <= 0:
            return False
        report(seen, left_s)
        clock.sleep(min(_POLL_S, remote.node.limits.poll_s))


def patience_s(remote: Remote) -> float:
    """How long a first TERM is given: a dead server ignores it (AMLEN.md T1), and a live one needs seconds."""
    return remote.node.limits.return_s / 12


def end_dead(remote: Remote, process: Process, *, clock: Clock, report: Report) -> None:
    """End a process that listens on nothing: TERM, and TERM once more if it is still there. Never KILL.

    Raises:
        GateTimeout: It is there still.
        Refused: It is another one by now, or it listens.
    """
    terminate(remote, process)
    if ended_within(remote, process, patience_s(remote), clock=clock, report=report):
        return
    terminate(remote, process)
    _await_end(remote, process, times="twice", clock=clock, report=report)


def end_half_up(remote: Remote, process: Process, *, clock: Clock, report: Report) -> None:
    """End one whose admin port alone is missing (T11): a single TERM, for a second one would be a kill (T5)."""
    terminate(remote, process, closed=(remote.node.admin.port,))
    _await_end(remote, process, times="once", clock=clock, report=report)


def _await_end(remote: Remote, process: Process, *, times: str, clock: Clock, report: Report) -> None:
    limit_s, name = remote.node.limits.stop_s, remote.node.name
    if not ended_within(remote, process, limit_s, clock=clock, report=report):
        raise GateTimeout(
            f"process {process.pid} is there {limit_s:g} s after it was sent TERM {times}; it was not killed",
            node=name,
            remedy=f"read imaserver-default.log of {name}; when it has ended: fab recover {name}",
        )
