"""What the operator is asked before anything is changed."""

from __future__ import annotations

import sys

from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused, UsageError
from tasks.core.plan import Plan
from tasks.core.plan_text import approval


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, and the word that agrees.

    Args:
        yes_suffices: Whether --yes stands for the word.
        possible: False with --json: whoever reads stdout types nothing.
    """

    question: str
    word: str
    yes_suffices: bool = True
    possible: bool = True

    def refuse_unanswered(self, *, this: str, remedy: str) -> None:
        """Raises UsageError where nobody is there to answer."""
        if not self.possible:
            raise UsageError(f"with --json nothing is asked: nobody has confirmed {this}", remedy=remedy)
        if not sys.stdin.isatty():
            problem = f"no terminal to confirm {this}"
            raise UsageError(
                problem if self.yes_suffices else f"no terminal to type {self.word} at", remedy=remedy
            )

    @property
    def agreed(self) -> bool:
        """Whether the word was typed now."""
        sys.stderr.write(self.question)
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() == self.word


def ask(asking: Asking, plan: Plan, *, again: str = "") -> None:
    """Ask for the word.

    Args:
        again: Options that the command needs to come here again: " --resume".

    Raises:
        UsageError: There is no terminal to ask at, or the output is a machine's.
        Refused: The answer was another one.
    """
    approve = f"{approval(plan)}{again}"
    also = f"{approve} (or --yes)" if asking.yes_suffices else f"{approve}; --yes does not stand for it"
    asking.refuse_unanswered(this="the plan", remedy=also)
    if not asking.agreed:
        raise Refused("not confirmed; nothing was changed", remedy="fab plan shows it again")
