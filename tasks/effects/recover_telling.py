"""What those hear who listen to a recovery: the same as of a run without steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.core.errors import OperatorError
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.task_names import RECOVER
from tasks.effects.reporting import Reporter, Scene
from tasks.effects.site import Site


@contextmanager
def told(report: Reporter, site: Site, *, run: str, again: str) -> Iterator[None]:
    """The block is a recovery, from its start to its end.

    Args:
        run: Whose lock it holds.
        again: The command that goes on with it.
    """
    plan = Plan(
        cluster=site.cluster.key,
        cluster_name=site.cluster.cluster_name,
        steps=(),
        targets={},
        before={},
        baseline={},
        pairs=(),
        addresses={},
        task=RECOVER,
        command=again.removeprefix("fab "),
    )
    report.begun(Scene(run, site.cluster, plan, Progress(), again))
    try:
        yield
    except OperatorError as error:
        report.failed(error)
        raise
    report.ended(complete=True)
