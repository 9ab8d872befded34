"""What the journal says of each member against what the nodes show: files by hash, certificate, uptime.

A run goes on by its journal only where both say the same. Where a member stands at another point of the
same way, somebody restarted it, restored it or did the step by hand: what is left is planned anew from
there. Where it runs with something that no step of the run could have brought, somebody else is at work.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from tasks.core.dataclass import dataclass
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.model import Member, Node
from tasks.core.plan import Plan, Step
from tasks.core.progress import Progress
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.status import NodeStatus
from tasks.core.step_kinds import LAST_RESTARTS, StepKind

LEAD_S = 3.0  # clocks and uptimes are told to the second


class Standing(StrEnum):
    BEHIND = "resume-behind"  # the journal says more than the node shows
    AHEAD = "resume-ahead"  # the node shows more than the journal says
    FOREIGN = "resume-foreign"  # neither of before the run nor of any step of it
    UNSEEN = "resume-unseen"


_REMEDY = {
    Standing.BEHIND: "what is left is planned anew from there",
    Standing.AHEAD: "what is left is planned anew from there",
    Standing.FOREIGN: "look who changed it; put back what was there, or give the run up and plan anew",
    Standing.UNSEEN: "start the server or reach the node first: fab status; a dead admin API: fab recover NODE",
}


@dataclass(frozen=True, slots=True)
class Journalled:
    """Where a member stands by the journal; rounds from 1, 0 before the first."""

    swapped: int  # the last swap that is done
    swapping: int  # the last that was begun
    restarted: int
    restarting: int  # the last that was asked for


def standings(plan: Plan, progress: Progress, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Per node where the two disagree, what each says; nothing where they agree.

    Only of plans that swap files in and restart their members, and say what lay there before.
    """
    found: list[Finding] = []
    for member in snapshot.cluster.members:
        swaps = [step for step in plan.steps if step.kind is StepKind.SWAP and step.target == member.name]
        if swaps:
            found += _of(plan, progress, snapshot, member)
    return tuple(found)


def absorbed(findings: tuple[Finding, ...]) -> bool:
    """Whether a new plan from what is there settles all of them."""
    return bool(findings) and all(f.name in (Standing.BEHIND, Standing.AHEAD) for f in findings)


def _of(plan: Plan, progress: Progress, snapshot: Snapshot, member: Member) -> Iterator[Finding]:
    said = _journalled(plan, progress, member.name)
    for node in member.nodes:
        yield from _files(plan, said, snapshot.nodes[node.name], node)
    yield from _served(plan, said, snapshot.active(member), member)
    yield from _uptime(plan, progress, snapshot, member)


def _journalled(plan: Plan, progress: Progress, member: str) -> Journalled:
    def last(kinds: frozenset[StepKind], among: frozenset[str]) -> int:
        steps = [s for s in plan.steps if s.kind in kinds and s.target == member and s.id in among]
        return max((max(step.round, 1) for step in steps), default=0)

    swap = frozenset({StepKind.SWAP})
    return Journalled(
        swapped=last(swap, progress.done),
        swapping=last(swap, progress.touched),
        restarted=last(LAST_RESTARTS, progress.done),
        restarting=last(LAST_RESTARTS, progress.done | _asked(progress)),
    )


def _asked(progress: Progress) -> frozenset[str]:
    """The steps whose restart was asked for: one that only began has brought nothing yet."""
    return frozenset(step for step, facts in progress.facts.items() if "started_before" in facts)


def _stages(plan: Plan, node: Node) -> list[dict[str, str]]:
    """What the files of a node are before the first round, and after each."""
    rounds = range(1, max(len(plan.rounds), 1) + 1)
    return [
        plan.files_before.get(node.name, {}),
        *(plan.target_after(node.member, round=number).files for number in rounds),
    ]


def _files(plan: Plan, said: Journalled, seen: NodeSnapshot, node: Node) -> Iterator[Finding]:
    if not isinstance(seen.files, NodeFiles):
        yield _finding(Standing.UNSEEN, node.name, seen.files.problem)
        return
    said_stages = range(said.swapped, said.swapping + 1)
    stages = _stages(plan, node)
    fit = [number for number, files in enumerate(stages) if files and _lie(seen.files, files)]
    if set(fit) & set(said_stages) or (said.swapping != said.swapped and _half(seen.files, stages, said)):
        return
    if fit:
        kind = Standing.AHEAD if min(fit) > said.swapping else Standing.BEHIND
        text = f"its files are those of {_stage(fit[-1])}; the journal says {_stage(said.swapped)}"
        yield _finding(kind, node.name, text)
        return
    yield from _other_files(seen.files, stages, node)


