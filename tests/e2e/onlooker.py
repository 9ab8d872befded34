"""A sampler of the tests' own beside the tool's: who serves, and which two settled members are apart.

It asks every gateway of a lab over a connection of its own, and knows nothing of the tool but its parsers.
"""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from tasks.lab.health import admin_trust
from tasks.lab.inventory import ADMIN_USER
from tasks.lab.layout import Lab, LabNode

EVERY_S = 0.1
LIMIT_S = 1.0
SETTLED_S = (
    0.4  # it serves for so long: a member joins the others up to 6 s after State 1, here in a fiftieth of it
)


@dataclass(frozen=True, slots=True)
class Looked:
    """One node at one look; `active` names the ServerUIDs that it calls Active; None where it does not serve."""

    at: float
    uid: str = ""
    active: frozenset[str] | None = None


@dataclass(slots=True)
class Seen:
    """What the onlooker has seen so far."""

    samples: int = 0
    apart: Counter[frozenset[str]] = field(default_factory=Counter)  # samples, by two settled members
    away: Counter[str] = field(default_factory=Counter)  # samples, by member


class Onlooker:
    """A thread per node that looks, and one that compares what they saw."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._looks: dict[str, Looked] = {}
        self._over = threading.Event()
        self._members = sorted({node.member for node in lab.nodes if node.in_cluster})
        self._suspects: frozenset[frozenset[str]] = frozenset()
        self._since: dict[str, float] = {}  # when each member was first seen to serve, without a break
        self.seen = Seen()
        self._threads = [
            threading.Thread(target=self._watch, args=(node,), daemon=True) for node in lab.nodes
        ]
        self._threads.append(threading.Thread(target=self._compare, daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _watch(self, node: LabNode) -> None:
        with closing(_connection(self._lab, node)) as connection:
            while not self._over.wait(EVERY_S):
                at = time.monotonic()
                try:
                    self._looks[node.name] = _look(self._lab, connection, at=at)
                except (OSError, http.client.HTTPException, ValueError, KeyError):
                    connection.close()
                    self._looks[node.name] = Looked(at)

    def _compare(self) -> None:
        """Two members are apart where two samples in a row show it: looks differ in time."""
        while not self._over.wait(EVERY_S):
            looks = dict(self._looks)
            fresh = time.monotonic() - 3 * EVERY_S - 0.2
            if len(looks) < len(self._lab.nodes) or any(look.at < fresh for look in looks.values()):
                self._suspects = frozenset()
                continue
            serving = self._serving(looks)
            settled = self._settled(serving)
            self.seen.samples += 1
            self.seen.away.update(member for member in self._members if member not in serving)
            apart = frozenset(
                frozenset(pair)
                for pair in combinations(sorted(settled), 2)
                if not _linked(settled[pair[0]], settled[pair[1]])
            )
            self.seen.apart.update(apart & self._suspects)
            self._suspects = apart

    def _serving(self, looks: dict[str, Looked]) -> dict[str, Looked]:
        member_of = {node.name: node.member for node in self._lab.nodes}
        return {member_of[name]: look for name, look in looks.items() if look.active is not None}

    def _settled(self, serving: dict[str, Looked]) -> dict[str, Looked]:
        now = time.monotonic()
        self._since = {member: self._since.get(member, now) for member in serving}
        return {member: look for member, look in serving.items() if now - self._since[member] >= SETTLED_S}


def _linked(one: Looked, other: Looked) -> bool:
    return other.uid in (one.active or ()) or one.uid in (other.active or ())


def _connection(lab: Lab, node: LabNode) -> http.client.HTTPSConnection:
    trust = admin_trust(lab)
    return http.client.HTTPSConnection(node.address, lab.ports.admin, timeout=LIMIT_S, context=trust)


def _look(lab: Lab, connection: http.client.HTTPSConnection, *, at: float) -> Looked:
    status = _get(lab, connection, "service/status")
    if status["Server"]["State"] != 1 or status["Cluster"]["Status"] != "Active":
        return Looked(at)
    remotes = _get(lab, connection, "monitor/Cluster")["Cluster"]
    active = frozenset(remote["ServerUID"] for remote in remotes if remote["Status"] == "Active")
    return Looked(at, status["Server"]["UID"], active)


def _get(lab: Lab, connection: http.client.HTTPSConnection, path: str) -> dict[str, Any]:
    password = (lab.directory / "admin-password").read_text().strip()
    token = base64.b64encode(f"{ADMIN_USER}:{password}".encode()).decode()
    connection.request("GET", f"/ima/v1/{path}", headers={"Authorization": f"Basic {token}"})
    answer = json.loads(connection.getresponse().read())
    assert isinstance(answer, dict)
    return answer


@contextmanager
def onlooking(lab: Lab) -> Iterator[Seen]:
    """What is seen while the block runs."""
    onlooker = Onlooker(lab)
    onlooker.start()
    try:
        yield onlooker.seen
    finally:
        onlooker.stop()
