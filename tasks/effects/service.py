"""Stop, start and restart a server process. Restart and start are separate: see DESIGN "Inventory"."""

from __future__ import annotations

from tasks.core.errors import RemoteError, UsageError
from tasks.core.model import ByCommand, ByContainer, ByRest, BySystemd, Node, StartBy
from tasks.effects.admin import AdminApi
from tasks.effects.remote import Remote
from tasks.effects.wait import Clock

# Some shells' `command -v` finds files that nobody may execute.
_EXECUTABLE = 'found=$(command -v -- "$0") && case $found in /*) [ -f "$found" ] && [ -x "$found" ] ;; esac'


def start(remote: Remote) -> None:
    """Start a server that is down; harmless where it runs.

    Raises:
        RemoteError: The command failed.
    """
    argv = _start_argv(remote.node.start_by)
    done = remote.run(argv, privileged=True)
    if done.exit_status != 0:
        raise RemoteError(
            f"{' '.join(argv)}: exit {done.exit_status}: {done.error_text or 'no message'}",
            node=remote.node.name,
            remedy="start the server by hand, then: fab migrate-cluster --resume",
        )


def _start_argv(by: StartBy) -> tuple[str, ...]:
    match by:
        case BySystemd(unit):
            return ("systemctl", "start", unit)
        case ByContainer(engine, name):
            return (engine, "start", name)
        case ByCommand(argv):
            return argv


def why_start_would_fail(remote: Remote) -> str | None:
    """A check that changes nothing: is there a unit, a container, a command to start?"""
    argv: tuple[str, ...]
    match remote.node.start_by:
        case BySystemd(unit):
            argv = ("systemctl", "cat", unit)
        case ByContainer(engine, name):
            argv = (engine, "inspect", "--type", "container", name)
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
        RemoteError: REST refused, or a command failed.
        UsageError: This way of restarting is not available.
    """
    node = remote.node
    match node.restart_by:
        case ByRest():
            admin.restart()
        case BySystemd(unit):
            admin.stop()
            _wait_inactive(remote, unit, clock=clock)
            start(remote)
        case ByCommand(argv):
            done = remote.run(argv, privileged=True, limit_s=node.limits.restart_s)
            if done.exit_status != 0:
                raise RemoteError(
                    f"{argv[0]}: exit {done.exit_status}: {done.error_text}",
                    node=node.name,
                    remedy="fab status; then fab migrate-cluster --resume",
                )
        case ByContainer():
            raise container_restart_refused(node)


def container_restart_refused(node: Node) -> UsageError:
    return UsageError(
        "restart by docker or podman is not available in this version",
        node=node.name,
        remedy="use `service: {restart: rest}`: a restart by REST keeps the container",
    )


def _wait_inactive(remote: Remote, unit: str, *, clock: Clock) -> None:
    """Until systemd sees the stopped server's end: a stop by systemd itself would signal twice (T5)."""
    limits = remote.node.limits
    until = clock.monotonic() + limits.return_s
    while remote.run(("systemctl", "is-active", unit), privileged=True).text.strip() == "active":
        if clock.monotonic() > until:
            raise RemoteError(
                f"{unit} is still active {limits.return_s:g} s after service/stop",
                node=remote.node.name,
                remedy=f"systemctl status {unit}; when it has ended: fab migrate-cluster --resume",
            )
        clock.sleep(limits.poll_s)
