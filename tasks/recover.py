"""`fab recover`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from tasks.boundary import making_task, opened

if TYPE_CHECKING:
    from tasks.core.results import Done

HELP = {
    "node": "the node, as the inventory names it (of a pair one of the two)",
    "yes": "do not ask",
    "plan": "show what is wrong and what would be done, and end",
    "progress": "plain | json: how what happens is told, on stderr",
}


@making_task(positional=["node"], help=HELP)
def recover(
    c: Context,
    node: str = "",
    inventory: str = "",
    cluster: str = "",
    yes: bool = False,
    plan: bool = False,
    progress: str = "plain",
    *,
    asks: bool,
) -> Done:
    """Mend NODE: dead admin API (T1, T11), maintenance (T5), files lost to a sync (T7); nothing else."""
    from tasks.effects.recover import recover as _recover

    with opened(inventory, cluster) as site:
        return _recover(site, node, yes=yes, plan_only=plan, progress=progress, asks=asks)
