"""`fab plan` and `fab migrate-cluster`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from invoke.context import Context

from tasks.boundary import Acting, acting_task, opened, operator_task

HELP = {
    "observer": "the member restarted last (default: chosen, see the plan)",
    "strategy": "auto | renew | overlap | bridge | prescribed (the plan shows what each costs)",
    "place-first": "swap in all members' files before the first restart, as the documentation reads",
}
IGNORE = {"ignore": "a finding's name; it stays visible and does not stop"}
RUNBOOK = {"runbook": "also write the plan as a runbook (Markdown) into this file"}


@operator_task(iterable=["ignore"], help=HELP | IGNORE | RUNBOOK)
def plan(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    strategy: str = "auto",
    observer: str = "",
    place_first: bool = False,
    ignore: Sequence[str] = (),
    json: bool = False,
    runbook: str = "",
) -> None:
    """Show what migrate-cluster would do, step by step; changes nothing."""
    from tasks.core.course import Wish
    from tasks.core.json_text import json_text
    from tasks.core.plan_text import shown_plan
    from tasks.effects.console import say
    from tasks.effects.operations import show_plan
    from tasks.effects.planning import make_plan

    wish = Wish(strategy=strategy, observer=observer or None, place_first=place_first)
    with opened(inventory, cluster) as site:
        made = make_plan(site, wish, ignored=frozenset(ignore), runbook_file=runbook)
        say(json_text(shown_plan(made)), verbatim=True) if json else show_plan(made)


@acting_task(help=HELP, stop_after=False)
def place(acting: Acting, strategy: str = "auto", observer: str = "", place_first: bool = False) -> None:
    """Stage the credentials on every node and verify them there; a migration up to its first swap."""
    from tasks.core.course import Wish
    from tasks.effects.operations import MIGRATION, migration_plan

    acting = replace(acting, terms=replace(acting.terms, placed=True))
    wish = Wish(strategy=strategy, observer=observer or None, place_first=place_first)
    with acting.opened() as site:
        acting.run(site, MIGRATION, migration_plan(site, wish))


@acting_task(help=HELP, rounds=True)
def migrate_cluster(
    acting: Acting, strategy: str = "auto", observer: str = "", place_first: bool = False
) -> None:
    """Change the credentials, parting nobody where that can be; each step is proven on the wire."""
    from tasks.core.course import Wish
    from tasks.effects.operations import MIGRATION, migration_plan

    wish = Wish(strategy=strategy, observer=observer or None, place_first=place_first)
    with acting.opened() as site:
        acting.run(site, MIGRATION, migration_plan(site, wish))
