"""`fab doctor`: is this machine fit, and is each node in reach?"""

from __future__ import annotations

from invoke.context import Context

from tasks.boundary import operator_task

HELP = {
    "inventory": "the inventory (default: AMLEN_INVENTORY, or inventory.yaml)",
    "cluster": "only this cluster of it (default: all)",
    "json": "every check as JSON; the exit code stays",
}


@operator_task(help=HELP)
def doctor(c: Context, inventory: str = "", cluster: str = "", json: bool = False) -> None:
    """Look for what would keep the other tasks from working: versions, inventory, SSH, secrets, clocks, reach.

    Changes nothing and asks nobody. Exit 0 where nothing is wrong, else 3. Works without an inventory, too.
    """
    from tasks.effects.doctor import show_doctor  # here: no other task needs what it brings along

    show_doctor(inventory, cluster, json_wanted=json)
