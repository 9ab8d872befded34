"""How a task ended: the one JSON object that an acting task prints with `--json`, and a reading one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import AwareDatetime

from tasks.core.availability import Availability
from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Interrupted, Locked, OperatorError, Refused, Unhealthy, UsageError
from tasks.core.findings import Finding
from tasks.core.plan import Frozen

VERSION = 1


class Ending(StrEnum):
    COMPLETE = "complete"  # all of it is done, and proven where it is a run
    STOPPED = "stopped"  # as asked, by --until or --stop-after: the run stays open
    NOTHING = "nothing-to-do"
    PLANNED = "planned"  # --plan: nothing was changed
    GIVEN_UP = "given-up"  # --break-lock, or a run that had changed nothing
    USAGE = "usage"
    REFUSED = "refused"
    FAILED = "failed"
    UNHEALTHY = "unhealthy"  # of a run: all steps are done, and the cluster is not well
    LOCKED = "locked"
    INTERRUPTED = "interrupted"


_OF_ERRORS: tuple[tuple[type[OperatorError], Ending], ...] = (
    (UsageError, Ending.USAGE),
    (Refused, Ending.REFUSED),
    (Unhealthy, Ending.UNHEALTHY),
    (Locked, Ending.LOCKED),
    (Interrupted, Ending.INTERRUPTED),
)


class PlanFacts(Frozen):
    """The plan in force."""

    fingerprint: str
    strategy: str
    steps: int
    steps_done: int


class MadeSet(Frozen):
    """The leaf of a credential set."""

    label: str  # "shared", or the member
    subject: str
    not_after: AwareDatetime
    sha256: str


class Result(Frozen):
    """Every key is always there; what does not apply is empty or null. Times in seconds. No secrets."""

    version: int = VERSION
    task: str  # "migrate-cluster"
    cluster: str  # the inventory's key
    run: str = ""
    outcome: Ending
    exit_code: int
    plan: PlanFacts | None = None
    problem: str = ""
    node: str = ""
    remedy: str = ""
    resume: str = ""  # the command that goes on with the run
    report: str = ""  # the command that shows it
    verdict: str = ""
    findings: tuple[Finding, ...] = ()  # of the last look: the proof, or the checks before the plan
    availability: Availability | None = None
    sets: tuple[MadeSet, ...] = ()  # credential sets that were made on this machine
    paths: tuple[str, ...] = ()  # files or folders that were made there


class Done(Frozen):
    """What a task without a run came to."""

    outcome: Ending = Ending.COMPLETE
    cluster: str = ""
    node: str = ""
    run: str = ""
    verdict: str = ""
    sets: tuple[MadeSet, ...] = ()
    paths: tuple[str, ...] = ()


def made_sets(sets: Mapping[str, CredentialSet]) -> tuple[MadeSet, ...]:
    """What was made, by label; never a key."""
    return tuple(
        MadeSet(
            label=label,
            subject=one.leaf.subject,
            not_after=one.leaf.not_after,
            sha256=one.leaf.sha256,
        )
        for label, one in sets.items()
    )


def ending_of(error: OperatorError) -> Ending:
    """The outcome in one word; every exit code has its own, but 4 and 5."""
    return next((ending for kind, ending in _OF_ERRORS if isinstance(error, kind)), Ending.FAILED)
