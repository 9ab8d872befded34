"""The journeys of `fab restart` and `fab restart-standbys`: what is looked at before, and shown after."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tasks.core.checks import check_cluster
from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding
from tasks.core.model import Node
from tasks.core.restart_plan import (
    RESTART,
    STANDBYS,
    RestartWish,
    load_checks,
    pairs_named,
    plan_restart,
    plan_standbys,
)
from tasks.core.snapshot import Snapshot
from tasks.effects.journey import Journey, run_task
from tasks.effects.key_look import look_at_keys
from tasks.effects.look import take_snapshot
from tasks.effects.operations import show_members, show_plan
from tasks.effects.prepare import Prepared
from tasks.effects.site import Site
from tasks.effects.terms import Terms

_NO_MATTER = frozenset({"not-writable", "no-space", "server-cfg-edit"})  # nothing is placed


@dataclass(frozen=True, slots=True)
class Restartable(Prepared):
    """What was seen and found before restarts that place nothing."""

    command: str  # what was typed, without `fab`

    @property
    def judged_again_by(self) -> str:
        return f"fab {self.command} --plan" if self.command else "fab check"


def prepared_for_restart(
    site: Site, nodes: tuple[Node, ...], *, command: str, load_pending: bool, again: Mapping[str, str]
) -> Prepared:
    """Look at every node and, of those to be restarted, at what a start would load.

    Args:
        nodes: Those to be restarted; none on --resume, where the plan stands already.
        command: What was typed, without `fab`; "" on --resume.
        again: Per member, the command that would load what is pending.
    """
    snapshot = take_snapshot(site)
    found = load_checks(
        snapshot, nodes, look_at_keys(site, snapshot, nodes), load_pending=load_pending, again=again
    )
    return Restartable(snapshot, {}, (*_running(snapshot), *found), command)


def _running(snapshot: Snapshot) -> tuple[Finding, ...]:
    return tuple(f for f in check_cluster(snapshot) if f.name not in _NO_MATTER)


def restart_member(
    site: Site, wish: RestartWish, terms: Terms, *, again: bool = False, break_lock_of: str = ""
) -> None:
    """Restart one member (or one node of a pair), gated.

    Raises:
        UsageError: No such member or node.
        Refused: The cluster is not fit for it, or what would be loaded is not fit to run.
    """
    fresh = not (again or break_lock_of)
    nodes = wish.check(site.cluster).nodes if fresh else ()
    command = wish.command if fresh else ""
    again_by = {wish.member: f"fab {RestartWish(wish.member, wish.node, load_pending=True).command}"}
    journey = _journey(
        RESTART,
        command,
        lambda site: prepared_for_restart(
            site, nodes, command=command, load_pending=wish.load_pending, again=again_by
        ),
    )
    run_task(
        site,
        journey,
        lambda prepared: plan_restart(prepared.snapshot, wish),
        terms,
        again=again,
        break_lock_of=break_lock_of,
    )


def restart_standbys(
    site: Site,
    name: str,
    terms: Terms,
    *,
    load_pending: bool = False,
    again: bool = False,
    break_lock_of: str = "",
) -> None:
    """Restart the standby of the pair `name`, or of every pair in turn.

    Raises:
        UsageError: There is no such pair.
        Refused: As restart_member.
    """
    members = () if again or break_lock_of else pairs_named(site.cluster, name)
    command = f"{STANDBYS} --member {name}" if name else STANDBYS
    loads = {member.name: f"fab {command} --load-pending" for member in members}
    nodes = tuple(node for member in members for node in member.nodes)
    command = f"{command} --load-pending" if load_pending else command
    journey = _journey(
        STANDBYS,
        command,
        lambda site: prepared_for_restart(
            site, nodes, command=command, load_pending=load_pending, again=loads
        ),
    )
    run_task(
        site,
        journey,
        lambda prepared: plan_standbys(prepared.snapshot, members),
        terms,
        again=again,
        break_lock_of=break_lock_of,
    )


def _journey(task: str, command: str, prepare: Callable[[Site], Prepared]) -> Journey:
    return Journey(task=task, command=command, prepare=prepare, show=show_plan, conclude=show_members)
