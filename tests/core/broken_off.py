"""What is seen of a cluster in a moment of a run that was broken off there: for plans that start from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from tasks.core.course import Course
from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.model import Member, Node
from tasks.core.snapshot import FileState, Snapshot, Wire
from tasks.core.trust import Loaded
from tests.core.reachable import Beginning, Moment
from tests.core.snapshots import PLACED_AT, alter, alter_files, alter_server, files_of
from tests.core.statuses import NOON

AFTER_START = NOON.timestamp() + 60  # of the processes that run since noon
STARTED_LATE = NOON + timedelta(seconds=120)
Content = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Going:
    """A run under way.

    Args:
        start: What was seen before it, every member whole.
        course: What it does.
        sets: By leaf, the sets that members have before it and after it.
    """

    start: Snapshot
    course: Course
    sets: Mapping[str, CredentialSet]

    def begins(self, now: Moment) -> Beginning:
        """What the processes have really loaded then, and what a start would load."""
        members = self.start.cluster.members
        loaded = {m.name: self._loaded(m.name, has) for m, has in zip(members, now.loaded, strict=True)}
        disks = zip(self.start.cluster.nodes, now.disk, strict=True)
        return Beginning(loaded, {node.name: self._loaded(node.member, k) for node, k in disks}, now.active)

    def seen(self, now: Moment) -> Snapshot:
        """What the look at the nodes shows then."""
        snapshot = self.start
        members = zip(self.start.cluster.members, now.loaded, now.active, strict=True)
        for member, has, active in members:
            if active:
                snapshot = _roles_exchanged(snapshot, member)
            wire = _served(self._loaded(member.name, has))
            for number, node in enumerate(member.nodes):
                snapshot = alter(snapshot, node.name, wire=wire if number == active else None)
        numbers = {node.name: number for number, node in enumerate(self.start.cluster.nodes)}
        for node, number in zip(self.start.cluster.nodes, numbers.values(), strict=True):
            snapshot = self._with_files(snapshot, node, lies=now.disk[number], ran=now.ran[number])
        return self._standbys_started(snapshot, now, numbers)

    def _with_files(self, snapshot: Snapshot, node: Node, *, lies: int, ran: int) -> Snapshot:
        """Of several rounds each brings only what changes in it; an only one brings all files anew."""
        here, its = self._content(node, lies), self._content(node, ran)
        kept = {name for name in here if here[name] == its.get(name)}
        if len(self.course.way.rounds) < 2 and lies != ran:
            kept = set()
        states = {
            name: _state(state, here.get(name), PLACED_AT if name in kept else AFTER_START)
            for name, state in files_of(snapshot, node.name).files.items()
        }
        pems = {"ca_pem": here.get(CA_FILE, b""), "cert_pem": here.get(CERT_FILE, b"")}
        return alter_files(snapshot, node.name, files=states, **pems)

    def _standbys_started(self, snapshot: Snapshot, now: Moment, numbers: Mapping[str, int]) -> Snapshot:
        """One that has loaded what its primary was given since noon is younger than that."""
        for member, active in zip(self.start.cluster.members, now.active, strict=True):
            if not member.is_pair:
                continue
            primary, standby = (member.nodes[number] for number in (active, 1 - active))
            if now.ran[numbers[standby.name]] == now.disk[numbers[primary.name]]:
                snapshot = alter_server(snapshot, standby.name, server_time=STARTED_LATE, uptime_s=0)
        return snapshot

    def _loaded(self, member: str, number: int) -> Loaded:
        states = (self.course.way.before, *(one.after for one in self.course.way.rounds))
        return states[number][member].loaded

    def _content(self, node: Node, number: int) -> Content:
        loaded = self._loaded(node.member, number)
        ca = b"".join(one.pem() for one in loaded.trusted)
        if loaded.on_builtin:
            return {CA_FILE: ca} if ca else {}
        one = self.sets[loaded.leaf.sha256]
        return {CERT_FILE: one.cert_pem, KEY_FILE: one.key.file_bytes(), CA_FILE: ca}


def _roles_exchanged(snapshot: Snapshot, member: Member) -> Snapshot:
    one, two = (snapshot.nodes[node.name] for node in member.nodes)
    nodes = {
        one.node.name: replace(one, status=two.status, remotes=two.remotes),
        two.node.name: replace(two, status=one.status, remotes=one.remotes),
    }
    return replace(snapshot, nodes={**snapshot.nodes, **nodes})


def _served(loaded: Loaded) -> Wire:
    named = (loaded.leaf,) if loaded.on_builtin else loaded.trusted
    return Wire(loaded.chain, tuple(dict.fromkeys(one.subject for one in named)), "TLSv1.3", "h:9104")


def _state(state: FileState, content: bytes | None, changed_at: float) -> FileState:
    if content is None:
        return FileState(state.path, None)
    sha256 = hashlib.sha256(content).hexdigest()
    return FileState(state.path, sha256, "463:463", "600", True, changed_at)
