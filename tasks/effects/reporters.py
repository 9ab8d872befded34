"""Who listens to a run: the screen as asked for, and whom the inventory names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.core.errors import UsageError
from tasks.core.events import Event, event_line
from tasks.core.nearest import one_of
from tasks.core.screens import draws
from tasks.effects.area import Area, screen_of
from tasks.effects.console import tell
from tasks.effects.console_reporter import ConsoleReporter
from tasks.effects.live import LiveReporter
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
    with (
        _screen(site, progress) as screen,
        notifying(site.cluster, note=screen.note, clock=site.clock) as notified,
    ):
        yield Several(screen, *notified, *more)


def refuse_unknown(progress: str, *, kinds: tuple[str, ...] = KINDS) -> None:
    """Raises UsageError where there is no such kind of progress."""
    if progress not in kinds:
        raise UsageError(f"--progress {progress} is unknown", remedy=one_of(progress, kinds))


@contextmanager
def _screen(site: Site, progress: str) -> Iterator[Reporter]:
    if progress == JSON:
        yield Events(_tell_json, clock=site.clock)
    elif progress == AUTO and draws(screen_of(sys.stderr), os.environ):
        yield from _live(site)
    else:
        yield ConsoleReporter()


def _live(site: Site) -> Iterator[Reporter]:
    area = Area(sys.stderr)
    reporter = LiveReporter(area, clock=site.clock)
    with area.shared():
        try:
            yield reporter
        finally:
            reporter.close()


def _tell_json(event: Event) -> None:
    tell(event_line(event), verbatim=True)
