"""`fab plan` and `fab migrate-cluster`."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.core.planning import Wish
from tasks.effects.console import say
from tasks.effects.journey import Terms, give_up
from tasks.effects.journey import resume as _resume
from tasks.effects.operations import MIGRATION, make_plan, migrate, show_plan

HELP = {
    "observer": "the member restarted last (default: chosen, see the plan)",
    "strategy": "auto | prescribed",
    "place-first": "swap in all members' files before the first restart, as the documentation reads",
    "ignore": "a finding's name; it stays visible and does not stop",
    "approve": "run only the plan with this fingerprint",
    "yes": "do not ask",
    "resume": "go on with the interrupted run",
    "stop-after": "stop when this many members have been restarted",
    "break-lock": "give up this run and free its lock on every node",
}


def _help(*names: str) -> dict[str, str]:
    return {name: HELP[name] for name in names}


@operator_task(iterable=["ignore"], help=_help("observer", "strategy", "place-first", "ignore"))
def plan(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    strategy: str = "auto",
    observer: str = "",
    place_first: bool = False,
    ignore: Sequence[str] = (),
    json: bool = False,
) -> None:
    """Show what migrate-cluster would do, step by step; changes nothing."""
    wish = Wish(strategy=strategy, observer=observer or None, place_first=place_first)
    with opened(inventory, cluster) as site:
        made = make_plan(site, wish, ignored=frozenset(ignore))
        say(made.model_dump_json(indent=2)) if json else show_plan(made)


@operator_task(iterable=["ignore"], help=HELP)
def migrate_cluster(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    stop_after: int = 0,
    strategy: str = "auto",
    observer: str = "",
    place_first: bool = False,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Place the credentials, restart in the prescribed order, prove every step on the wire."""
    wish = Wish(strategy=strategy, observer=observer or None, place_first=place_first)
    terms = Terms(yes=yes, approved=approve, ignored=frozenset(ignore), stop_after=stop_after or None)
    with opened(inventory, cluster) as site:
        if break_lock:
            give_up(site, MIGRATION, break_lock)
        elif resume:
            _resume(site, MIGRATION, stop_after=terms.stop_after)
        else:
            migrate(site, wish, terms)
