"""`fab cluster.create`, `fab cluster.join` and `fab cluster.show`."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.effects.forming import creation, joining, make_creation, make_joining, require_member
from tasks.effects.journey import Terms, run_task
from tasks.effects.membership_view import show_membership

HELP = {
    "ignore": "a finding's name; it stays visible and does not stop",
    "approve": "run only the plan with this fingerprint",
    "yes": "do not ask",
    "plan": "show the plan and end",
    "resume": "go on with the interrupted run",
    "stop-after": "stop when this many members have been restarted",
    "break-lock": "give up this run and free its lock on every node",
}


@operator_task(iterable=["ignore"], help=HELP)
def create(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    stop_after: int = 0,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Form the inventory's cluster: credentials first, then the membership, then one restart after the other."""
    terms = Terms(yes, approve, plan, frozenset(ignore), stop_after or None)
    with opened(inventory, cluster) as site:
        run_task(site, creation(), make_creation, terms, again=resume, break_lock_of=break_lock)


@operator_task(
    positional=["member"], iterable=["ignore"], help={"member": "the member of the inventory", **HELP}
)
def join(
    c: Context,
    member: str = "",
    inventory: str = "",
    cluster: str = "",
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    stop_after: int = 0,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Bring MEMBER into the running cluster; nobody else is configured or restarted."""
    terms = Terms(yes, approve, plan, frozenset(ignore), stop_after or None)
    with opened(inventory, cluster) as site:
        require_member(site, member, open_run=bool(resume or break_lock))
        run_task(site, joining(member), make_joining(member), terms, again=resume, break_lock_of=break_lock)


@operator_task()
def show(c: Context, inventory: str = "", cluster: str = "", json: bool = False) -> None:
    """Show the ClusterMembership of all nodes side by side, differences marked; changes nothing."""
    with opened(inventory, cluster) as site:
        show_membership(site, json_wanted=json)


ns = Collection(create, join, show)
