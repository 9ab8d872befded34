"""`fab status`: the one-off check."""

from __future__ import annotations

from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.effects.journey import require_healthy
from tasks.effects.operations import show_status
from tasks.effects.status_plugin import watch_status

HELP = {"nagios": "as a monitoring plugin: status line, perfdata, exit codes 0 to 3"}


@operator_task(help=HELP)
def status(
    c: Context, inventory: str = "", cluster: str = "", json: bool = False, nagios: bool = False
) -> int:
    """Show every node: role, state, counts, sync, served certificate. Exit 6 if not healthy."""
    with opened(inventory, cluster) as site:
        if nagios:
            return watch_status(site)
        require_healthy(show_status(site, json_wanted=json))
        return 0
