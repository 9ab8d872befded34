"""A cluster under test as it is changed: files, restarts, signals, and all of it back again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from tasks.core.certificates import is_builtin
from tasks.core.errors import UsageError
from tasks.core.model import Member, Node, SecretRef
from tasks.core.secret import SecretStr
from tasks.core.server_log import DEFAULT_LOG
from tasks.core.status import NodeStatus
from tasks.effects.service import start
from tasks.effects.site import Site
from tests.conformance import process
from tests.conformance.disk import Disk
from tests.conformance.looks import Looks
from tests.conformance.parting import cross
from tests.conformance.sets import Files


class Target(Looks):
    """The cluster, its nodes' disks, and what they were like at the start."""

    def __init__(self, site: Site, *, secrets: Callable[[SecretRef], SecretStr]) -> None:
        super().__init__(site, secrets=secrets)
        self.disks: Mapping[str, Disk] = {}
        self._uids: Mapping[str, str] = {}
        self._log_sizes: dict[str, int] = {}
        self._silent: set[str] = set()
        self._dirty: set[str] = set()
        self.other_ha: list[Member] = []  # pairs whose HA credentials were changed

    def prepare(self) -> None:
        """Mend what a killed run left, see that the cluster is healthy, and keep what is there.

        Raises:
            UsageError: It is not healthy, or not on the built-in pair; nothing was changed.
        """
        nodes = self.site.cluster.nodes
        if any(self.site.pool.map(lambda node: Disk.was_left(self.site.remote(node)), nodes)):
            self._open_disks()
            self._dirty = {node.name for node in nodes}
            self.restore()
        self._require_healthy()
        self.site.pool.map(self.membership, nodes)
        self._open_disks()

    def _open_disks(self) -> None:
        nodes = self.site.cluster.nodes
        disks = self.site.pool.map(lambda node: Disk.open(self.site.remote(node)), nodes)
        self.disks = dict(zip((node.name for node in nodes), disks, strict=True))

    def _require_healthy(self) -> None:
        others = f"{len(self.names) - 1}/"
        limit_s = self.site.cluster.nodes[0].limits.join_s
        try:
            seen = self.until(
                self.counts,
                lambda seen: all(text.startswith(others) for text in seen.values()),
                what=f"every member counts {others}0",
                limit_s=limit_s,
            )
            self.gone = {name: int(text.partition("/")[2]) for name, text in seen.items()}
            leaf = self.wire(self.speaker(self.names[0])).leaf
        except AssertionError as error:
            raise UsageError(f"unhealthy; nothing was changed: {error}", remedy="fab status") from error
        if not is_builtin(leaf):
            raise UsageError(
                f"the cluster serves {leaf.subject}, wanted the built-in pair; nothing was changed",
                remedy="docs/conformance.md: remove Cluster_*.pem on every node, restart",
            )
        self.builtin = leaf
        statuses = {node.name: self.status(node) for node in self.site.cluster.nodes}
        self._uids = {name: status.server.uid for name, status in statuses.items() if status is not None}

    # Changing.

    def disk(self, node: Node) -> Disk:
        """The node's files, to be changed: it is restored at the end."""
        self._dirty.add(node.name)
        return self.disks[node.name]

    def place(self, files: Mapping[Node, Files]) -> None:
        """Make these the live files of each node; nothing loads them before a restart."""
        self.site.pool.map(lambda node: self.disk(node).place(files[node]), files)

    def load(self, *nodes: Node) -> None:
        """Restart these, all at once, and wait until each is settled with what is on its disk now."""
        began = self.site.clock.monotonic()
        self.site.pool.map(self._reload, nodes)
        self.took_s = self.site.clock.monotonic() - began

    def mark_logs(self, *nodes: Node) -> None:
        """Remember how long the servers' logs are now."""
        sizes = self.site.pool.map(lambda node: self.disks[node.name].log_size(DEFAULT_LOG), nodes)
        self._log_sizes.update(zip((node.name for node in nodes), sizes, strict=True))

    def log(self, node: Node) -> str:
        """What imaserver-default.log got since it was marked."""
        return self.disks[node.name].log_from(DEFAULT_LOG, self._log_sizes[node.name])

    def begin(self, node: Node) -> datetime | None:
        """Ask for a restart (T5: only of a settled server); a silent one is ended and started.

        Returns:
            The start time of the process before; None if there is a new one already.
        """
        self._dirty.add(node.name)
        if node.name in self._silent or (status := self._settled(node)) is None:
            self.end(node)
            self.start(node)
            return None
        self.site.admin(node).restart()
        return status.server.started_at

    def await_ports_without_rest(self, node: Node) -> None:
        """A begun restart ends with both cluster ports up and no admin API (T11)."""
        self.until(
            lambda: self.status(node),
            lambda seen: seen is None,
            what="REST to end",
            limit_s=node.limits.restart_s,
        )
        for address in (self.control(node), self.messaging(node)):
            self.until(
                lambda address=address: self.listens(node, address),  # type: ignore[misc]
                lambda seen: seen,
                what=f"{address} to listen",
                limit_s=node.limits.restart_s,
            )
        self._await_active(node)
        assert self.refuses_rest(node), f"[{node.name}] REST answers"
        self.went_silent(node)

    def _await_active(self, node: Node) -> None:
        """Until another member is connected to it: a State that REST does not tell (T5)."""

        def look() -> set[str]:
            seen = [self.status(other) and self.site.admin(other).remotes() for other in self.singles]
            return {
                one.status for remotes in seen for one in remotes or () if one.uid == self._uids[node.name]
            }

        limit_s = node.limits.restart_s
        self.until(look, lambda seen: "Active" in seen, what=f"{node.name} in the cluster", limit_s=limit_s)

    def went_silent(self, node: Node) -> None:
        """Note that the running process has no admin API: it can be ended by signals only."""
        self._silent.add(node.name)

    def pid(self, node: Node) -> int | None:
        return process.server(self.site.remote(node), own=self._own(node))

    def terminate(self, node: Node) -> None:
        pid = self.pid(node)
        assert pid is not None, f"[{node.name}] no server process to signal"
        process.terminate(self.site.remote(node), pid)

    def await_end(self, node: Node, *, limit_s: float) -> None:
        remote, own = self.site.remote(node), self._own(node)
        self.until(
            lambda: process.processes(remote, own=own),
            lambda seen: not seen,
            what=f"{node.name}'s end",
            limit_s=limit_s,
        )

    def end(self, node: Node) -> None:
        """TERM, and once more where it stays: a deaf server (T1) ends at the second only."""
        if self.pid(node) is None:
            return
        known = node.name in self._memberships
        deaf = known and not self.listens(node, self.control(node))
        limit_s = node.limits.return_s / 2
        clock = self.site.clock
        self.terminate(node)
        until = clock.monotonic() + (0 if deaf else limit_s)
        while self.pid(node) is not None and clock.monotonic() < until:
            clock.sleep(node.limits.poll_s)
        if self.pid(node) is not None:
            self.terminate(node)
        self.await_end(node, limit_s=limit_s)

    def start(self, node: Node) -> None:
        """Start a server that is down; asked again while the service manager thinks it still runs."""

        def look() -> int | None:
            start(self.site.remote(node))
            return self.pid(node)

        self.until(
            look, lambda pid: pid is not None, what=f"{node.name} to start", limit_s=node.limits.return_s
        )
        self._silent.discard(node.name)

    def restore(self) -> None:
        """Files and processes as they were found; does nothing where nothing was changed."""
        nodes = [node for node in self.site.cluster.nodes if node.name in self._dirty]
        self.site.pool.map(lambda node: self.disks[node.name].restore(), nodes)
        singles = [node for node in nodes if node in self.singles]
        if singles:
            self.load(*singles)
        for member in self.pairs:
            if member in self.other_ha:
                cross(self, member)
            if self._dirty & {node.name for node in member.nodes}:
                self.roll(member)
        self._dirty.clear()
        self.other_ha.clear()
        if nodes and self.builtin is not None:
            self.expect(self.together)

    def forget(self) -> None:
        """Leave no copy behind; only after all was restored."""
        for disk in self.disks.values():
            disk.forget()

    def roll(self, member: Member) -> None:
        """Restart standby, then primary, each from a pair in sync: roles are swapped afterwards."""
        for which in (1, 0):
            self.load(self.roles(member)[which])
        self.roles(member)

    def _own(self, node: Node) -> frozenset[PurePosixPath]:
        others = [other for other in self.site.cluster.nodes if other is not node]
        return process.own_directories(node, others)

    def _settled(self, node: Node) -> NodeStatus | None:
        """Its status once it is settled; None if it stays silent for as long as a start may take."""
        clock = self.site.clock
        deadline = clock.monotonic() + node.limits.return_s
        while (status := self.status(node)) is None or not status.settled:
            if clock.monotonic() > deadline:
                return None
            clock.sleep(node.limits.poll_s)
        return status

    def _reload(self, node: Node) -> None:
        before = self.begin(node)
        left = before is None

        def look() -> NodeStatus | None:
            nonlocal left
            status = self.status(node)
            left = left or status is None or not status.settled
            return status

        def holds(status: NodeStatus | None) -> bool:
            if status is None or not status.settled:
                return False
            return left or (before is not None and (status.server.started_at - before).total_seconds() > 1)

        self.until(look, holds, what=f"{node.name} back and settled", limit_s=node.limits.restart_s)
