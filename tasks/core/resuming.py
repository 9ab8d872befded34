"""Where journal and nodes disagree: a run goes on only if what it believes done is really there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.findings import Finding, Severity
from tasks.core.ha_resuming import ha_disagreements
from tasks.core.plan import Plan, Step
from tasks.core.progress import Progress
from tasks.core.revocation_nodes import list_sha256
from tasks.core.snapshot import NodeFiles, Snapshot, Unseen, Wire
from tasks.core.step_kinds import HA_SWAPS, LAST_RESTARTS, StepKind
from tasks.core.two_sources import standings
from tasks.core.wanted_set import WantedSet

NEEDED_TO_RESUME = frozenset({"ssh", "files", "not-writable", "no-space"})  # REST may be silent meanwhile
NEXT = "fab status shows what is there; restore what was changed, or abandon the run and make a new plan"


def disagreements(plan: Plan, progress: Progress, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Where the journal says one thing and the nodes another, each as an error; see `two_sources`."""
    if plan.files_before:
        return standings(plan, progress, snapshot)
    return (
        *_files(plan, progress, snapshot),
        *_moved(plan, progress, snapshot),
        *_lists(plan, progress, snapshot),
        *_served(plan, progress, snapshot),
        *ha_disagreements(plan, progress, snapshot),
    )


def _files(plan: Plan, progress: Progress, snapshot: Snapshot) -> Iterator[Finding]:
    """Per member, what its last swap left; nothing is asked of files while another one is under way."""
    for member in snapshot.cluster.members:
        begun = [
            step
            for step in _steps(plan, member.name, frozenset({StepKind.SWAP}))
            if step.id in progress.touched
        ]
        if not begun or begun[-1].id not in progress.done:
            continue
        for node in member.nodes:
            files = snapshot.nodes[node.name].files
            if isinstance(files, Unseen):
                yield _error("resume-unseen", node.name, files.problem)
                continue
            for name, sha in plan.target_after(member.name, round=begun[-1].round).files.items():
                if not files.files[name].is_as(sha):
                    text = f"the journal says {name} was swapped in; the node has another one or none"
                    yield _error("resume-files", node.name, text)


def _steps(plan: Plan, member: str, kinds: frozenset[StepKind]) -> list[Step]:
    return [step for step in plan.steps if step.kind in kinds and step.target == member]


def _moved(plan: Plan, progress: Progress, snapshot: Snapshot) -> Iterator[Finding]:
    for step in plan.steps:
        if step.kind is not StepKind.MOVE_KEYSTORE or step.id not in progress.done:
            continue
        files = snapshot.nodes[step.target].files
        if isinstance(files, Unseen):
            yield _error("resume-unseen", step.target, files.problem)
        elif files.cfg_sha256 != plan.edits[step.target].new_sha256:
            text = "the journal says that server.cfg names the new keystore; it was changed since"
            yield _error("resume-files", step.target, text)


def _lists(plan: Plan, progress: Progress, snapshot: Snapshot) -> Iterator[Finding]:
    for step in plan.steps:
        if step.kind not in (StepKind.PLACE_CRL, StepKind.REMOVE_CRL) or step.id not in progress.done:
            continue
        files, change = snapshot.nodes[step.target].files, plan.lists[step.target]
        if isinstance(files, Unseen):
            yield _error("resume-unseen", step.target, files.problem)
        elif list_sha256(files, change.name) != change.new_sha256:
            done = "was removed" if change.new_sha256 is None else "was placed"
            text = f"the journal says that {change.name} {done}; the node has another one, or none"
            yield _error("resume-files", step.target, text)


def _served(plan: Plan, progress: Progress, snapshot: Snapshot) -> Iterator[Finding]:
    """What its last restart brought; or what was swapped in since, where it restarted by itself."""
    for member in snapshot.cluster.members:
        done = [step for step in _steps(plan, member.name, LAST_RESTARTS) if step.id in progress.done]
        if not done:
            continue
        seen, wanted = (
            snapshot.active(member),
            plan.target_after(member.name, round=done[-1].round).leaf_sha256,
        )
        swapped = _steps(plan, member.name, frozenset({StepKind.SWAP}))
        rounds = [step.round for step in swapped if step.id in progress.touched]
        fit = {
            wanted,
            *(plan.target_after(member.name, round=r).leaf_sha256 for r in rounds if r > done[-1].round),
        }
        if not isinstance(seen.wire, Wire):
            text = "the journal says it serves the new certificate; none can be seen"
            yield _error("resume-unseen", seen.node.name, text)
        elif seen.wire.leaf.sha256 not in fit:
            text = f"the journal says it serves {wanted[:8]}; it serves {seen.wire.leaf.sha256[:8]}"
            yield _error("resume-served", seen.node.name, text)


def other_sets(plan: Plan, sets: Mapping[str, WantedSet]) -> Iterator[Finding]:
    """The credential folder must hold what the plan was made for, if the plan places anything."""
    kinds = {StepKind.SWAP, *HA_SWAPS}
    placed = {step.target for step in plan.steps if step.kind in kinds}
    for member, target in plan.targets.items():
        if member not in placed:
            continue
        if member not in sets or dict(sets[member].sha256) != target.files:
            text = "the credential set here is not the one that the interrupted run was planned with"
            remedy = (
                f"put the run's own set back; or to plan anew, give it up: fab {plan.task} --break-lock RUN"
            )
            yield Finding("resume-credentials", Severity.ERROR, member, text, remedy)


def _error(name: str, where: str, text: str) -> Finding:
    return Finding(name, Severity.ERROR, where, text, NEXT)


def clocks(snapshot: Snapshot) -> dict[str, float]:
    """Per node, its clock minus ours in seconds."""
    return {
        name: seen.files.clock_offset_s
        for name, seen in snapshot.nodes.items()
        if isinstance(seen.files, NodeFiles)
    }
