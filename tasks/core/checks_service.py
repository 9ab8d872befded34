"""Checks of the service manager: could it start the server, and is the container what the inventory says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tasks.core.findings import Finding, Severity
from tasks.core.model import ByContainer, ExecFiles, HostFiles, Volume
from tasks.core.places import data_of
from tasks.core.services import ContainerSeen
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Unseen
from tasks.core.status import NodeStatus


def service_checks(snapshot: Snapshot) -> Iterator[Finding]:
    """All checks of this module, node by node; those that SSH does not reach have a finding of their own."""
    for seen in snapshot.nodes.values():
        if seen.sshd is not None:
            continue
        if seen.start_trouble:
            yield _error(
                "service-start",
                seen,
                f"a server that does not come back could not be started: {seen.start_trouble}",
                "correct `service.start` (or `service.unit`) of the node in the inventory",
            )
        if isinstance(seen.container, Unseen):
            yield _error("container", seen, seen.container.problem, seen.container.remedy)
        elif seen.container is not None and seen.node.container is not None:
            yield from _container(seen, seen.container, by=seen.node.container)


def _error(name: str, seen: NodeSnapshot, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, seen.node.name, problem, remedy)


def _container(seen: NodeSnapshot, found: ContainerSeen, *, by: ByContainer) -> Iterator[Finding]:
    if not found.standing.up and isinstance(seen.status, NodeStatus):
        yield _error(
            "container",
            seen,
            f"the server answers, but container {by.name} is {found.standing.words}: something else runs it",
            f"correct `service.container` of the node; on the node: {by.engine} ps -a",
        )
    if isinstance(seen.node.files_by, HostFiles):
        yield from _volume(seen, found, volume=seen.node.files_by.volume, engine=by.engine)
    yield _how(seen, found, by=by)


def _volume(
    seen: NodeSnapshot, found: ContainerSeen, *, volume: Volume | None, engine: str
) -> Iterator[Finding]:
    """The first path that the container has elsewhere than the inventory makes us look."""
    for path in _paths(seen):
        looked = volume.on_host(path) if volume else path
        mounted = found.volume_of(path)
        if mounted is not None and looked == mounted.on_host(path):
            continue
        if mounted is None:
            text = f"{path} is in no volume of the container: from the host it is not reached"
            remedy = f"`service: {{files: {engine}}}` works inside the container"
        else:
            real = mounted.on_host(path)
            text = f"the container's {path} is {real} on the host, and the inventory makes it {looked}"
            wanted = f"{{host: {mounted.host}, container: {mounted.container}}}"
            remedy = f"`service: {{volume: {wanted}}}`, or `service: {{files: {engine}}}`"
        yield _error("container-volume", seen, text, remedy)
        return


def _paths(seen: NodeSnapshot) -> Iterator[PurePosixPath]:
    """Every path that is worked on: a volume of its own may lie over any of them."""
    at = seen.node.paths
    found = [at.data_dir, data_of(seen.node), at.server_cfg, at.log_dir, at.keystore, at.truststore]
    if isinstance(seen.files, NodeFiles):
        found += [seen.files.keystore, seen.files.truststore]
    yield from (path for path in found if path is not None)


def _how(seen: NodeSnapshot, found: ContainerSeen, *, by: ByContainer) -> Finding:
    match seen.node.files_by:
        case ExecFiles():
            where = f"by {by.engine} exec"
        case HostFiles(volume):
            where = f"in {volume.host} on the host" if volume else "on the host, by the same paths"
    after = "comes back by itself after a stop" if found.comes_back else f"is started by {by.engine} start"
    return Finding(
        "container-policy",
        Severity.INFO,
        seen.node.name,
        f"container {by.name}: restart policy {found.policy or 'no'} (it {after}); its files are reached {where}",
        "nothing to do; a restart by REST keeps the container",
    )
