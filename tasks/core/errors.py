"""Every foreseen failure: what was seen, on which node, and the command that comes next.

One boundary (`tasks/boundary.py`) turns these into exit codes; nothing else exits.
"""

from __future__ import annotations

from typing import ClassVar

from tasks.core.findings import Finding


class OperatorError(Exception):
    """A failure that the operator can act upon.

    Args:
        problem: What was tried, what was seen, what was wanted. No secrets.
        remedy: The next safe command or action.
        node: The node (or member) it happened on; None if it is about the whole cluster.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, problem: str, *, remedy: str, node: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.node = node
        self.cluster = ""  # the inventory's key, once it is known

    def __str__(self) -> str:
        where = f"[{self.node}] " if self.node else ""
        return f"{where}{self.problem}\n  -> {self.remedy}"

    def said_by(self, task: str) -> None:
        """Name the running task's own commands where the remedy names the migration's."""
        self.remedy = commands_of(task, self.remedy)


def commands_of(task: str, text: str) -> str:
    """The text with the migration's commands turned into those of another acting task.

    Every acting task takes the same options (--plan, --approve, --resume, --break-lock), so that what
    is said in one place about the commonest of them is right for all.
    """
    if task == "migrate-cluster":
        return text
    return text.replace("fab migrate-cluster", f"fab {task}").replace("fab plan", f"fab {task} --plan")


class UsageError(OperatorError):
    """The inventory or the command line asks for something that cannot be."""

    exit_code: ClassVar[int] = 2


class Refused(OperatorError):
    """A check or the plan says no; nothing was changed.

    Args:
        findings: All that the checks found, where it was they.
    """

    exit_code: ClassVar[int] = 3

    def __init__(
        self, problem: str, *, remedy: str, node: str | None = None, findings: tuple[Finding, ...] = ()
    ) -> None:
        super().__init__(problem, remedy=remedy, node=node)
        self.findings = findings


class RecordAltered(Refused):
    """The record of a run is not what was written."""


class RemoteError(OperatorError):
    """An SSH, REST, TLS or file operation on a node failed."""

    exit_code: ClassVar[int] = 4


class RecordLost(OperatorError):
    """The run directory on this machine cannot be written any more."""


class ForwardingRefused(RemoteError):
    """The sshd of a node (or gateway) forbids the port forwarding that was asked for."""


class PortRefused(RemoteError):
    """Nothing listens at the port that was dialled: "not yet back", where others mean "broken"."""


class GateTimeout(OperatorError):
    """A gate did not hold within its limit, or showed a state that must stop the line."""

    exit_code: ClassVar[int] = 5


class NotAsPlanned(GateTimeout):
    """Settled servers see other peers than the plan says."""


class Unhealthy(OperatorError):
    """The status that was asked for is not healthy."""

    exit_code: ClassVar[int] = 6


class Locked(OperatorError):
    """Another run holds the cluster's lock."""

    exit_code: ClassVar[int] = 7


class Interrupted(OperatorError):
    """The operator stopped the run; its state is saved."""

    exit_code: ClassVar[int] = 130
