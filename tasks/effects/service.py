"""Stop, start and restart a server process. Restart and start are separate: see DESIGN "Inventory"."""

from __future__ import annotations

from typing import assert_never

from tasks.core.errors import RemoteError
from tasks.core.model import ByCommand, ByContainer, ByRest, BySystemd, Node, StartBy
from tasks.core.services import Standing
from tasks.effects.admin import AdminApi
from tasks.effects.remote import Remote
from tasks.effects.service_managers import Manager, look_command, named, standing_of, start_argv
from tasks.effects.wait import Clock

_LOOKS = 2
# Some shells' `command -v` finds files that nobody may execute.
_EXECUTABLE = 'found=$(command -v -- "$0") && case $found in /*) [ -f "$found" ] && [ -x "$found" ] ;; esac'


def start(remote: Remote) -> None:
    """Start a server that is down; harmless where it runs.

    Raises:
        RemoteError: The command failed.
    """
    _start(remote, remote.node.start_by)


def _start(remote: Remote, by: StartBy) -> None:
    argv = start_argv(by)
    done = remote.run(argv, privileged=True)
    if done.exit_status != 0:
        raise RemoteError(
            f"{' '.join(argv)}: exit {done.exit_status}: {done.error_text or 'no message'}",
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
    if done.exit_status == 0:
        return None
    what = " ".join(argv[:2]) + " ..." if argv[0] != "sh" else argv[-1]
    return f"{what}: exit {done.exit_status}: {done.error_text or 'not found'}"


def request_restart(remote: Remote, admin: AdminApi, *, clock: Clock) -> None:
    """Ask for a restart of a settled server; returns once it is under way.

    Raises:
        RemoteError: REST refused, a command failed, or the stopped server did not end in time.
    """
    node = remote.node
    match node.restart_by:
        case ByRest():
            admin.restart()
        case BySystemd() | ByContainer():
            _stop_and_start(remote, admin, node.restart_by, clock=clock)
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


def _stop_and_start(remote: Remote, admin: AdminApi, by: Manager, *, clock: Clock) -> None:
    """Stop by REST, never by the manager: a unit's stop signals twice, a container's kills at its end (T5)."""
    before = standing_of(remote, by)
    if not before.up:
        raise RemoteError(
            f"the server answers, but {named(by)} is {before.words}: it is not what runs it; nothing was stopped",
            node=remote.node.name,
            remedy="correct `service` of the node in the inventory: fab check; then fab migrate-cluster --resume",
        )
    admin.stop()
    if _came_back(remote, by, before, clock=clock):
        return
    _start(remote, by)


def _came_back(remote: Remote, by: Manager, before: Standing, *, clock: Clock) -> bool:
    """Wait for the end; true where the manager has already started it again by its own policy.

    Raises:
        RemoteError: It has not ended within `limits.stop_s`. A second stop now would be a kill (T5).
    """
    limits = remote.node.limits
    until = clock.monotonic() + limits.stop_s
    ended = 0  # looks in a row: a restart policy acts a moment after the end
    while ended < _LOOKS:
        seen = standing_of(remote, by)
        if seen.words in ("active", "running") and seen.since not in ("", before.since):
            return True
        ended = 0 if seen.up else ended + 1
        if seen.up and clock.monotonic() > until:
            raise _does_not_end(remote.node, by, seen)
        if ended < _LOOKS:
            clock.sleep(limits.poll_s)
    return False


def _does_not_end(node: Node, by: Manager, seen: Standing) -> RemoteError:
    return RemoteError(
        f"{named(by)} is still {seen.words} {node.limits.stop_s:g} s after service/stop; it was not stopped a "
        "second time, because that would kill the server while it saves its store",
        node=node.name,
        remedy=f"on the node: {look_command(by)}, and see the server's log; when it has ended: "
        "fab migrate-cluster --resume (which starts it)",
    )
