"""`fab restart` and `fab restart-standbys`."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.core.restart_plan import RestartWish
from tasks.effects.journey import Terms
from tasks.effects.restarts import restart_member
from tasks.effects.restarts import restart_standbys as _restart_standbys

HELP = {
    "load-pending": "load what was put on the disk since the last start, too",
    "ignore": "a finding's name; it stays visible and does not stop",
    "approve": "run only the plan with this fingerprint",
    "yes": "do not ask",
    "plan": "show the plan and end",
    "resume": "go on with the interrupted run",
    "stop-after": "stop when this many members have been restarted",
    "break-lock": "give up this run and free its lock on every node",
}


@operator_task(
    positional=["member"],
    iterable=["ignore"],
    help={"member": "the member: a server, or an HA pair", "node": "only this node of the pair", **HELP},
)
def restart(
    c: Context,
    member: str = "",
    inventory: str = "",
    cluster: str = "",
    node: str = "",
    load_pending: bool = False,
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    stop_after: int = 0,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Restart MEMBER, gated: a pair's standby first, in sync again, then its primary."""
    wish = RestartWish(member, node, load_pending)
    terms = Terms(yes, approve, plan, frozenset(ignore), stop_after or None)
    with opened(inventory, cluster) as site:
        restart_member(site, wish, terms, again=resume, break_lock_of=break_lock)


@operator_task(iterable=["ignore"], help={"member": "only this pair's standby", **HELP})
def restart_standbys(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    member: str = "",
    load_pending: bool = False,
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    stop_after: int = 0,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Restart each pair's standby in turn, and wait until the pair is in sync again."""
    terms = Terms(yes, approve, plan, frozenset(ignore), stop_after or None)
    with opened(inventory, cluster) as site:
        _restart_standbys(
            site, member, terms, load_pending=load_pending, again=resume, break_lock_of=break_lock
        )
