"""What every acting task is told beside its own wish: how far, for whom to ask, and how to tell of it."""

from __future__ import annotations

from dataclasses import field

from tasks.core.dataclass import dataclass
from tasks.core.safe_points import Deadline
from tasks.core.task_names import PLACED
from tasks.effects.account import Account
from tasks.effects.execute import End
from tasks.effects.reporters import AUTO


@dataclass(frozen=True, slots=True)
class Terms:
    """What the command line says beside the wish itself; the same for every acting task.

    Args:
        yes: Do not ask.
        approved: Run only the plan of this fingerprint.
        plan_only: Show the plan and end.
        ignored: Findings, by name, that stay visible and do not stop.
        stop_after: Stop when this many members have been restarted.
        until: Stop when the round of this number is complete.
        placed: Stop when everything is staged, see execute.End.
        not_after: No restart begins later.
        progress: How what happens is told: one of reporters.KINDS.
        asks: Whether stdin is an operator's, who can be asked.
        account: Is told what it comes to.
    """

    yes: bool = False
    approved: str = ""
    plan_only: bool = False
    ignored: frozenset[str] = frozenset()
    stop_after: int | None = None
    until: int | None = None
    placed: bool = False
    not_after: Deadline | None = None
    progress: str = AUTO
    asks: bool = True
    account: Account = field(default_factory=Account, compare=False)

    @property
    def typed(self) -> str:
        """The task that was typed, where it is a part of another; "" elsewhere."""
        return PLACED if self.placed else ""

    @property
    def end(self) -> End:
        return End(stop_after=self.stop_after, until=self.until, placed=self.placed, not_after=self.not_after)
