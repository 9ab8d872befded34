"""How far a run has come."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from tasks.core.dataclass import dataclass

if TYPE_CHECKING:
    from tasks.core.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class Progress:
    """What a journal says about a plan."""

    done: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()
    facts: dict[str, dict[str, str]] = field(default_factory=dict)  # by step, later ones win
    completed: bool = False  # or abandoned: nothing is left to do

    @property
    def touched(self) -> frozenset[str]:
        """Every step that was begun."""
        return self.begun | self.done

    def remaining(self, plan: Plan) -> tuple[Step, ...]:
        return tuple(step for step in plan.steps if step.id not in self.done)
