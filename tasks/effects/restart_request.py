"""The request for a restart, and its end where a run was broken off in between."""

from __future__ import annotations

from tasks.core.model import Node
from tasks.effects.run import Run
from tasks.effects.service import finish_restart, request_restart


def request(run: Run, node: Node) -> None:
    """Ask for the restart; where a manager starts what REST stops, both are done when this returns.

    Raises:
        RemoteError: REST refused, a command failed, or the stopped server did not end in time.
    """

    def report(seen: str, left_s: float) -> None:
        run.report.waiting(node.name, "the end of its process", seen, left_s=left_s)

    request_restart(run.remote(node), run.admin(node), clock=run.site.clock, report=report)


def finish(run: Run, node: Node) -> None:
    """Whoever was killed between the stop and the start left the server down: start it now.

    Raises:
        RemoteError: The manager could not be asked, or the start failed.
    """
    if finish_restart(run.remote(node)):
        run.report.note(node.name, "it was stopped for its restart, and was down: started")
