"""`fab status`: the one-off check, again and again where that is asked for, or as a monitoring plugin."""

from __future__ import annotations

from invoke.context import Context

from tasks.boundary import opened, operator_task

HELP = {
    "nagios": "as a monitoring plugin: status line, perfdata, exit codes 0 to 3",
    "watch": "look again and again, changes marked, until Ctrl-C; exit as of the last look",
    "interval": "seconds from one look to the next (default: 2)",
    "plain": "with --watch: no table in place, but a block of lines for each change",
}


@operator_task(help=HELP)
def status(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    json: bool = False,
    nagios: bool = False,
    watch: bool = False,
    interval: str = "",
    plain: bool = False,
) -> int:
    """Show every node: role, state, counts, sync, served certificate. Exit 6 if not healthy."""
    from tasks.core.spans import interval_of

    interval_s = interval_of(interval)
    with opened(inventory, cluster) as site:
        if watch and not nagios:
            from tasks.effects.status_shown import require_healthy
            from tasks.effects.watching import watch_status

            found = watch_status(site, interval_s=interval_s, json_wanted=json, plain=plain)
        else:
            from tasks.effects.sights import begin_sights

            sights = begin_sights(site)  # what follows is imported while the nodes answer
            if nagios:
                from tasks.effects.status_plugin import status_plugin

                return status_plugin(site, sights)
            from tasks.effects.status_shown import require_healthy, show_status

            found = show_status(site, sights, json_wanted=json)
        require_healthy(found)
        return 0
