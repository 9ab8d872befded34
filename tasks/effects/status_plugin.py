"""`fab status --nagios`: look, judge, and answer as a plugin does."""

from __future__ import annotations

from tasks.core.health import report
from tasks.core.status_nagios import status_answer
from tasks.effects.console import say
from tasks.effects.sights import Sights
from tasks.effects.site import Site
from tasks.effects.status_shown import locks_of, open_run_of


def status_plugin(site: Site, sights: Sights) -> int:
    """One line with perfdata, the findings below it; returns the plugin's exit code."""
    run = open_run_of(site)
    snapshot, held = sights()
    found = report(snapshot, run=run)
    lines = (*((run.line,) if run else ()), *locks_of(site, held, run))
    text, code = status_answer(found, lines)
    say(text, verbatim=True)
    return code