def _lie(files: NodeFiles, wanted: dict[str, str]) -> bool:
    return all(files.files[name].is_as(sha) for name, sha in wanted.items())


def _half(files: NodeFiles, stages: list[dict[str, str]], said: Journalled) -> bool:
    """A swap that was broken off: each file is the old one, the new one, or not there yet."""
    both = stages[said.swapped], stages[said.swapping]
    return all(
        files.files[name].sha256 is None
        or any(files.files[name].is_as(stage.get(name, ABSENT)) for stage in both)
        for name in (CA_FILE, CERT_FILE, KEY_FILE)
    )


def _other_files(files: NodeFiles, stages: list[dict[str, str]], node: Node) -> Iterator[Finding]:
    """No stage as a whole: files that are gone are placed again; any other content is somebody else's."""
    for name in (CA_FILE, CERT_FILE, KEY_FILE):
        state = files.files[name]
        known = {stage.get(name, ABSENT) for stage in stages}
        if state.sha256 is not None and state.sha256 not in known:
            text = (
                f"{name} (SHA-256 {state.sha256:.12}) is neither the one of before the run nor one of its own"
            )
            yield _finding(Standing.FOREIGN, node.name, text)
            return
    gone = [name for name in (CA_FILE, CERT_FILE, KEY_FILE) if files.files[name].sha256 is None]
    what = f"{', '.join(gone)} is gone" if gone else "its files are of different rounds"
    yield _finding(Standing.BEHIND, node.name, what)


def _stage(number: int) -> str:
    return f"round {number}" if number else "before the run"


def _served(plan: Plan, said: Journalled, seen: NodeSnapshot, member: Member) -> Iterator[Finding]:
    """A member that restarts by itself loads what was swapped in: a take-over or a crash is no surprise there."""
    name = seen.node.name
    if said.restarting != said.restarted:
        return  # on its way down or up, or back with another certificate: its step looks at that itself
    if not isinstance(seen.wire, Wire):
        if said.restarted:
            problem = seen.wire.problem if seen.wire is not None else "no primary was seen"
            yield _finding(Standing.UNSEEN, name, f"the certificate that it serves cannot be seen: {problem}")
        return
    rounds = range(1, max(len(plan.rounds), 1) + 1)
    leafs = [
        {plan.before.get(node.name, "") for node in member.nodes},
        *({plan.target_after(member.name, round=number).leaf_sha256} for number in rounds),
    ]
    fit = [number for number, served in enumerate(leafs) if seen.wire.leaf.sha256 in served]
    if not fit:
        text = f"it serves {seen.wire.leaf.sha256[:8]} ({seen.wire.leaf.subject}), which nobody planned"
        yield _finding(Standing.FOREIGN, name, text)
    elif set(fit) & set(range(said.restarted, max(said.restarted, said.swapping if plan.rounds else 0) + 1)):
        return
    elif min(fit) > said.restarted:
        text = f"it serves {seen.wire.leaf.sha256[:8]} already; the journal knows of no restart: somebody restarted it"
        yield _finding(Standing.AHEAD, name, text)
    else:
        text = f"it serves {seen.wire.leaf.sha256[:8]}, as before; the journal says it was restarted with "
        yield _finding(Standing.BEHIND, name, f"{text}{min(leafs[said.restarted])[:8]}")


def _uptime(plan: Plan, progress: Progress, snapshot: Snapshot, member: Member) -> Iterator[Finding]:
    """A restart that the journal calls done, of a process that is older than its request."""
    done = [s for s in _restarts(plan, member) if s.id in progress.done]
    if not done or member.is_pair:  # in a pair the roles have moved since, and another node may be meant
        return
    seen = snapshot.active(member)
    asked = progress.facts.get(done[-1].id, {}).get("asked_at")
    if not asked or not isinstance(seen.status, NodeStatus):
        return
    older_s = (datetime.fromisoformat(asked) - seen.status.server.started_at).total_seconds()
    if older_s > LEAD_S:
        text = f"its process started {older_s:.0f} s before the restart that the journal calls done ({asked:.19})"
        yield _finding(Standing.BEHIND, seen.node.name, text)


def _restarts(plan: Plan, member: Member) -> list[Step]:
    return [step for step in plan.steps if step.kind in LAST_RESTARTS and step.target == member.name]


def _finding(kind: Standing, where: str, problem: str) -> Finding:
    return Finding(kind, Severity.ERROR, where, problem, _REMEDY[kind])
