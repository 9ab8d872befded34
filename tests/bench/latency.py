"""How many round trips a status takes: what it takes longer over a long way, in round trips of that way."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.effects.ssh import Connections
from tests.bench.clocking import Contestant, Times, race
from tests.bench.nodes import PROJECT, BenchSite, bench_site
from tests.bench.peers import fab
from tests.bench.races import Course
from tests.bench.rows import Row

NODES = 5
ADDED_S = (0.05, 0.15)
BEYOND_LOGIN = 4  # round trips
_TRUE = 2  # round trips of a command: its channel, its answer
_SHIFT = 1  # of the port
_STARTED_WITHIN_S = 10.0


def latency(course: Course) -> Iterator[Row]:
    """`fab status` over ways of 0, 50 and 150 ms, against a login over the same ways."""
    with bench_site(course.site("latency", NODES), NODES) as site:
        near = _status(course, site, "status at 0 ms")
        login = _logged_in_s(site.inventory)
        for added_s in ADDED_S:
            with far_away(site, added_s) as inventory:
                far = _status(course, site, f"status at {added_s * 1000:.0f} ms", inventory=inventory)
                taken = _logged_in_s(inventory)
            if not near.runs or not far.runs:
                yield Row("latency", far.name, NODES, note=near.why_not or far.why_not)
                continue
            own = (taken - login) / added_s - _TRUE
            trips = (far.median_s - near.median_s) / added_s
            yield Row("latency", far.name, NODES, far.median_s)
            yield Row(
                "latency",
                f"round trips of it, {added_s * 1000:.0f} ms each",
                NODES,
                trips,
                "",
                None,
                f"at most {own + BEYOND_LOGIN:.1f}: login and {BEYOND_LOGIN}",
                trips <= own + BEYOND_LOGIN,
                f"a login takes {own:.1f} of them",
            )


def _status(course: Course, site: BenchSite, name: str, *, inventory: Path | None = None) -> Times:
    plain = fab(site, "status")
    argv = tuple(str(inventory) if inventory and word == str(site.inventory) else word for word in plain.argv)
    (found,) = race((Contestant(name, argv, plain.environment),), rounds=course.rounds, tell=course.tell)
    return found


def _logged_in_s(inventory: Path) -> float:
    """The median of the seconds of a login and one command, by the tool's own client."""
    cluster = open_inventory(str(inventory), None)
    took = []
    for node in cluster.nodes:
        with Connections(secrets=Secrets().resolve) as connections:
            began = time.monotonic()
            connections.remote(node).run(("true",))
            took.append(time.monotonic() - began)
    return statistics.median(took)


@contextmanager
def far_away(site: BenchSite, added_s: float) -> Iterator[Path]:
    """An inventory in which every node is so far away."""
    port = site.ports.ssh + _SHIFT
    name = f"far-{added_s * 1000:.0f}"
    text = site.inventory.read_text().replace(f"port: {site.ports.ssh}\n", f"port: {port}\n")
    inventory, known = site.directory / f"{name}.yaml", site.directory / f"{name}.known_hosts"
    inventory.write_text(text.replace(str(site.known_hosts), str(known)))
    known.write_text(site.known_hosts.read_text().replace(f"]:{site.ports.ssh} ", f"]:{port} "))
    relays = site.directory / f"{name}.relays"
    relays.write_text("".join(f"{node.address} {port} {site.ports.ssh}\n" for node in site.nodes))
    argv = (sys.executable, "-m", "tests.bench.delaying", str(relays), str(added_s), str(os.getpid()))
    process = subprocess.Popen(argv, cwd=PROJECT)
    try:
        deadline = time.monotonic() + _STARTED_WITHIN_S
        while not relays.with_suffix(".ready").exists():
            assert process.poll() is None, "the relay does not start"
            assert time.monotonic() < deadline, "the relay does not start"
            time.sleep(0.02)
        yield inventory
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
