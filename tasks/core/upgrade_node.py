"""The upgrade of one node, from the stop of its server to the proof that it is back.

Source: the product's upgrade pages; where its installation scripts say more, the scripts.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from tasks.core.model import ByContainer
from tasks.core.snapshot import NodeFiles, NodeSnapshot
from tasks.core.status import NodeStatus
from tasks.core.upgrade_actions import Action
from tasks.core.versions import parse_version

NEW_DATA = PurePosixPath("/var/lib/amlen-server")
OLD_DATA = PurePosixPath("/var/messagesight")


def on_node(seen: NodeSnapshot, *, standby: bool, paired: bool) -> tuple[Action, ...]:
    """Everything from the stop of one node to the proof that it is back."""
    return tuple(_on_node(seen, standby=standby, paired=paired))


def _on_node(seen: NodeSnapshot, *, standby: bool, paired: bool) -> Iterator[Action]:
    name = seen.node.name
    yield _roles(name, standby=standby, paired=paired)
    yield _stop(seen)
    if seen.node.container is not None:
        yield from _container(seen, seen.node.container)
    else:
        yield from _packages(seen)
    yield Action(
        f"In the inventory, for {name}: `product: amlen`, without `ifix_confirmed:` (and without `data_dir:` and "
        "`service.unit:` of the old product).",
        commands=("fab check",),
    )
    back = "10, SYNC in sync (roles do not move back)" if paired else "1"
    yield Action(
        f"Go on only when {name} shows version 1.x, State {back}, and every member the same "
        "connected/disconnected and certificate as before the stop.",
        commands=("fab status",),
    )


def _roles(name: str, *, standby: bool, paired: bool) -> Action:
    if not paired:
        text = f"Clients of {name} are dropped now and can come back when it is upgraded; the other members go on."
    elif standby:
        text = (
            f"Roles move: see that {name} is still the standby. If it is not, upgrade the other node first."
        )
    else:
        text = (
            f"See that the pair is in sync. Its standby takes over when {name} stops; clients reconnect once."
        )
    return Action(text, commands=("fab status",))


def _stop(seen: NodeSnapshot) -> Action:
    admin = seen.node.admin
    login = f"-u {shlex.quote(admin.user)} " if admin.user else ""
    unverified = "-k " if admin.scheme == "https" else ""  # the CA file is on the bastion, not here
    url = f"{admin.scheme}://{admin.host}:{admin.port}/ima/v1/service/stop"
    return Action(
        "Stop the server by REST, and wait until its process has ended. Not by systemctl: that signals twice, "
        "which can kill it unclean (T5).",
        where=seen.node.name,
        commands=(f'curl {unverified}{login}-X POST -d \'{{"Service":"Server"}}\' {shlex.quote(url)}',),
    )


def _packages(seen: NodeSnapshot) -> Iterator[Action]:
    name = seen.node.name
    yield _removal(seen)
    yield _move(seen)
    yield _marker(name)
    yield Action(
        "Install Eclipse Amlen. It creates its user (amlen, or that of /etc/messagesight-user.cfg) and gives it the "
        "data directory; what lies behind a link inside it must be given to that user by hand.",
        where=name,
        commands=(
            "sudo yum --nogpgcheck install ./EclipseAmlenServer-*.rpm",
            f"sudo ls -lR {NEW_DATA}/data/certificates",
        ),
    )
    yield Action(
        "Start it.",
        where=name,
        commands=("sudo systemctl enable imaserver", "sudo systemctl start imaserver"),
    )


def _removal(seen: NodeSnapshot) -> Action:
    """The package and the unit have other names in 2.0."""
    package, unit = "IBMWIoTPMessageGatewayServer", "imaserver"
    if isinstance(seen.status, NodeStatus) and parse_version(seen.status.server.version).has_builtin_only:
        package = unit = "IBMIoTMessageSightServer"
    return Action(
        "Remove the old package. Its data stays; /etc/messagesight and the unit go.",
        where=seen.node.name,
        commands=(f"systemctl is-active {unit}   # wanted: inactive", f"sudo rpm -e {package}"),
    )


def _move(seen: NodeSnapshot) -> Action:
    """The data directory moves, and a link stays: the old server.cfg names paths below the old one."""
    name, old, real = seen.node.name, seen.node.paths.data_dir, _real_data(seen)
    place = shlex.quote(str(old))
    if real == NEW_DATA:
        text = f"{old} is {NEW_DATA} already: nothing to move."
        return Action(text, where=name, commands=(f"ls -ld {place}",))
    if real is not None and real != old:
        text = f"{old} is a link to {real}. Link the new place to it as well."
        return Action(text, where=name, commands=(f"sudo ln -sT {shlex.quote(str(real))} {NEW_DATA}",))
    return Action(
        f"Move the data, and leave a link: the old server.cfg, which goes along, names paths below {old}. The first "
        f"line must print nothing: {NEW_DATA} must not exist yet, and a file system that is mounted at {old} is to "
        f"be mounted at {NEW_DATA} instead of being moved.",
        where=name,
        commands=(
            f"ls -d {NEW_DATA} 2>/dev/null; mountpoint {place} | grep -v not",
            f"sudo mv -T {place} {NEW_DATA}",
            f"sudo ln -sT {NEW_DATA} {place}",
        ),
    )


def _real_data(seen: NodeSnapshot) -> PurePosixPath | None:
    if not isinstance(seen.files, NodeFiles):
        return None
    return seen.files.resolved(seen.node.paths.data_dir)


def _marker(name: str) -> Action:
    return Action(
        "Write the marker that says that the store is valid, else the server may begin with an empty one. The "
        "documented place is the first; the server's source looks at the second, which counts only if that "
        "directory exists.",
        where=name,
        commands=(
            f"sudo touch {NEW_DATA}/data/config/store.init",
            f"! sudo test -d {NEW_DATA}/config || sudo touch {NEW_DATA}/config/store.init",
        ),
    )


def _container(seen: NodeSnapshot, container: ByContainer) -> Iterator[Action]:
    name, engine = seen.node.name, container.engine
    box = shlex.quote(container.name)
    yield Action(
        "Note how the container was run, then remove it (its data is in the volume).",
        where=name,
        commands=(f"{engine} inspect {box}", f"{engine} rm {box}"),
    )
    yield Action(
        f"On the volume, write the marker data/config/store.init. Then run the Eclipse Amlen image with the options "
        f"of before and the same volume mounted twice, at {NEW_DATA} and at {OLD_DATA}: the old server.cfg, which "
        f"goes along, names paths below {OLD_DATA}. Give the volume's files to the user of the new image.",
        where=name,
    )
