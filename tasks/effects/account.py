"""What an acting task came to, gathered while it goes: for the object that `--json` prints at its end."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.core.availability import Availability
from tasks.core.errors import OperatorError, Refused
from tasks.core.findings import Finding
from tasks.core.health import StatusReport
from tasks.core.model import Cluster
from tasks.core.plan import Plan
from tasks.core.results import Done, Ending, PlanFacts, Result, ending_of
from tasks.core.run_report import RunReport, run_report
from tasks.effects.record import runs
from tasks.effects.reporting import Scene, Unheard
from tasks.effects.sampling import samples_of

_OPEN = frozenset({Ending.STOPPED, Ending.FAILED, Ending.INTERRUPTED})  # the run can be gone on with


class Account(Unheard):
    """One task's; it is told by the journey, and hears the run begin."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._plan: Plan | None = None
        self._resume = ""
        self._findings: tuple[Finding, ...] = ()
        self._told = Done()

    def at(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def planned(self, plan: Plan, findings: Sequence[Finding]) -> None:
        self._plan, self._findings = plan, tuple(findings)

    def begun(self, scene: Scene) -> None:
        self._plan, self._resume = scene.plan, scene.resume
        self._told = Done(run=scene.run)

    def ends(self, outcome: Ending, *, run: str = "") -> None:
        """How it ends, if nothing fails."""
        self._told = self._told.model_copy(update={"outcome": outcome, "run": run or self._told.run})

    def proven(self, found: StatusReport) -> None:
        self._findings = found.findings
        self._told = self._told.model_copy(update={"verdict": found.verdict})

    def comes_to(self, told: Done) -> None:
        """Of a task that is no run."""
        self._told = told

    def result(self, task: str, error: OperatorError | None, *, cluster: str = "") -> Result:
        """How it ended.

        Args:
            cluster: The one that was typed, where it did not come so far as to open it.
        """
        told, made = self._told, self._report()
        outcome = ending_of(error) if error else told.outcome
        findings = error.findings if isinstance(error, Refused) and error.findings else self._findings
        return Result(
            task=task,
            cluster=self._name or told.cluster or (error.cluster if error else "") or cluster,
            run=told.run,
            outcome=outcome,
            exit_code=error.exit_code if error else 0,
            plan=_facts(self._plan, made),
            problem=error.problem if error else "",
            node=(error.node if error else told.node) or "",
            remedy=error.remedy if error else "",
            resume=self._resume if outcome in _OPEN else "",
            report=f"fab runs.report {told.run}" if made else "",
            verdict=told.verdict,
            findings=findings,
            availability=_numbers(made),
            sets=told.sets,
            paths=told.paths,
        )

    @property
    def _name(self) -> str:
        return self._cluster.key if self._cluster else ""

    def _report(self) -> RunReport | None:
        """From the run's directory; None where there is no run, or none that can be read."""
        if self._cluster is None or not self._told.run:
            return None
        try:
            found = [one for one in runs(self._cluster.runs_dir) if one.id == self._told.run]
            return next((run_report(r.id, r.plan, r.entries(), samples_of(r)) for r in found), None)
        except OSError:
            return None


def _facts(plan: Plan | None, made: RunReport | None) -> PlanFacts | None:
    if made is not None:
        return PlanFacts(
            fingerprint=made.fingerprint,
            strategy=made.strategy,
            steps=made.steps,
            steps_done=made.steps_done,
        )
    if plan is None:
        return None
    return PlanFacts(
        fingerprint=plan.fingerprint, strategy=plan.strategy, steps=len(plan.steps), steps_done=0
    )


def _numbers(made: RunReport | None) -> Availability | None:
    return made.availability if made else None
