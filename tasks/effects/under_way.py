"""Wait for a restart that an interrupted run has asked for, before anything is judged that it changes."""

from __future__ import annotations

from tasks.core.errors import GateTimeout
from tasks.core.gates import Verdict, View
from tasks.core.model import Node
from tasks.core.under_way import Asked, arrived, restart_asked
from tasks.effects.console import tell
from tasks.effects.record import runs
from tasks.effects.site import Site
from tasks.effects.wait import QUICK_S, Waits, Watch, hold


def await_restart_under_way(site: Site, run: str) -> None:
    """Return once the restart that `run` asked for last is over, or its limit has passed since it was asked for.

    What is there then is for the checks to judge. Of a run that is not known here, or is over, nothing is awaited.
    """
    for record in runs(site.cluster.runs_dir):
        if record.id == run and not record.progress().completed:
            asked = restart_asked(record.entries())
            if asked is not None and asked.node in {node.name for node in site.cluster.nodes}:
                _await(site, asked)


def _await(site: Site, asked: Asked) -> None:
    node = site.cluster.node(asked.node)
    names = [each.name for each in site.cluster.nodes if each.member == node.member]
    left_s = _limit_s(node, pair=len(names) > 1) - (site.clock.now() - asked.at).total_seconds()
    if left_s <= 0:
        return
    told: list[str] = []

    def report(seen: str, left_s: float) -> None:
        if seen not in told and seen != "settled":
            told.append(seen)
            tell(
                f"[{node.name}] its restart was asked for at {asked.at:%H:%M:%S}: {seen}; waiting until it has "
                f"settled ({left_s:.0f} s left)"
            )

    def gate(view: View) -> Verdict:
        return arrived(asked, names, view, now=site.clock.now())

    watch = Watch(
        awaited=f"the restart of {node.name}",
        node=node.name,
        look=lambda: site.view({}),
        report=report,
        stopping=lambda: False,
        nudge=lambda view, waited_s: None,
        remedy="fab status",
    )
    waits = Waits(limit_s=left_s, join_s=left_s, settle_s=0.0, poll_s=node.limits.poll_s, quick_s=QUICK_S)
    try:
        hold(gate, watch, waits=waits, clock=site.clock)
    except GateTimeout as error:
        tell(f"[{node.name}] {error.problem}")


def _limit_s(node: Node, *, pair: bool) -> float:
    """As long as the run itself would have waited."""
    return node.limits.restart_s + (node.limits.sync_s if pair else 0.0)
