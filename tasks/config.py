"""`fab config.show` and `fab config.keystore`."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.core.keystore_wish import Wish
from tasks.effects.config_show import show_config
from tasks.effects.journey import Terms
from tasks.effects.keystore import move_asked, move_keystores


@operator_task(help={"node": "only this node"})
def show(c: Context, inventory: str = "", cluster: str = "", node: str = "", json: bool = False) -> None:
    """Show what server.cfg makes each server read, by the server's own rules; changes nothing."""
    with opened(inventory, cluster) as site:
        show_config(site, node=node, json_wanted=json)


@operator_task(
    positional=["path"],
    iterable=["ignore"],
    help={
        "path": "the keystore's new place: absolute, or DATA/... for below each node's data directory",
        "truststore": "the truststore's new place (default: it stays)",
        "node": "only this node",
        "ignore": "a finding's name; it stays visible and does not stop",
        "approve": "run only the plan with this fingerprint",
        "yes": "do not ask",
        "plan": "show the plan and end",
        "resume": "go on with the interrupted run",
        "break-lock": "give up this run and free its lock on every node",
    },
)
def keystore(
    c: Context,
    path: str = "",
    inventory: str = "",
    cluster: str = "",
    truststore: str = "",
    node: str = "",
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Make the servers read their keystore from PATH at their next restart; carries all that is in it."""
    move = move_asked(Wish(path, truststore, node), again=resume or bool(break_lock))
    terms = Terms(yes, approve, plan, frozenset(ignore))
    with opened(inventory, cluster, seen_as=move.seen_as) as site:
        move_keystores(site, move, terms, again=resume, break_lock_of=break_lock)


ns = Collection("config")
for each in (show, keystore):
    ns.add_task(each)
