"""`fab credentials.inspect`: certificates of a path, or of the cluster here, on disk and in the processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tasks.core.checks import ssh_reaches
from tasks.core.checks_files import file_checks
from tasks.core.checks_ha_files import ha_file_checks
from tasks.core.comparison import ComparedRow, compare, comparison_table
from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError, RemoteError, UsageError
from tasks.core.findings import Finding
from tasks.core.health import NOT_HEALTH
from tasks.core.held import Source, held_by_nodes
from tasks.core.inspection import Shown, local_bundle, node_bundles, shown
from tasks.core.inspection_text import shown_lines
from tasks.core.json_text import json_text
from tasks.core.local_files import LocalFiles
from tasks.core.node_tables import (
    ShownFile,
    ShownProcess,
    files_table,
    misnamed,
    processes_table,
    shown_files,
    shown_processes,
)
from tasks.core.observed import pending_ca
from tasks.core.snapshot import Snapshot, Unseen
from tasks.effects.clock import SystemClock
from tasks.effects.console import say, show_table, width
from tasks.effects.credential_files import typed_path
from tasks.effects.local_files import read_path, read_sets
from tasks.effects.look import take_snapshot
from tasks.effects.site import Site

_ELSEWHERE = NOT_HEALTH | {"restart-marker", "server-cfg-edit"}  # not about credentials: fab check


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of the cluster; empty where it was not asked for."""

    cluster: str
    at: datetime
    compared: tuple[ComparedRow, ...]
    files: tuple[ShownFile, ...]
    processes: tuple[ShownProcess, ...]
    shown: Shown
    findings: tuple[Finding, ...]
    unseen: tuple[str, ...]  # nodes


def refuse_both(path: str, *, flags: bool) -> None:
    """Raises UsageError: a path is on this machine, the flags are about the nodes."""
    if path and flags:
        raise UsageError(
            f"PATH {path} is on this machine; --nodes and --served are about the cluster",
            remedy="one of them per call; without any: here, on disk and served, compared",
        )


def inspect_path(path: str, *, json_wanted: bool = False) -> None:
    """Everything at a path, without inventory and network.

    Raises:
        UsageError: Nothing is there.
        OperatorError: It is there, and nothing of it can be read.
    """
    now = SystemClock().now()
    local = read_path(typed_path(path), at=now)
    found = shown([local_bundle(local, at=now, guess=True)])
    if json_wanted:
        say(json_text(found), verbatim=True)
    else:
        for line in shown_lines(found):
            say(line)
    if local.unread and not local.files:
        first = next(iter(local.unread.values()))
        raise OperatorError(first.problem, remedy=first.remedy)


def inspect_cluster(site: Site, *, nodes: bool, served: bool, json_wanted: bool = False) -> None:
    """The cluster's credentials: the nodes' files, what is served, or with neither all three, compared.

    Raises:
        RemoteError: A node could not be looked at; the others are shown.
    """
    found = look_at_credentials(site, nodes=nodes, served=served)
    if json_wanted:
        say(json_text(found), verbatim=True)
    else:
        _show(found)
    if found.unseen:
        raise RemoteError(f"no look at {', '.join(found.unseen)}", remedy="fab check")


def look_at_credentials(site: Site, *, nodes: bool, served: bool) -> Looked:
    """Changes nothing."""
    every = not nodes and not served
    snapshot = take_snapshot(site)
    here = read_sets(site.cluster, at=site.clock.now()) if every else ()
    disk, wire = nodes or every, served or every
    return Looked(
        cluster=site.cluster.key,
        at=snapshot.taken_at,
        compared=compare(snapshot, here) if every else (),
        files=shown_files(snapshot) if disk else (),
        processes=shown_processes(snapshot) if wire else (),
        shown=_groups(snapshot, here, disk=disk, wire=wire, at=site.clock.now()),
        findings=tuple(f for f in _findings(snapshot) if f.name not in _ELSEWHERE),
        unseen=tuple(not_seen(snapshot, disk=disk, wire=wire)),
    )


def _groups(snapshot: Snapshot, here: Sequence[LocalFiles], *, disk: bool, wire: bool, at: datetime) -> Shown:
    held = held_by_nodes(snapshot)
    bundles = [local_bundle(local, at=at) for local in here]
    bundles += node_bundles(held, Source.DISK) if disk else ()
    bundles += node_bundles(held, Source.SERVED) if wire else ()
    return shown(bundles)


def _findings(snapshot: Snapshot) -> Iterator[Finding]:
    """What `fab check` says of files and served certificates."""
    for check in (ssh_reaches, file_checks, ha_file_checks, pending_ca, misnamed):
        yield from check(snapshot)


def not_seen(snapshot: Snapshot, *, disk: bool, wire: bool) -> Iterator[str]:
    """Nodes of which something that was asked for could not be seen."""
    for name, seen in snapshot.nodes.items():
        asked = (seen.sshd, seen.files if disk else None, seen.wire if wire else None)
        if any(isinstance(part, Unseen) for part in asked):
            yield name


def _show(found: Looked) -> None:
    if found.compared:
        show_table(comparison_table(found.cluster, found.compared))
        say()
    if found.files:
        show_table(files_table(found.cluster, found.files, width=width()))
        say()
    if found.processes:
        show_table(processes_table(found.cluster, found.processes))
        say()
    for line in shown_lines(found.shown, found.findings):
        say(line)
