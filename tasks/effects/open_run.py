"""A run that is open needs the credential sets that it began with."""

from __future__ import annotations

from tasks.core.errors import Refused
from tasks.core.model import Cluster
from tasks.effects.credential_files import entries
from tasks.effects.record import unfinished


def refuse_during_run(cluster: Cluster) -> None:
    """Sets that are there are not changed under a run; the first ones may be made at any time.

    Raises:
        Refused: With the two ways on.
    """
    open_one = unfinished(cluster.runs_dir)
    if open_one is None or not entries(cluster.credentials):
        return
    task = open_one.plan.task
    raise Refused(
        f"run {open_one.id} is not finished, and needs the credential sets as they are",
        remedy=f"fab {task} --resume; or, to give it up: fab {task} --break-lock {open_one.id}",
    )
