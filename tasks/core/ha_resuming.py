"""Where the journal says that HA credentials were swapped in, and the nodes do not show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.findings import Finding, Severity
from tasks.core.model import Member
from tasks.core.plan import Plan, Step
from tasks.core.progress import Progress
from tasks.core.snapshot import Snapshot, Unseen
from tasks.core.step_kinds import HA_SWAPS, StepKind

NEXT = "fab status shows what is there; restore what was changed, or abandon the run and make a new plan"


def ha_disagreements(plan: Plan, progress: Progress, snapshot: Snapshot) -> Iterator[Finding]:
    """Per node the files that the last step done left there must lie there still."""
    for name, wanted in _last_live(plan, progress, snapshot).items():
        files = snapshot.nodes[name].files
        if isinstance(files, Unseen):
            yield _error("resume-unseen", name, files.problem)
            continue
        for file, sha in wanted.items():
            state = files.ha.files.get(file)
            if state is None or state.sha256 != sha:
                text = f"the journal says {file} was swapped in; the node has another one or none"
                yield _error("resume-files", name, text)


def _last_live(plan: Plan, progress: Progress, snapshot: Snapshot) -> Mapping[str, Mapping[str, str]]:
    """By node, the HA files that the journal says are live.

    A step that was begun and not done may have swapped one node or both: what it touches is left out.
    """
    found: dict[str, Mapping[str, str]] = {}
    for step in plan.steps:
        if step.kind not in HA_SWAPS or not (step.id in progress.done or step.id in progress.facts):
            continue
        member = snapshot.cluster.member(step.target)
        for name in _touched(step, member, progress):
            if step.id in progress.done:
                found[name] = plan.ha_files[step.id]
            else:
                found.pop(name, None)
    return found


def _touched(step: Step, member: Member, progress: Progress) -> tuple[str, ...]:
    nodes = tuple(node.name for node in member.nodes)
    if step.kind is StepKind.HA_SWAP:
        return nodes
    noted = progress.facts.get(step.id, {}).get("node", "")
    return tuple(name for name in nodes if name == noted)


def _error(name: str, where: str, text: str) -> Finding:
    return Finding(name, Severity.ERROR, where, text, NEXT)
