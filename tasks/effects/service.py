"""Stop, start and restart a server process. Restart and start are separate: see DESIGN "Inventory"."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import assert_never

from tasks.core.errors import RemoteError
from tasks.core.model import ByCommand, ByContainer, ByRest, BySystemd, Node, StartBy
from tasks.core.services import Standing
from tasks.effects.admin import AdminApi
from tasks.effects.clock import Clock
from tasks.effects.remote import Remote
from tasks.effects.service_managers import Manager, look_command, named, standing_of, start_argv

Report = Callable[[str, float], None]  # what was last seen, and the seconds left
_LOOKS = 2
# Some shells' `command -v` finds files that nobody may execute.
_EXECUTABLE = 'found=$(command -v -- "$0") && case $found in /*) [ -f "$found" ] && [ -x "$found" ] ;; esac'


def _unheard(seen: str, left_s: float) -> None:
    """Whoever does not ask for progress gets none."""


def start(remote: Remote) -> None:
    """Start a server that is down; harmless where it runs.

    Raises:
        RemoteError: The command failed.
    """
    _start(remote, remote.node.start_by)


def _start(remote: Remote, by: StartBy) -> None:
    argv, limits = start_argv(by), remote.node.limits
    done = remote.run(argv, privileged=True, limit_s=max(limits.command_s, limits.return_s))
    if done.exit_status != 0:
        raise RemoteError(
            f"{shlex.join(argv)}: exit {done.exit_status}: {done.error_text or 'no message'}",
            node=remote.node.name,
            remedy="start the server by hand, then: fab migrate-cluster --resume",
        )


def why_start_would_fail(remote: Remote) -> str | None:
    """A check that changes nothing: is there a unit, a command to start?

    A container is a look of its own: see service_managers.look_at_container.
    """
    argv: tuple[str, ...]
    match remote.node.start_by:
        case BySystemd(unit):
            argv = ("systemctl", "cat", unit)
        case ByContainer():
            return None
        case ByCommand(command):
            argv = ("sh", "-c", _EXECUTABLE, command[0])
    done = remote.run(argv, privileged=True)
    return start_fault(remote.node.start_by, done.exit_status, done.error_text)


def start_question(by: StartBy) -> tuple[str, str]:
    """What a look at the node's files can be asked of that besides: see looking.More."""
    match by:
        case BySystemd(unit):
            return "systemd", unit
        case ByContainer():
            return "", ""
        case ByCommand(command):
            return "command", command[0]


def start_fault(by: StartBy, exit_status: int, said: str) -> str | None:
    """What keeps a server from being started, by what the look at that ended with."""
    if exit_status == 0:
        return None
    what = "systemctl cat ..." if isinstance(by, BySystemd) else start_argv(by)[0]
    return f"{what}: exit {exit_status}: {said or 'not found'}"


def request_restart(remote: Remote, admin: AdminApi, *, clock: Clock, report: Report = _unheard) -> None:
    """Ask for a restart of a settled server; returns once it is under way.

    Args:
        report: Told at every look of a wait for the end of a process that a manager will start again.

    Raises:
        RemoteError: REST refused, a command failed, or the stopped server did not end in time.
    """
    node = remote.node
    match node.restart_by:
        case ByRest():
            admin.restart()
        case BySystemd() | ByContainer():
            _stop_and_start(remote, admin, node.restart_by, clock=clock, report=report)
        case ByCommand(argv):
            done = remote.run(argv, privileged=True, limit_s=node.limits.restart_s)
            if done.exit_status != 0:
                raise RemoteError(
                    f"{argv[0]}: exit {done.exit_status}: {done.error_text}",
                    node=node.name,
                    remedy="fab status; then fab migrate-cluster --resume",
                )
        case _:
            assert_never(node.restart_by)


def finish_restart(remote: Remote) -> bool:
    """Start a server that was stopped for its restart by a run that was broken off before it started it.

    Returns:
        Whether it was down, and a manager has started it; a server that still ends is left alone.

    Raises:
        RemoteError: The manager could not be asked, or the start failed.
    """
    by = remote.node.restart_by
    if not isinstance(by, BySystemd | ByContainer) or standing_of(remote, by).up:
        return False
    _start(remote, by)
    return True


def _stop_and_start(remote: Remote, admin: AdminApi, by: Manager, *, clock: Clock, report: Report) -> None:
    """Stop by REST, never by the manager: a unit's stop signals twice, a container's kills at its end (T5).

    From the stop to the start nothing asks whether the operator wants to stop: what was stopped must be started.
    """
    before = standing_of(remote, by)
    _require_followed(remote.node, by, before)
    admin.stop()
    if _came_back(remote, by, before, clock=clock, report=report):
        return
    try:
        _start(remote, by)
    except RemoteError as error:
        raise RemoteError(
            f"it was stopped for its restart, and is down: {error.problem}",
            node=remote.node.name,
            remedy="mend what the message names, then: fab migrate-cluster --resume (which starts it)",
        ) from error


def _require_followed(node: Node, by: Manager, before: Standing) -> None:
    """Nothing is stopped whose end could not be seen, or that would not be started afterwards."""
    if not before.up:
        problem = f"the server answers, but {named(by)} is {before.words}: it is not what runs it"
    elif not before.since:
        problem = f"{named(by)} is {before.words} without a process of its own: its end could not be seen"
    else:
        return
    raise RemoteError(
        f"{problem}; nothing was stopped",
        node=node.name,
        remedy="correct `service` of the node in the inventory (`restart: rest` needs no manager): fab check; "
        "then fab migrate-cluster --resume",
    )


def _came_back(remote: Remote, by: Manager, before: Standing, *, clock: Clock, report: Report) -> bool:
    """Wait for the end; true where the manager has already started it again by its own policy.

    Raises:
        RemoteError: It has not ended within `limits.stop_s`. A second stop now would be a kill (T5).
    """
    limits = remote.node.limits
    until = clock.monotonic() + limits.stop_s
    ended = 0  # looks in a row: a restart policy acts a moment after the end
    while ended < _LOOKS:
        seen = _standing_or_trouble(remote, by)
        left_s = until - clock.monotonic()
        report(seen.problem if isinstance(seen, RemoteError) else f"{named(by)} is {seen.words}", left_s)
        if isinstance(seen, Standing) and _is_another(seen, before):
            return True
        ended = ended + 1 if isinstance(seen, Standing) and not seen.up else 0
        if not ended and left_s < 0:
            raise _does_not_end(remote.node, by, seen)
        if ended < _LOOKS:
            clock.sleep(limits.poll_s)
    return False


def _standing_or_trouble(remote: Remote, by: Manager) -> Standing | RemoteError:
    """A look that fails must not end the wait: the server would stay down."""
    try:
        return standing_of(remote, by)
    except RemoteError as error:
        return error


def _is_another(seen: Standing, before: Standing) -> bool:
    return seen.words in ("active", "running") and seen.since not in ("", before.since)


def _does_not_end(node: Node, by: Manager, seen: Standing | RemoteError) -> RemoteError:
    if isinstance(seen, RemoteError):
        return RemoteError(
            f"it was stopped for its restart, and may be down: {seen.problem}",
            node=node.name,
            remedy="once the node answers: fab migrate-cluster --resume (which starts it)",
        )
    return RemoteError(
        f"{named(by)} is still {seen.words} {node.limits.stop_s:g} s after service/stop; it was not stopped a "
        "second time, because that would kill the server while it saves its store",
        node=node.name,
        remedy=f"on the node: {look_command(by)}, and see the server's log; when it has ended: "
        "fab migrate-cluster --resume (which starts it)",
    )
