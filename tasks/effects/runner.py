"""One run from approval to proof: lock, perform, unlock; or resume where it was broken off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial

from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError, UsageError
from tasks.core.journal import Entry
from tasks.core.nearest import one_of
from tasks.core.open_run import OpenRun
from tasks.core.plan import Plan
from tasks.core.resuming import clocks
from tasks.core.run_facts import served_subjects
from tasks.core.snapshot import NodeFiles
from tasks.core.task_names import PLACED
from tasks.core.verification import seal_line
from tasks.effects.environment import environment
from tasks.effects.execute import End, execute
from tasks.effects.lock import Claim, give_back, holders, lock, require_ours, unlock
from tasks.effects.mirror import mirror, packed
from tasks.effects.placing import clean_node
from tasks.effects.prepare import Prepared
from tasks.effects.record import RunRecord, held, open_run, runs
from tasks.effects.remote import Remote
from tasks.effects.reporting import Reporter, Scene
from tasks.effects.run import Gates, Run
from tasks.effects.sampling import samples_seal, sampling
from tasks.effects.site import Site
from tasks.effects.stop import StopOnSignal


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a run came."""

    run: str
    complete: bool
    open_run: OpenRun


def start_run(
    site: Site,
    prepared: Prepared,
    plan: Plan,
    *,
    report: Reporter,
    end: End,
    gates: Gates | None = None,
) -> Outcome:
    """Begin a run of `plan` and carry it as far as it goes."""
    facts = {**environment(), **served_subjects(prepared.snapshot)}
    record = open_run(site.cluster.runs_dir, plan, at=site.clock.now(), facts=facts)
    return _carry_out(site, prepared, record, report=report, end=end, gates=gates)


def resume_run(site: Site, prepared: Prepared, record: RunRecord, *, report: Reporter, end: End) -> Outcome:
    """Go on with an interrupted run on which journal and nodes agree; see `reconciling`."""
    return _carry_out(site, prepared, record, report=report, end=end)


def _carry_out(
    site: Site,
    prepared: Prepared,
    record: RunRecord,
    *,
    report: Reporter,
    end: End,
    gates: Gates | None = None,
) -> Outcome:
    acting = _acting(prepared)
    remotes = [site.remote(node) for node in site.cluster.nodes]
    plan = record.plan
    claim = Claim(record.id, site.clock.now(), plan.task, instead_of=plan.undoes)
    with held(record), StopOnSignal(announce=lambda text: report.note("", text)) as stop:
        try:
            lock(remotes, claim, acting=acting)
        except OperatorError:
            _abandon_if_untouched(site, record)
            raise
        try:
            content = packed(record.plan)
            site.pool.map(lambda one: mirror([one], record.id, content, acting=acting), remotes)
        except OperatorError:
            if _abandon_if_untouched(site, record):
                give_back(remotes, claim, acting=acting)
            raise
        _close_undone(site, record)
        run = Run(
            site=site,
            plan=record.plan,
            record=record,
            sets=prepared.sets,
            clock_offsets=clocks(prepared.snapshot),
            report=report,
            stop=stop,
            gates=gates or Gates(),
            typed=PLACED if end.placed else "",
            still_ours=lambda node: require_ours(site.remote(node), claim),
        )
        report.begun(Scene(record.id, site.cluster, plan, record.progress(), run.resume_line))
        with _failure_told(report):
            with sampling(site, record, run.members, looked=report.looked):
                complete = execute(run, end=end)
            if complete:
                _close(site, record, run, acting=acting)
        report.ended(complete=complete)
    return Outcome(record.id, complete, OpenRun(record.id, record.plan, record.progress()))


def _close(site: Site, record: RunRecord, run: Run, *, acting: dict[str, str]) -> None:
    """All is done and proven: nothing stays on the nodes but the backups."""
    for each in _stages_of(site, record):
        site.pool.map(partial(clean_node, site, each), site.cluster.nodes)
    remotes = [site.remote(node) for node in site.cluster.nodes]
    for left in site.pool.map(lambda one: unlock([one], run=record.id, acting=acting), remotes):
        for name in left:
            run.report.note(name, "the lock could not be given back; the next run will name it")
    run.write("completed", samples=samples_seal(record))
    run.report.note("", seal_line(record.id, record.seal))


