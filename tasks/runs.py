"""`fab runs.*`: what former runs did and cost, and what they have left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import making_task, opened, operator_task
from tasks.core.spans import DEFAULT_AGE

if TYPE_CHECKING:
    from tasks.core.results import Done

_RUN = {"run": "its id (default: the newest)"}


@operator_task(
    positional=["run"],
    help={
        **_RUN,
        "html": "write it as a page into this file: timeline, certificates, gates, journal; needs no network",
        "markdown": "print all of it as Markdown, for a ticket or a wiki",
        "json": "print all of it as JSON",
    },
)
def report(
    c: Context,
    run: str = "",
    inventory: str = "",
    cluster: str = "",
    json: bool = False,
    markdown: bool = False,
    html: str = "",
) -> None:
    """Show a run, open or complete: plan, times, steps, who was away or apart, and how long."""
    from tasks.effects.run_report import Form, show_run

    form = Form(json=json, markdown=markdown, html=html)
    with opened(inventory, cluster) as site:
        show_run(site.cluster, run, form=form)


@operator_task(name="list")
def list_(c: Context, inventory: str = "", cluster: str = "", json: bool = False) -> None:
    """List every run, with its state and the nodes on which its backups lie."""
    from tasks.effects.run_list import list_runs

    with opened(inventory, cluster) as site:
        list_runs(site, json_wanted=json)


@operator_task(positional=["run"], help=_RUN)
def show(c: Context, run: str = "", inventory: str = "", cluster: str = "", json: bool = False) -> None:
    """Show everything that a run has left, here and on the nodes, and its steps with times."""
    from tasks.effects.run_list import show_all_of

    with opened(inventory, cluster) as site:
        show_all_of(site, run, json_wanted=json)


@operator_task(
    positional=["run"],
    help={
        **_RUN,
        "chain": "a chain value that was noted elsewhere, or its first 12 digits: it must be there",
    },
)
def verify(
    c: Context, run: str = "", chain: str = "", inventory: str = "", cluster: str = "", json: bool = False
) -> None:
    """Prove that a run's journal, plans and samples are what was written; exit code 3 where they are not."""
    from tasks.effects.verifying import verify_run

    with opened(inventory, cluster) as site:
        verify_run(site.cluster, run, mark=chain, json_wanted=json)


@making_task(
    help={
        "older-than": f"wipe backups of runs that ended that long ago: 12h, 30d, 6w (default: {DEFAULT_AGE})",
        "run": "wipe those of this run alone, whatever its age",
        "yes": "do not ask",
    }
)
def clean(
    c: Context,
    older_than: str = DEFAULT_AGE,
    run: str = "",
    inventory: str = "",
    cluster: str = "",
    yes: bool = False,
    *,
    asks: bool,
) -> Done:
    """Wipe the backups of finished runs on every node, after showing which; never those that are needed."""
    from tasks.core.spans import parse_age
    from tasks.effects.backups import clean_backups

    limit = parse_age(older_than)
    with opened(inventory, cluster) as site:
        return clean_backups(site, older_than=limit, run=run, yes=yes, asks=asks)


ns = Collection("runs")
ns.add_task(report)
ns.add_task(list_)
ns.add_task(show)
ns.add_task(verify)
ns.add_task(clean)
