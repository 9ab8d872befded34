"""Where a migration or a way back begins: what the members run with, and what they are to run with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tasks.core.dataclass import dataclass
from tasks.core.done import edits_of, runs_already
from tasks.core.file_names import CA_FILE
from tasks.core.links import links_now
from tasks.core.model import Member
from tasks.core.observed import ca_on_disk, runs_with
from tasks.core.pending import has_own_pair, older, other_pair, will_load
from tasks.core.plan import Edit
from tasks.core.rounds import Running, Task
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot
from tasks.core.strategies import Start
from tasks.core.trust import Loaded
from tasks.core.wanted_set import WantedSet


@dataclass(frozen=True, slots=True)
class Return:
    """What is different where the files of before are put back.

    Args:
        edits: Of server.cfg, by node.
        resting: Members whose process still runs with what it had before, whatever lies on the disk by now: their
            files are put back without a restart; of a pair, whether its standby has to restart all the same.
        whole: Members of which that is so and nothing else lies there: nothing is to be done, whatever cannot be told.
    """

    edits: Mapping[str, Edit]
    resting: Mapping[str, bool]
    whole: frozenset[str] = frozenset()

    @property
    def there(self) -> frozenset[str]:
        """The members whose process needs no restart."""
        return self.whole | self.resting.keys()


def start_of(
    snapshot: Snapshot, sets: Mapping[str, WantedSet], *, old: Mapping[str, Loaded], back: Return | None
) -> Start:
    """What the strategies are judged by. Arguments as `course.course_of`."""
    cluster = snapshot.cluster
    members = [member for member in cluster.members if member.name in old]
    active = {member.name: snapshot.active(member) for member in members}
    there = back.there if back else frozenset[str]()
    edits = edits_of(snapshot, tuple(members)) if back is None else back.edits
    new = {
        name: Running(runs_with(seen, sets[name].loaded), sets[name].sha256) for name, seen in active.items()
    }
    task = Task(
        before={
            m.name: new[m.name]
            if m.name in there
            else Running(_surely(active[m.name], old[m.name]), _files_now(snapshot, m))
            for m in members
        },
        new=new,
        sets=sets,
        runs=lambda name, due: name in there or runs_already(snapshot, cluster.member(name), due),
        edited=frozenset(cluster.node(name).member for name in edits) - there,
    )
    pending = {
        member.name: text
        for member in members
        if member.name not in there and (text := other_pair(snapshot, member, old[member.name]))
    }
    would = {m.name: _would_load(snapshot, m, old[m.name], sets[m.name]) for m in members}
    return Start(
        task,
        links_now(snapshot),
        snapshot.taken_at,
        pending,
        {name: due for name, due in would.items() if due.leaf != old[name].leaf and name not in there},
    )


def _would_load(snapshot: Snapshot, member: Member, now: Loaded, former: WantedSet) -> Loaded:
    """What an unplanned start would bring; the built-in pair where its own was taken away already."""
    files = snapshot.active(member).files
    if former.loaded.on_builtin and isinstance(files, NodeFiles) and not has_own_pair(files):
        return replace(former.loaded, trusted=ca_on_disk(files))
    return will_load(snapshot, member) or now


def _surely(seen: NodeSnapshot, now: Loaded) -> Loaded:
    """On the built-in pair a process names nobody: a CA file that came after its start is not loaded."""
    late = isinstance(seen.files, NodeFiles) and not older(seen, seen.files, CA_FILE)
    return replace(now, trusted=()) if now.on_builtin and late else now


def _files_now(snapshot: Snapshot, member: Member) -> dict[str, str]:
    """What lies on all its nodes alike: those of a pair may differ."""
    first, *others = (_hashes(snapshot.nodes[node.name]) for node in member.nodes)
    return {name: sha for name, sha in first.items() if all(one.get(name) == sha for one in others)}


def _hashes(seen: NodeSnapshot) -> dict[str, str]:
    states = seen.files.files if isinstance(seen.files, NodeFiles) else {}
    return {name: state.sha256 for name, state in states.items() if state.sha256 is not None}
