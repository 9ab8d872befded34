"""`fab ha.migrate` and `fab ha.create`: the HA channel of pairs."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.effects.ha_journeys import create_pair, migrate_ha
from tasks.effects.journey import Terms

HELP = {
    "ignore": "a finding's name; it stays visible and does not stop",
    "approve": "run only the plan with this fingerprint",
    "yes": "do not ask",
    "plan": "show the plan and end",
    "resume": "go on with the interrupted run",
    "break-lock": "give up this run and free its lock on every node",
}


@operator_task(
    positional=["member"],
    iterable=["ignore"],
    help={
        "member": "the HA pair; all of them, in turn, if none is named",
        "way": "auto | documented | overlap",
    }
    | HELP,
)
def migrate(
    c: Context,
    member: str = "",
    inventory: str = "",
    cluster: str = "",
    way: str = "auto",
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Change the credentials of a pair's HA channel (HA_*.pem); its nodes stay, or become, a pair."""
    terms = Terms(yes=yes, approved=approve, plan_only=plan, ignored=frozenset(ignore))
    with opened(inventory, cluster) as site:
        migrate_ha(site, member, terms, way=way, again=resume, break_lock_of=break_lock)


@operator_task(
    positional=["member"],
    iterable=["ignore"],
    help={"member": "the pair of the inventory", "primary": "the node whose store and identity stay"} | HELP,
)
def create(
    c: Context,
    member: str = "",
    inventory: str = "",
    cluster: str = "",
    primary: str = "",
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Form the HA pair MEMBER of two single servers."""
    terms = Terms(yes=yes, approved=approve, plan_only=plan, ignored=frozenset(ignore))
    with opened(inventory, cluster) as site:
        create_pair(site, member, terms, primary=primary, again=resume, break_lock_of=break_lock)


ns = Collection("ha")
ns.add_task(migrate)
ns.add_task(create)
