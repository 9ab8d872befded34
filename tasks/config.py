"""`fab config.show` and `fab config.keystore`."""

from __future__ import annotations

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import Acting, acting_task, opened, operator_task


@operator_task(help={"node": "only this node"})
def show(c: Context, inventory: str = "", cluster: str = "", node: str = "", json: bool = False) -> None:
    """Show what server.cfg makes each server read, by the server's own rules; changes nothing."""
    from tasks.effects.config_show import show_config

    with opened(inventory, cluster) as site:
        show_config(site, node=node, json_wanted=json)


@acting_task(
    stop_after=False,
    positional=["path"],
    help={
        "path": "the keystore's new place: absolute, or DATA/... for below each node's data directory",
        "truststore": "the truststore's new place (default: it stays)",
        "node": "only this node",
    },
)
def keystore(acting: Acting, path: str = "", truststore: str = "", node: str = "") -> None:
    """Make the servers read their keystore from PATH at their next restart; carries all that is in it."""
    from tasks.core.keystore_wish import Wish
    from tasks.effects.keystore import move_asked, move_keystores

    move = move_asked(Wish(path, truststore, node), again=acting.on_open_run)
    with acting.opened(seen_as=move.seen_as) as site:
        move_keystores(site, move, acting.terms, again=acting.again, break_lock_of=acting.break_lock_of)


ns = Collection("config")
for each in (show, keystore):
    ns.add_task(each)
