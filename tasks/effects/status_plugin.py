"""`fab status --nagios`: look, judge, and answer as a plugin does."""

from __future__ import annotations

from tasks.core.health import report
from tasks.core.status_nagios import status_answer
from tasks.effects.console import say
from tasks.effects.look import take_snapshot
from tasks.effects.operations import locks_of, open_run_of
from tasks.effects.site import Site


def status_plugin(site: Site) -> int:
    """One line with perfdata, the findings below it; returns the plugin's exit code."""
    run = open_run_of(site)
    found = report(take_snapshot(site), run=run)
    lines = (*((run.line,) if run else ()), *locks_of(site, run))
    text, code = status_answer(found, lines)
    say(text, verbatim=True)
    return code
