"""Ask a service manager about the server, without changing anything."""

from __future__ import annotations

from typing import assert_never

from tasks.core.answer import StatusFault
from tasks.core.errors import RemoteError
from tasks.core.model import ByCommand, ByContainer, BySystemd, StartBy
from tasks.core.services import (
    CONTAINER_FORMAT,
    UNIT_PROPERTIES,
    ContainerSeen,
    Standing,
    parse_container,
    parse_unit,
)
from tasks.effects.remote import Remote

Manager = BySystemd | ByContainer


def start_argv(by: StartBy) -> tuple[str, ...]:
    """The command that starts the server."""
    match by:
        case BySystemd(unit):
            return ("systemctl", "start", unit)
        case ByContainer(engine, name):
            return (engine, "start", name)
        case ByCommand(argv):
            return argv
        case _:
            assert_never(by)


def named(by: Manager) -> str:
    """As an operator calls it: `imaserver.service`, `container IMA`."""
    return by.unit if isinstance(by, BySystemd) else f"container {by.name}"


def look_command(by: Manager) -> str:
    """What an operator types to see how it is."""
    return f"systemctl status {by.unit}" if isinstance(by, BySystemd) else f"{by.engine} inspect {by.name}"


def standing_of(remote: Remote, by: Manager) -> Standing:
    """Whether the unit or container is up. Raises RemoteError where the manager knows none."""
    return look_at_container(remote, by).standing if isinstance(by, ByContainer) else _unit(remote, by)


def look_at_container(remote: Remote, by: ByContainer) -> ContainerSeen:
    """What the engine says of the container.

    Raises:
        RemoteError: No such engine or container, no right to ask, an answer that is none.
    """
    argv = (by.engine, "inspect", "--type", "container", "--format", CONTAINER_FORMAT, by.name)
    done = remote.run(argv, privileged=True)
    if done.exit_status != 0:
        raise RemoteError(
            f"{by.engine} inspect {by.name}: exit {done.exit_status}: {done.error_text or 'no message'}",
            node=remote.node.name,
            remedy=f"is `container: {by.name}` right, and may the login (by sudo) run {by.engine}? "
            f"on the node: {by.engine} ps -a",
        )
    try:
        return parse_container(done.stdout)
    except StatusFault as fault:
        raise RemoteError(
            f"{by.engine} inspect {by.name}: {fault}",
            node=remote.node.name,
            remedy=f"on the node: {by.engine} inspect {by.name}",
        ) from fault


def _unit(remote: Remote, by: BySystemd) -> Standing:
    argv = ("systemctl", "show", f"--property={UNIT_PROPERTIES}", by.unit)
    done = remote.run(argv, privileged=True)
    seen = parse_unit(done.text) if done.exit_status == 0 else None
    if seen is None:
        raise RemoteError(
            f"systemctl show {by.unit}: {done.error_text or 'systemd has loaded no such unit'}",
            node=remote.node.name,
            remedy="correct `service.unit` in the inventory; on the node: systemctl list-units 'ima*'",
        )
    return seen
