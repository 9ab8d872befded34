"""The journey of `fab config.keystore`: what is looked at before, what is shown, what is said at the end."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.checks import check_cluster
from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError, Refused, UsageError
from tasks.core.findings import Finding, Severity
from tasks.core.health import StatusReport, report
from tasks.core.inventory_lines import place_of
from tasks.core.keystore_checks import FILE_FINDINGS, move_findings
from tasks.core.keystore_move import Moving
from tasks.core.keystore_plan import TASK, plan_move
from tasks.core.keystore_wish import Wish, as_planned, chosen_nodes, other_places, wished
from tasks.core.model import Cluster
from tasks.core.plan import Plan
from tasks.core.plan_table import plan_table
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.effects.config_show import show_config
from tasks.effects.console import say, show_table, width
from tasks.effects.journey import Journey, run_task
from tasks.effects.look import take_snapshot
from tasks.effects.moving import moving_of
from tasks.effects.prepare import Prepared
from tasks.effects.record import unfinished
from tasks.effects.site import Site
from tasks.effects.terms import Terms


@dataclass(frozen=True, slots=True)
class PreparedMove(Prepared):
    """The nodes asked for, as far as they could be seen."""

    moving: tuple[Moving, ...]
    lines: tuple[str, ...]  # what the inventory should say


@dataclass(slots=True)
class KeystoreMove:
    """One call of the task; `seen_as` comes first, for the site is made of what it gives.

    Args:
        wish: None where a run that stands already is resumed or given up.
    """

    wish: Wish | None
    lines: tuple[str, ...] = ()
    chosen: frozenset[str] = frozenset()

    def seen_as(self, cluster: Cluster) -> Cluster:
        """The cluster as if the inventory named the new places.

        Raises:
            UsageError: No path; no such node; a path that no server.cfg can hold.
            Refused: The inventory names another place: the next migration would move it back.
        """
        if self.wish is None:
            open_run = unfinished(cluster.runs_dir)
            return as_planned(cluster, open_run.plan) if open_run else cluster
        if not self.wish.keystore:
            raise UsageError(
                "no PATH: where shall the keystore be?",
                remedy=f"fab {TASK} /srv/amlen/keystore, or below each data directory: fab {TASK} DATA/keystore",
            )
        refuse_other_places(cluster, self.wish)
        found = wished(cluster, self.wish)
        self.chosen = frozenset(node.name for node in chosen_nodes(cluster, self.wish.node))
        self.lines = tuple(_lines(cluster, found, chosen=self.chosen))
        return found

    def prepare(self, site: Site) -> PreparedMove:
        """Look at every node, and at both places of those asked for."""
        snapshot = take_snapshot(site)
        moving, faults = _look(site, snapshot, chosen=self.chosen)
        usual = (f for f in check_cluster(snapshot) if f.name in FILE_FINDINGS)
        findings = (*usual, *faults, *move_findings(snapshot, moving))
        return PreparedMove(snapshot, {}, findings, moving, self.lines)


def refuse_other_places(cluster: Cluster, wish: Wish) -> None:
    """Raises Refused where the inventory says another place than is wished: all of them are named."""
    others = tuple(other_places(cluster, wish))
    if not others:
        return
    text = cluster.inventory.read_text(encoding="utf-8-sig")
    said = []
    for node, key, there, wanted in others:
        where = place_of(text, cluster=cluster.key, node=node.name, key=key)
        said.append(f"{cluster.inventory.name}:{where}: {there} -> write {wanted}")
    problem = "the inventory names another place, and the next migration would move it back there"
    raise Refused(
        "\n".join((f"{problem}; nothing was changed:", *dict.fromkeys(said))),
        remedy=f"correct these lines of {cluster.inventory}, then: fab {wish.command}",
    )


def _lines(cluster: Cluster, found: Cluster, *, chosen: frozenset[str]) -> Iterator[str]:
    """What the inventory is silent about."""
    text = cluster.inventory.read_text(encoding="utf-8-sig")
    for before, after in zip(cluster.nodes, found.nodes, strict=True):
        for key in ("keystore", "truststore"):
            said, wanted = getattr(before.paths, key), getattr(after.paths, key)
            if before.name in chosen and said is None and wanted is not None:
                place = place_of(text, cluster=cluster.key, node=before.name, key=key).partition(" ")[2]
                yield f"The inventory does not say it; to have it there: {place}: {wanted}"


def _look(
    site: Site, snapshot: Snapshot, *, chosen: frozenset[str]
) -> tuple[tuple[Moving, ...], tuple[Finding, ...]]:
    moving: list[Moving] = []
    faults: list[Finding] = []
    for node in site.cluster.nodes:
        files = snapshot.nodes[node.name].files
        if node.name not in chosen or not isinstance(files, NodeFiles):
            continue
        try:
            moving.append(moving_of(site.remote(node), files))
        except OperatorError as error:
            faults.append(Finding("files", Severity.ERROR, node.name, error.problem, error.remedy))
    return tuple(moving), tuple(faults)


def move_keystores(
    site: Site, move: KeystoreMove, terms: Terms, *, again: bool = False, break_lock_of: str = ""
) -> None:
    """Make the servers read their keystores from another place at their next restart.

    Raises:
        Refused: A check fails; all findings are shown, nothing was changed.
    """
    words = move.wish.command if move.wish else TASK
    journey = Journey(TASK, move.prepare, _show, _conclude, command=words)
    run_task(site, journey, _plan, terms, again=again, break_lock_of=break_lock_of)


def _plan(prepared: Prepared) -> Plan:
    assert isinstance(prepared, PreparedMove)
    return plan_move(prepared.snapshot, prepared.moving, findings=prepared.findings, lines=prepared.lines)


def _show(plan: Plan) -> None:
    if not plan.steps:
        say(f"{plan.cluster}: nothing to do: server.cfg names these places already, on every node asked for")
        return
    show_table(plan_table(plan, width=width()))
    for node, change in plan.edits.items():
        carried = ", ".join(change.carried)
        along = f"; these go along: {carried}" if carried else "; nothing is to be carried"
        say(f"  [{node}] {change.path} is edited{along}")
        say(change.diff.rstrip("\n"), verbatim=True)
    for note in plan.notes:
        say(note)
    say("no server is restarted")
    say(f"fingerprint {plan.fingerprint} -> fab {plan.command} --approve {plan.fingerprint}")


def _conclude(site: Site, plan: Plan) -> StatusReport:
    """How every node is configured now; what is pending is named with the restart that loads it."""
    show_config(site)
    return report(take_snapshot(site))


def move_asked(wish: Wish, *, again: bool) -> KeystoreMove:
    """A new move; where a run stands already (`again`), its plan says what is moved."""
    return KeystoreMove(None if again else wish)
