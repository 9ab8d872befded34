"""What the operator is asked before anything is changed."""

from __future__ import annotations

import sys

from tasks.core.errors import Refused, UsageError
from tasks.core.plan import Plan
from tasks.core.plan_text import approval


def ask(question: str, word: str, plan: Plan, *, yes_suffices: bool, again: str = "") -> None:
    """Ask for the word.

    Args:
        yes_suffices: Whether --yes stands for it.
        again: Options that the command needs to come here again: " --resume".

    Raises:
        UsageError: There is no terminal to ask at.
        Refused: The answer was another one.
    """
    if not sys.stdin.isatty():
        approve = f"{approval(plan)}{again}"
        raise UsageError(
            "no terminal to confirm the plan" if yes_suffices else f"no terminal to type {word} at",
            remedy=f"{approve} (or --yes)" if yes_suffices else f"{approve}; --yes does not stand for it",
        )
    sys.stderr.write(question)
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != word:
        raise Refused("not confirmed; nothing was changed", remedy="fab plan shows it again")
