"""What `migrate-cluster` takes beyond the servers' own restarts, and how soon it sees that a gate's condition holds.

The servers are the lab's; somebody who asks each of them many times a second says when a condition became true.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tasks.core.model import Limits
from tasks.lab.inventory import ADMIN_USER
from tasks.lab.layout import Lab, LabNode, Topology
from tests.bench.clocking import LIMIT_S
from tests.bench.peers import FAB
from tests.bench.races import Course
from tests.bench.rows import Row
from tests.e2e.labs import PROJECT, Journal, Rig, documented, rigged

TOPOLOGY = Topology(members=3, pairs=1, speed=20.0)
LAG_S, PER_NODE_S, FIXED_S = 0.3, 0.3, 2.0
_EVERY_S = 0.03
_LIMITS = Limits()  # what an inventory without `limits` has
_RESTARTS = ("restart:", "restart-standby:")

Seen = tuple[object, ...]  # what a gate may look at, of one node


@dataclass(slots=True)
class Sightings:
    """What every node said, and when, by the wall clock."""

    rows: list[tuple[float, str, Seen]] = field(default_factory=list)

    def held_since(self, began: float, until: float) -> float:
        """From when on every node said what it said at `until`; at the earliest `began`."""
        last: dict[str, Seen] = {}
        for at, node, seen in self.rows:
            if at <= until:
                last[node] = seen
        others = [at for at, node, seen in self.rows if began <= at <= until and seen != last[node]]
        before = max(others, default=began)
        return min((at for at, _, _ in self.rows if at > before), default=until)


@dataclass(frozen=True, slots=True)
class Wait:
    """One gate: from the note before the request, to when it held, to when the tool went on."""

    step: str
    asked: float
    held: float
    done: float

    @property
    def lag_s(self) -> float:
        """From the condition to the first look that saw it: what the gate has to settle is no lag."""
        return self.done - _LIMITS.settle_s - self.held


def migrate(course: Course) -> Iterator[Row]:
    """Prescribed migrations of three members and a pair, with the limits that an inventory has by default."""
    place = course.place / "migrate"
    place.mkdir()
    with rigged(place, TOPOLOGY) as rig:
        inventory = rig.changed_inventory("bench", _as_by_default)
        nodes, own, lags = len(rig.lab.nodes), [], []
        for turn in range(course.rounds):
            rig.new_credentials()
            with _watched(rig.lab) as sightings:
                took_s = _run(rig, inventory)
            waits = tuple(_waits(rig.journal(), sightings))
            own.append(took_s - _not_ours_s(waits))
            lags += [wait.lag_s for wait in waits]
            course.tell(
                f"  migration {turn + 1}: {took_s:.1f} s, own {own[-1]:.2f} s, "
                f"lags {', '.join(f'{wait.lag_s:.2f}' for wait in waits)}"
            )
    most = PER_NODE_S * nodes + FIXED_S
    found = statistics.median(own)
    yield Row(
        "migrate",
        "the tool's own time",
        nodes,
        found,
        "s",
        None,
        f"at most {most:g} s",
        found <= most,
        "start, checks, plan, staging, swaps, questions; without restarts, sync, and settling",
    )
    lag = statistics.median(lags)
    yield Row(
        "migrate",
        "detection lag of a gate",
        nodes,
        lag,
        "s",
        None,
        f"at most {LAG_S:g} s",
        lag <= LAG_S,
        f"median of {len(lags)} gates, the longest {max(lags):.2f} s; seen by asking every {_EVERY_S:g} s",
    )


def _as_by_default(document: dict[str, Any]) -> None:
    for name in ("poll_s", "settle_s"):
        document["defaults"]["limits"].pop(name)


def _run(rig: Rig, inventory: Path) -> float:
    argv = (str(FAB), "migrate-cluster", "--yes", *documented(), "--inventory", str(inventory))
    began = time.monotonic()
    done = subprocess.run(
        argv, cwd=PROJECT, env=rig.environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr[-300:]
    return time.monotonic() - began


def _waits(journal: Journal, sightings: Sightings) -> Iterator[Wait]:
    asked: dict[str, float] = {}
    for entry in journal:
        step, at = entry.get("step", ""), datetime.fromisoformat(entry["at"]).timestamp()
        if not step.startswith(_RESTARTS):
            continue
        if "started_before" in entry.get("facts", {}):
            asked[step] = at
        elif entry["event"] == "done":
            yield Wait(step, asked[step], sightings.held_since(asked[step], at), at)


def _not_ours_s(waits: Sequence[Wait]) -> float:
    """The servers' own waits, and what every gate and the proof at the end have to settle."""
    return sum(wait.held - wait.asked for wait in waits) + _LIMITS.settle_s * (len(waits) + 1)


@contextmanager
def _watched(lab: Lab) -> Iterator[Sightings]:
    """Somebody asks every node, again and again, while the block runs."""
    sightings, ended = Sightings(), threading.Event()
    password = (lab.directory / "admin-password").read_text().strip()
    token = base64.b64encode(f"{ADMIN_USER}:{password}".encode()).decode()
    threads = [
        threading.Thread(target=_look, args=(lab, node, token, sightings, ended)) for node in lab.nodes
    ]
    for thread in threads:
        thread.start()
    try:
        yield sightings
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _look(lab: Lab, node: LabNode, token: str, sightings: Sightings, ended: threading.Event) -> None:
    context = ssl.create_default_context(cafile=str(lab.directory / "admin-ca.pem"))
    context.check_hostname = False
    connection: http.client.HTTPSConnection | None = None
    while not ended.wait(_EVERY_S):
        seen: Seen = ()
        try:
            connection = connection or http.client.HTTPSConnection(
                node.address, lab.ports.admin, timeout=1.0, context=context
            )
            connection.request("GET", "/ima/v1/service/status", headers={"Authorization": f"Basic {token}"})
            seen = _seen(json.loads(connection.getresponse().read()))
        except (OSError, http.client.HTTPException, ValueError):
            if connection is not None:
                connection.close()
            connection = None
        sightings.rows.append((time.time(), node.name, seen))


def _seen(status: Mapping[str, Any]) -> Seen:
    cluster, pair = status["Cluster"], status["HighAvailability"]
    counts = (cluster.get("ConnectedServers"), cluster.get("DisconnectedServers"))
    return (status["Server"]["State"], cluster["Status"], counts, pair.get("NewRole"), pair.get("SyncNodes"))
