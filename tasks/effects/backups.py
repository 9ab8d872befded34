"""`fab runs.clean`: wipe the backups that nobody goes back to any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from tasks.core.backup_text import choice_table
from tasks.core.backups import Backup, Choice, KnownRun, backups_of, choose
from tasks.core.errors import Locked, OperatorError, Refused, RemoteError
from tasks.core.journal import Entry
from tasks.core.model import Node
from tasks.core.results import Done, Ending
from tasks.core.traces import Trace
from tasks.effects import trace_scripts
from tasks.effects.consent import Asking
from tasks.effects.console import say, show_table, tell
from tasks.effects.file_access import run_script
from tasks.effects.record import RunRecord
from tasks.effects.site import Site
from tasks.effects.traces import Seen, Sight, known_runs, look_for_traces, records_of

ANOTHERS = 7
CLEANED = "cleaned"
QUESTION = "Wipe these now? There is no way back to them then. Type yes to go on: "


def clean_backups(site: Site, *, older_than: timedelta, run: str, yes: bool, asks: bool = True) -> Done:
    """Show what goes and what stays, ask, wipe; safe to repeat.

    Args:
        run: The only one that is to go, whatever its age; "" for all that are older.
        asks: Whether there is somebody who can be asked.

    Raises:
        UsageError, Refused: The run has no backup, is open or is needed; or nobody agreed.
        Locked: What holds the cluster's lock may need what it is not known to need.
        RemoteError: A node was not reached, or not all could be wiped there; what is left there is as it was.
    """
    records = records_of(site.cluster.runs_dir)
    sight = look_for_traces(site, records)
    for error in sight.unreached.values():
        tell(str(error))
    known = known_runs(site, sight)
    _refuse_unclear(sight, known)
    choice = choose(
        backups_of(sight.traces, known),
        known.values(),
        now=site.clock.now(),
        older_than=older_than,
        named=run,
    )
    _show(site, choice)
    left = set(sight.unreached)
    if choice.goes:
        if not yes:
            _ask(older_than, run, asks=asks)
        left |= _wipe(site, sight, choice.goes, records)
    if left:
        raise RemoteError(
            f"{', '.join(sorted(left))}: what lies there was not seen, or is left",
            remedy="once the messages above are mended: the same command again",
        )
    wiped = ", ".join(backup.id for backup in choice.goes)
    return Done(
        outcome=Ending.COMPLETE if wiped else Ending.NOTHING,
        cluster=site.cluster.key,
        run=run,
        verdict=f"wiped: {wiped}" if wiped else "nothing to wipe",
    )


def _refuse_unclear(sight: Sight, known: Mapping[str, KnownRun]) -> None:
    """An open run may be on its way back to before another one, and needs what that has kept."""
    for name, holder in sight.holders.items():
        run = known.get(holder.run)
        if run is None or run.undoes is None:
            raise Locked(
                f"the cluster is locked, and what its holder needs is not known here: {holder}",
                node=name,
                remedy="wait for it; fab status shows the lock, and how it is given up",
            )


def _show(site: Site, choice: Choice) -> None:
    if choice.goes or choice.stays:
        show_table(choice_table(choice, cluster=site.cluster.key, now=site.clock.now()))
    if not choice.goes:
        say("nothing to wipe")


def _ask(older_than: timedelta, run: str, *, asks: bool) -> None:
    hours = int(older_than.total_seconds() // 3600)
    again = f"fab runs.clean {f'--run {run}' if run else f'--older-than {hours}h'} --yes"
    asking = Asking(QUESTION, "yes", possible=asks)
    asking.refuse_unanswered(this="it", remedy=again)
    if not asking.agreed:
        raise Refused("not confirmed; nothing was wiped", remedy="fab runs.list shows what lies there")


def _wipe(site: Site, sight: Sight, goes: Sequence[Backup], records: Sequence[RunRecord]) -> set[str]:
    """Returns the nodes where something is left."""
    left = set()
    for name, seen in sight.nodes.items():
        on_node = [trace for backup in goes for trace in backup.traces if trace.node == name]
        if not on_node:
            continue
        try:
            _wipe_on(site, site.cluster.node(name), seen, on_node)
        except OperatorError as error:
            tell(str(error))
            left.add(name)
    for backup in goes:
        wiped = tuple(name for name in backup.nodes if name not in left)
        if wiped:
            _note(site, backup, wiped, records)
    return left


def _wipe_on(site: Site, node: Node, seen: Seen, traces: Sequence[Trace]) -> None:
    holder = seen.holder.run if seen.holder else ""
    paths = [trace.path for trace in traces]
    done = run_script(site.remote(node), trace_scripts.WIPE, seen.home, holder, *paths, acting=seen.acting)
    for line in done.text.splitlines():
        tell(f"[{node.name}] {line}")
    if done.exit_status == ANOTHERS:
        raise Locked(
            "somebody took or gave back the lock just now; nothing was wiped here",
            node=node.name,
            remedy="fab status; then the same command again",
        )
    if done.exit_status != 0:
        raise RemoteError(
            f"not all could be wiped: {done.error_text}", node=node.name, remedy="mend it there, then again"
        )


def _note(site: Site, backup: Backup, nodes: tuple[str, ...], records: Sequence[RunRecord]) -> None:
    """On the screen, and in the run's journal where it is known here."""
    seen = f"backups wiped on {', '.join(nodes)}"
    say(f"{backup.id}: {seen}")
    for record in records:
        if record.id == backup.id:
            record.append(Entry(at=site.clock.now(), event=CLEANED, seen=seen))