@contextmanager
def _failure_told(report: Reporter) -> Iterator[None]:
    try:
        yield
    except OperatorError as error:
        report.failed(error)
        raise


def _undone(site: Site, record: RunRecord) -> tuple[RunRecord, ...]:
    """The run that this one undoes, as far as it is known here."""
    return tuple(one for one in runs(site.cluster.runs_dir) if one.id == record.plan.undoes)


def _stages_of(site: Site, record: RunRecord) -> tuple[RunRecord, ...]:
    """The runs whose staged files go with this one's end: of one that began elsewhere the name is enough."""
    if not record.plan.undoes:
        return (record,)
    return (record, *(_undone(site, record) or (replace(record, id=record.plan.undoes),)))


def _close_undone(site: Site, record: RunRecord) -> None:
    """Its lock is ours now: nobody goes on with it any more."""
    for one in _undone(site, record):
        if not one.progress().completed:
            one.append(Entry(at=site.clock.now(), event="abandoned", seen=f"rolled back by {record.id}"))


def _abandon_if_untouched(site: Site, record: RunRecord) -> bool:
    """A run that could not take or mark its lock has done nothing: it is closed at once; whether that was so."""
    if {"started", "rebuilt"} & {entry.event for entry in record.entries()}:  # here, or elsewhere
        return False
    record.append(Entry(at=site.clock.now(), event="abandoned", seen="it never got so far as to begin"))
    return True


def _acting(prepared: Prepared) -> dict[str, str]:
    return {
        name: seen.files.acting
        for name, seen in prepared.snapshot.nodes.items()
        if isinstance(seen.files, NodeFiles)
    }


def _clean_where_reached(site: Site, record: RunRecord) -> None:
    for node in site.cluster.nodes:
        with suppress(OperatorError):  # its lock stays as well, and names the node
            clean_node(site, record, node)


def _refuse_unknown_run(remotes: Sequence[Remote], run: str, *, here: Iterable[str]) -> None:
    """A run of another machine is known by its lock alone."""
    found = holders(remotes)
    if run in {holder.run for holder in found.values()}:
        return
    listed = "; ".join(f"[{name}] {holder}" for name, holder in found.items()) or "no node is locked"
    known = dict.fromkeys((*here, *(holder.run for holder in found.values())))
    raise UsageError(
        f"there is no run {run}, neither here nor in a lock: {listed}",
        remedy=f"fab status names the open run; {one_of(run, known)}",
    )


def is_open(site: Site, run: str) -> bool:
    """Whether the run may have left a lock or files on their way: as this machine knows it, or as a lock says."""
    here = [record for record in runs(site.cluster.runs_dir) if record.id == run]
    if any(not record.progress().completed for record in here):
        return True
    found = holders([site.remote(node) for node in site.cluster.nodes])
    return run in {holder.run for holder in found.values()}


def break_lock(site: Site, prepared: Prepared, run: str) -> None:
    """Give up a run: remove what it staged, free its lock on every node; its backups stay.

    Raises:
        UsageError: There is no such run; or a node is held by another one, or could not be asked.
        Locked: A process of this machine carries the run on just now.
    """
    remotes = [site.remote(node) for node in site.cluster.nodes]
    with ExitStack() as stack:
        here = [record for record in runs(site.cluster.runs_dir) if record.id == run]
        if not here:
            _refuse_unknown_run(remotes, run, here=[record.id for record in runs(site.cluster.runs_dir)])
        for record in here:
            stack.enter_context(held(record))
            _clean_where_reached(site, record)
        left = unlock(remotes, run=run, acting=_acting(prepared))
        for record in here:
            record.append(Entry(at=site.clock.now(), event="abandoned", seen="by the operator"))
    if left:
        raise UsageError(
            f"the lock on {', '.join(left)} could not be given back: another run than {run} holds it, "
            "or the node could not be asked",
            remedy="fab migrate-cluster names the holder; give its run to --break-lock",
        )
