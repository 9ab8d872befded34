"""`fab upgrade.plan`: the way from Message Gateway to Eclipse Amlen, as a runbook."""

from __future__ import annotations

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import opened, operator_task

HELP = {
    "output": "write it to this file, too (it must not exist)",
    "json": "as data instead of Markdown",
}


@operator_task(help=HELP)
def plan(c: Context, inventory: str = "", cluster: str = "", output: str = "", json: bool = False) -> None:
    """Print what an upgrade of this cluster to Eclipse Amlen takes, in order; runs none of it."""
    from tasks.effects.upgrading import show_upgrade

    with opened(inventory, cluster) as site:
        show_upgrade(site, output=output or None, json_wanted=json)


ns = Collection("upgrade")
ns.add_task(plan)
