"""A status on stdout, and who holds the nodes' locks: what `fab status` and its watch have in common."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.core.errors import Unhealthy
from tasks.core.health import StatusReport, report
from tasks.core.lock_text import lock_lines
from tasks.core.open_run import OpenRun
from tasks.core.render import findings_lines, status_table, versions_line
from tasks.effects.console import be_ready_to_draw, say, show_table, width
from tasks.effects.run_folders import nothing_open
from tasks.effects.sights import Held, Sights
from tasks.effects.site import Site


def present(found: StatusReport, notes: Sequence[str]) -> bool:
    """One screen: a row per node, what is wrong, an open run and locks, one verdict line.

    Returns:
        Whether somebody still reads.
    """
    show_table(status_table(found, width=width()))
    for line in (versions_line(found), *findings_lines(found.findings), *notes):
        say(line)
    return say(found.verdict)


def show_status(site: Site, sights: Sights, *, json_wanted: bool = False) -> StatusReport:
    """One screen: a row per node, what is wrong, one verdict line."""
    run = open_run_of(site)
    if not json_wanted:
        be_ready_to_draw()
    snapshot, held = sights()
    found = report(snapshot, run=run)
    if json_wanted:
        from tasks.core.json_text import json_text  # here: it comes with pydantic

        say(json_text(found), verbatim=True)
        return found
    present(found, (*((run.line,) if run else ()), *locks_of(site, held, run)))
    return found


def locks_of(site: Site, held: Held, run: OpenRun | None) -> tuple[str, ...]:
    return lock_lines(held, nodes=len(site.cluster.nodes), own=run.id if run else "")


def open_run_of(site: Site) -> OpenRun | None:
    """The run that --resume would go on with, as this machine knows it."""
    if nothing_open(site.cluster.runs_dir):
        return None
    from tasks.effects.record import unfinished  # here: plans and journals come with pydantic

    record = unfinished(site.cluster.runs_dir)
    return None if record is None else OpenRun(record.id, record.plan, record.progress())


def require_healthy(found: StatusReport) -> None:
    """Raises Unhealthy (exit 6) where the verdict is not healthy."""
    if not found.healthy:
        raise Unhealthy(
            "the cluster is not healthy: see the findings above", remedy="fab check names all remedies"
        )
