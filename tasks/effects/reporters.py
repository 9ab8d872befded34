"""Who listens to a run: the screen as asked for, and whom the inventory names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.core.errors import UsageError
from tasks.core.events import Event, event_line
from tasks.core.nearest import one_of
from tasks.effects.console import ConsoleReporter, tell
from tasks.effects.reporting import Events, Reporter
from tasks.effects.site import Site

AUTO, PLAIN, JSON = "auto", "plain", "json"
KINDS = (AUTO, PLAIN, JSON)


@contextmanager
def reporting(site: Site, progress: str) -> Iterator[Reporter]:
    """While the block runs, whoever it is told to hears what happens.

    Args:
        progress: One of KINDS.
    """
    yield _screen(site, progress)


def refuse_unknown(progress: str) -> None:
    """Raises UsageError where there is no such kind of progress."""
    if progress not in KINDS:
        raise UsageError(f"--progress {progress} is unknown", remedy=one_of(progress, KINDS))


def _screen(site: Site, progress: str) -> Reporter:
    if progress == JSON:
        return Events(_tell_json, clock=site.clock)
    return ConsoleReporter()


def _tell_json(event: Event) -> None:
    tell(event_line(event), verbatim=True)
