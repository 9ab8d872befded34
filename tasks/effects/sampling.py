"""Who serves and who is connected, looked at again and again while a run goes on; never in its way."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from tasks.core.availability import (
    Look,
    Sample,
    read_samples,
    restarts_servers,
    sample,
    sample_line,
    serves,
    still_all_connected,
    uids_of,
)
from tasks.core.model import Member, Node
from tasks.core.status import RemoteMember
from tasks.effects.admin import AdminApi
from tasks.effects.pool import WORKERS
from tasks.effects.record import RunRecord
from tasks.effects.rest import RestError, RestNotTrusted, RestUnauthorized
from tasks.effects.site import Site

AVAILABILITY = "availability.jsonl"
LONGEST_S, SHORTEST_S = 1.0, 0.2  # from one sample to the next
RETRY_S = 2.0  # a node that cannot be reached at all is left alone so long
_END_S = 2.0  # for the threads to end; what hangs longer is left behind


def _unheard(looks: Mapping[str, Look]) -> None:
    """Nobody wants to know more than the samples say."""


@contextmanager
def sampling(
    site: Site,
    record: RunRecord,
    members: Sequence[Member],
    *,
    looked: Callable[[Mapping[str, Look]], None] = _unheard,
) -> Iterator[None]:
    """While the block runs, sample the members into the run's directory, and hand on what each look shows.

    Nothing that goes wrong here is raised: a look that fails is a member not seen, and a file that cannot be
    written ends the samples. A plan that restarts nothing is not sampled.
    """
    if not restarts_servers(record.plan):
        yield
        return
    sampler = _Sampler(site, record.directory / AVAILABILITY, members, looked)
    sampler.start()
    try:
        yield
    finally:
        sampler.stop()


def samples_of(record: RunRecord) -> tuple[Sample, ...]:
    """What was sampled in a run; nothing if nothing was."""
    return read_samples(sampled(record.directory).decode("utf-8", "replace"))


def samples_seal(record: RunRecord) -> str:
    """SHA-256 of what was sampled, for the journal of a run that is complete: then nothing is added any more."""
    return hashlib.sha256(sampled(record.directory)).hexdigest()


def sampled(directory: Path) -> bytes:
    """The samples of a run as they are; none where nothing was sampled."""
    try:
        return (directory / AVAILABILITY).read_bytes()
    except OSError:
        return b""


def interval_s(nodes: Sequence[Node]) -> float:
    """As often as the gates look, and once a second at least."""
    return max(SHORTEST_S, min(LONGEST_S, *(node.limits.poll_s for node in nodes)))


class _Eye:
    """Looks at one node, over an HTTP connection of its own; one look at a time.

    Who the others are is asked only where the counts do not say that all of them are still connected.
    """

    def __init__(self, node: Node, admin: AdminApi) -> None:
        self.node = node
        self._admin = admin
        self._remotes: tuple[RemoteMember, ...] | None = None  # of the last time that they were asked for
        self._again_at = 0.0

    def look(self) -> Look | None:
        """None: it could not be asked. Where SSH arrives, REST that fails is a server that does not serve."""
        if time.monotonic() < self._again_at:
            return None
        try:
            status = self._admin.status()
            if not serves(status):
                return Look(status)
            if self._remotes is None or not still_all_connected(status, self._remotes):
                self._remotes = self._admin.remotes() or ()
            return Look(status, self._remotes)
        except (RestNotTrusted, RestUnauthorized):
            return None
        except RestError:
            return Look(None)
        except Exception:  # noqa: BLE001 # whatever it is, the run itself will meet and tell it
            self._again_at = time.monotonic() + RETRY_S
            return None

    def close(self) -> None:
        self._admin.close()


class _Eyes:
    """All nodes at the same time; a slow one holds nobody else up.

    The threads are daemons, at most 16: a look that hangs does not keep the process from ending.
    """

    def __init__(self, site: Site, nodes: Sequence[Node]) -> None:
        self._eyes = tuple(_Eye(node, site.another_admin(node)) for node in nodes)
        self._under_way: dict[str, Future[Look | None]] = {}
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"sampling-{number}", daemon=True)
            for number in range(min(WORKERS, len(nodes)))
        ]
        for thread in self._threads:
            thread.start()

    def look(self, *, limit_s: float) -> dict[str, Look]:
        """By node; without those that did not answer in time, or still have not answered the time before."""
        asked = {}
        for eye in self._eyes:
            last = self._under_way.get(eye.node.name)
            if last is None or last.done():
                asked[eye.node.name] = self._order(eye)
        self._under_way.update(asked)
        wait(asked.values(), timeout=limit_s)
        found = {name: future.result() for name, future in asked.items() if future.done()}
        return {name: look for name, look in found.items() if look is not None}

    def close(self) -> None:
        """End the connections and the threads; returns after 2 s at the latest."""
        for eye in self._eyes:
            self._orders.put(eye.close)
        for _ in self._threads:
            self._orders.put(None)
        until = time.monotonic() + _END_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _order(self, eye: _Eye) -> Future[Look | None]:
        future: Future[Look | None] = Future()
        self._orders.put(lambda: future.set_result(eye.look()))
        return future

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            order()


class _Sampler:
    """One thread that takes samples and writes them down, until it is stopped."""

    def __init__(
        self,
        site: Site,
        path: Path,
        members: Sequence[Member],
        looked: Callable[[Mapping[str, Look]], None],
    ) -> None:
        self._site = site
        self._looked = looked
        self._path = path
        self._members = tuple(members)
        self._nodes = tuple(node for member in members for node in member.nodes)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(timeout=LONGEST_S + _END_S)

    def _run(self) -> None:
        try:
            with (
                open(self._path, "ab+", buffering=0, opener=_private) as file,
                closing(_Eyes(self._site, self._nodes)) as eyes,
            ):
                _end_torn_line(file)
                self._sample(eyes, file)
        except (OSError, RuntimeError):  # no room on the disk, or for a thread
            return  # the report tells for how long there are samples

    def _sample(self, eyes: _Eyes, file: BinaryIO) -> None:
        every_s = interval_s(self._nodes)
        uids: dict[str, str] = {}
        while not self._over.is_set():
            began, at = time.monotonic(), self._site.clock.now()
            looks = eyes.look(limit_s=LONGEST_S)
            self._looked(looks)
            uids |= uids_of(self._members, looks)
            file.write(sample_line(sample(self._members, looks, uids=uids, at=at)).encode())
            self._over.wait(max(0.0, began + every_s - time.monotonic()))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _end_torn_line(file: BinaryIO) -> None:
    """A crash may have cut the last line short; what is written now is on its own."""
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
