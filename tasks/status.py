"""`fab status`: the one-off check."""

from __future__ import annotations

from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.effects.journey import require_healthy
from tasks.effects.operations import show_status


@operator_task()
def status(c: Context, inventory: str = "", cluster: str = "", json: bool = False) -> None:
    """Show every node: role, state, counts, sync, served certificate. Exit 6 if not healthy."""
    with opened(inventory, cluster) as site:
        require_healthy(show_status(site, json_wanted=json))
