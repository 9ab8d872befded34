"""`fab runs.*`: what former runs did and cost."""

from __future__ import annotations

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.effects.run_report import show_run


@operator_task(positional=["run"], help={"run": "its id (default: the newest)"})
def report(c: Context, run: str = "", inventory: str = "", cluster: str = "", json: bool = False) -> None:
    """Show a run, open or complete: plan, times, steps, who was away or apart, and how long."""
    with opened(inventory, cluster) as site:
        show_run(site.cluster, run, json_wanted=json)


ns = Collection("runs")
ns.add_task(report)
