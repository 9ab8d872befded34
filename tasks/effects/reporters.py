"""Who listens to a run: the screen as asked for, and whom the inventory names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.core.errors import UsageError
from tasks.core.events import Event, event_line
from tasks.core.nearest import one_of
from tasks.effects.console import ConsoleReporter, tell
from tasks.effects.notifying import notifying
from tasks.effects.reporting import Events, Reporter, Several
from tasks.effects.site import Site

AUTO, PLAIN, JSON = "auto", "plain", "json"
KINDS = (AUTO, PLAIN, JSON)


@contextmanager
def reporting(site: Site, progress: str, *more: Reporter) -> Iterator[Reporter]:
    """While the block runs, whoever it is told to hears what happens: the screen, and those of the inventory.

    Args:
        progress: One of KINDS.
        more: Who hears it, too.
    """
    screen = _screen(site, progress)
    with notifying(site.cluster, note=screen.note, clock=site.clock) as notified:
        yield Several(screen, *notified, *more)


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
