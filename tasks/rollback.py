"""`fab rollback`."""

from __future__ import annotations

from tasks.boundary import Acting, acting_task

HELP = {
    "run": "the run to undo (default: the newest migration)",
    "observer": "the member restarted last (default: chosen, see the plan)",
    "strategy": "auto | renew | overlap | bridge | prescribed (the plan shows what each costs)",
}


@acting_task(help=HELP, rounds=True)
def rollback(acting: Acting, run: str = "", strategy: str = "auto", observer: str = "") -> None:
    """Go back to the credentials and server.cfg of before a run, interrupted or complete."""
    from tasks.core.course import Wish
    from tasks.effects.rolling_back import return_plan, rollback_of

    wish = Wish(strategy=strategy, observer=observer or None)
    with acting.opened() as site:
        acting.run(site, rollback_of(site, run), lambda prepared: return_plan(site, wish, prepared))
