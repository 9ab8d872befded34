"""`fab credentials.matrix`."""

from __future__ import annotations

from invoke.context import Context

from tasks.boundary import opened, operator_task


@operator_task(help={"strategy": "auto | renew | overlap | bridge | prescribed, as for fab plan"})
def matrix(
    c: Context, inventory: str = "", cluster: str = "", strategy: str = "auto", json: bool = False
) -> None:
    """Show who can connect to whom: now, after each step of the migration, at its end; changes nothing."""
    from tasks.core.course import Wish
    from tasks.effects.matrix import show_matrix

    with opened(inventory, cluster) as site:
        show_matrix(site, Wish(strategy=strategy), json_wanted=json)
