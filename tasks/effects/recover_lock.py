"""The cluster's lock for the time of a recovery: the open run's own, or one of this recovery."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tasks.core.dataclass import dataclass
from tasks.core.journal import Entry
from tasks.core.snapshot import NodeFiles
from tasks.effects.lock import Claim, lock, operator, unlock
from tasks.effects.record import RunRecord, held
from tasks.effects.recover_look import BEGUN, ENDED, Scene, task_of
from tasks.effects.site import Site


@dataclass(slots=True)
class Hold:
    """The lock, while it is held; whoever ends the server says so before, and when it is started again.

    Args:
        run: Whose lock it is, and below whose name files are staged on the node.
    """

    site: Site
    node: str
    run: str
    record: RunRecord | None
    midway: bool = False
    seen: str = ""  # at its end

    def note(self, event: str, *, seen: str = "") -> None:
        """Into the journal of the open run, if there is one; it goes on with the run all the same."""
        if self.record is not None:
            at = self.site.clock.now()
            self.record.append(Entry(at=at, event=event, seen=seen, facts={"node": self.node}))


def own_run(node: str) -> str:
    """A name for the lock of a recovery: the same operator takes it over at the next try, nobody else does."""
    return f"recover-{node}-{re.sub('[^A-Za-z0-9.-]', '-', operator())}"


@contextmanager
def holding(site: Site, scene: Scene) -> Iterator[Hold]:
    """Hold the cluster's lock while the block runs.

    It is given back at the end unless the open run holds it, or the server is down between its end and its
    start: the next `fab recover` goes on from there.

    Raises:
        Locked: Another run holds it, or a process of this machine works on the open run just now.
        RemoteError: A node could not be asked.
    """
    name, record = scene.sight.node.name, scene.record
    acting = {
        each: seen.files.acting if isinstance(seen.files, NodeFiles) else ""
        for each, seen in scene.snapshot.nodes.items()
    }
    remotes = [site.remote(node) for node in site.cluster.nodes]
    hold = Hold(site, name, record.id if record else own_run(name), record)
    with ExitStack() as stack:
        if record is not None:
            stack.enter_context(held(record))
        task = record.plan.task if record else task_of(name)
        lock(remotes, Claim(hold.run, site.clock.now(), task), acting=acting)
        try:
            hold.note(BEGUN)
            yield hold
            hold.note(ENDED, seen=hold.seen)
        finally:
            if record is None and not hold.midway:
                unlock(remotes, run=hold.run, acting=acting)
