"""`fab check`: every finding at once."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from tasks.boundary import opened, operator_task


@operator_task(iterable=["ignore"])
def check(
    c: Context, inventory: str = "", cluster: str = "", ignore: Sequence[str] = (), json: bool = False
) -> None:
    """Check nodes and credential sets; changes nothing. --ignore NAME keeps a finding visible."""
    from tasks.effects.operations import show_check

    with opened(inventory, cluster) as site:
        show_check(site, ignored=frozenset(ignore), json_wanted=json)
