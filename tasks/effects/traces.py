"""What the tool has left on the nodes, and who holds the lock there; and which runs are known here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path, PurePosixPath

from tasks.core.backups import KnownRun, State
from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError
from tasks.core.model import Node
from tasks.core.places import WORK_NAME, data_of, work_dir
from tasks.core.plan import Plan
from tasks.core.run_ids import run_begun
from tasks.core.run_report import run_report
from tasks.core.snapshot import NodeFiles
from tasks.core.traces import Trace, read_traces
from tasks.effects import trace_scripts
from tasks.effects.file_access import sh, understood
from tasks.effects.lock import Holder, holders
from tasks.effects.looking import look_at_files
from tasks.effects.mirror import plan_on
from tasks.effects.record import RunRecord, runs
from tasks.effects.remote import Remote
from tasks.effects.site import Site


@dataclass(frozen=True, slots=True)
class Seen:
    """One node.

    Args:
        home: Its work directory that holds the lock and the backups.
        holder: Who holds its lock; None where it is free.
        acting: Who may change what lies there: "uid:gid", or "" for root or the login user.
    """

    home: PurePosixPath
    traces: tuple[Trace, ...]
    holder: Holder | None
    acting: str


@dataclass(frozen=True, slots=True)
class Sight:
    """Every node that was reached, by name, and why the others were not."""

    nodes: Mapping[str, Seen] = field(default_factory=dict)
    unreached: Mapping[str, OperatorError] = field(default_factory=dict)

    @property
    def traces(self) -> tuple[Trace, ...]:
        return tuple(trace for seen in self.nodes.values() for trace in seen.traces)

    @property
    def holders(self) -> dict[str, Holder]:
        return {name: seen.holder for name, seen in self.nodes.items() if seen.holder is not None}


def look_for_traces(site: Site, records: Iterable[RunRecord]) -> Sight:
    """Look through the work directories of every node; one that fails costs its own limit only."""
    plans = [record.plan for record in records]

    def look(node: Node) -> Seen | OperatorError:
        try:
            return _look(site.remote(node), plans)
        except OperatorError as error:
            return error

    found = dict(zip(site.cluster.nodes, site.pool.map(look, site.cluster.nodes), strict=True))
    return Sight(
        {node.name: seen for node, seen in found.items() if isinstance(seen, Seen)},
        {node.name: seen for node, seen in found.items() if isinstance(seen, OperatorError)},
    )


def _look(remote: Remote, plans: Iterable[Plan]) -> Seen:
    node = remote.node
    files = look_at_files(remote)
    works = _works(node, files, plans)
    said = sh(remote, trace_scripts.LEFT, *works, acting=files.acting, what="look for what runs have left")
    with understood(remote, "look for what runs have left"):
        traces = read_traces(said.text, node=node.name, works=works)
    return Seen(works[0], traces, holders([remote]).get(node.name), files.acting)


def _works(node: Node, files: NodeFiles, plans: Iterable[Plan]) -> tuple[PurePosixPath, ...]:
    """Every work directory that a run may have had on the node, the one with lock and backups first."""
    data = files.resolved(data_of(node))
    edits = [change for plan in plans if (change := plan.edits.get(node.name)) is not None]
    named = (PurePosixPath(path) for change in edits for path in (change.keystore, change.truststore) if path)
    targets = (files.keystore, files.truststore, files.cfg_path.parent, *named)
    found = [work_dir(data, files.resolved(target)) for target in targets if target is not None]
    return tuple(dict.fromkeys((data / WORK_NAME, *found)))


def known_runs(site: Site, sight: Sight) -> dict[str, KnownRun]:
    """Every run of this machine's directory, and those of others that hold a lock, by id."""
    known = {record.id: _known(record) for record in records_of(site.cluster.runs_dir)}
    for name, holder in sight.holders.items():
        begun = run_begun(holder.run)
        if holder.run in known:  # whatever is written here: somebody goes on with it
            known[holder.run] = replace(known[holder.run], state=State.OPEN, ended_at=None)
        elif begun is not None:
            plan = plan_on(site.remote(site.cluster.node(name)), holder.run)
            undoes = plan.undoes if plan else None
            known[holder.run] = KnownRun(holder.run, State.OPEN, begun, holder.task, undoes=undoes)
    return known


def records_of(runs_dir: Path) -> tuple[RunRecord, ...]:
    """The runs of this machine whose journal can be read, oldest first."""
    return tuple(record for record in runs(runs_dir) if record.entries())


def _known(record: RunRecord) -> KnownRun:
    made = run_report(record.id, record.plan, record.entries(), ())
    state = State(made.state)
    undoes = record.plan.undoes
    return KnownRun(record.id, state, made.begun_at, made.command, ended_at=made.ended_at, undoes=undoes)
