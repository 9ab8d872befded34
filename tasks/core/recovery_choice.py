"""Which credential files a dead node is given back, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tasks.core.certificates import CertificateFault, parse_pem_chain
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, CLUSTER, KEY_FILE
from tasks.core.former import Kept
from tasks.core.observed import loaded_now
from tasks.core.open_run import OpenRun
from tasks.core.pending import chain_on_disk, has_own_pair
from tasks.core.plan import Counts
from tasks.core.recovery import Sight, faults_of, last_swap
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.core.step_kinds import StepKind
from tasks.core.trust import can_connect

NAMES = (CA_FILE, CERT_FILE, KEY_FILE)


@dataclass(frozen=True, slots=True)
class Goal:
    """The files that the node is to start with.

    Args:
        files: SHA-256 by name, or ABSENT.
        leaf_sha256: What it must serve then; "" for the built-in pair of its build.
        source: Where they come from, in the operator's words.
        placed: Whether they have to be put there; else they lie there already.
        step: Of the open run, after which it is to be seen as the plan says; "" for none.
    """

    files: Mapping[str, str]
    leaf_sha256: str
    source: str
    placed: bool = True
    step: str = ""


def choose_files(
    sight: Sight, snapshot: Snapshot, *, wanted: CredentialSet | None, kept: Kept | None
) -> Goal:
    """The files to start with: those of the open run, else those of before it, else the set at hand.

    Args:
        wanted: The member's set in the credential folder, if it is judged good.
        kept: What the open run's backup on the node holds.

    Raises:
        Refused: There are none that a server would start with.
    """
    files = sight.seen.files
    if not isinstance(files, NodeFiles):
        raise _refused(sight, f"its files cannot be seen: {files.problem}", files.remedy)
    _refuse_list(sight)
    if not any(faults_of(sight)):
        return _as_they_lie(files)
    now = {name: files.files[name].sha256 or ABSENT for name in NAMES}
    found = [one for one in _of_run(sight, wanted=wanted, kept=kept) if dict(one.files) != now]
    if found:
        return found[0]
    if kept is None and wanted is not None and dict(wanted.sha256) != now:
        return _of_folder(sight, snapshot, wanted)
    raise _refused(
        sight,
        "no files are at hand that it would start with: what lies there is bad, and neither a run's set, nor "
        "its backup, nor the credential folder holds others",
        f"put a key, a certificate and a CA file that belong together into the credential folder "
        f"(fab credentials.create makes a set), then: fab recover {sight.node.name}",
    )


def _refused(sight: Sight, problem: str, remedy: str) -> Refused:
    return Refused(f"{problem}; nothing was touched", node=sight.node.name, remedy=remedy)


def _refuse_list(sight: Sight) -> None:
    """A revocation list that cannot be loaded is not one of the three files."""
    for problem in faults_of(sight):
        if problem.startswith(CLUSTER.crl):
            raise _refused(
                sight,
                problem,
                f"on {sight.node.name}: mv the list away from {CLUSTER.crl} of the truststore, then: "
                f"fab recover {sight.node.name}",
            )


def _as_they_lie(files: NodeFiles) -> Goal:
    """Put right by somebody since the process started."""
    chain = chain_on_disk(files) if has_own_pair(files) else ()
    return Goal(
        {name: files.files[name].sha256 or ABSENT for name in NAMES},
        chain[0].sha256 if chain else "",
        "the files that lie there now: a start would work with them",
        placed=False,
    )


def _of_run(sight: Sight, *, wanted: CredentialSet | None, kept: Kept | None) -> tuple[Goal, ...]:
    """What the open run had swapped in, where all of it is at hand; then what was there before."""
    run = sight.run
    if run is None:
        return ()
    found = []
    last = last_swap(run, sight.node.member, among=run.progress.touched)
    if last is not None:
        target = run.plan.target_after(sight.node.member, round=last)
        if all(_at_hand(run, name, sha, wanted=wanted, kept=kept) for name, sha in target.files.items()):
            step = _restart_after(run, sight.node.member, round=last)
            found.append(Goal(target.files, target.leaf_sha256, f"what run {run.id} swapped in", step=step))
    if kept is not None:
        found.append(Goal(kept.files, _leaf(kept), f"what was there before run {run.id}, from its backup"))
    return tuple(found)


def _at_hand(run: OpenRun, name: str, sha: str, *, wanted: CredentialSet | None, kept: Kept | None) -> bool:
    new = wanted is not None and wanted.sha256.get(name) == sha
    return (
        new or sha == ABSENT or sha in run.plan.bundles or (kept is not None and kept.files.get(name) == sha)
    )


def _restart_after(run: OpenRun, member: str, *, round: int) -> str:
    """The step that loads what was swapped in: after it the plan says what is to be seen."""
    kinds = (StepKind.RESTART, StepKind.RESTART_PAIR)
    found = (s.id for s in run.plan.steps if s.target == member and s.round == round and s.kind in kinds)
    return next(found, "")


def _leaf(kept: Kept) -> str:
    """What a start with the former files serves; "" without a pair."""
    if not kept.has_pair:
        return ""
    try:
        return parse_pem_chain(kept.cert_pem)[0].sha256
    except CertificateFault:
        return ""


def _of_folder(sight: Sight, snapshot: Snapshot, wanted: CredentialSet) -> Goal:
    """The set that a migration would bring, unless the others would not connect with it.

    Raises:
        Refused: They would not.
    """
    running = loaded_now(snapshot)
    others = {name: loaded for name, loaded in running.items() if name != sight.node.member}
    files = sight.seen.files
    offset_s = files.clock_offset_s if isinstance(files, NodeFiles) else 0.0
    at = snapshot.taken_at + timedelta(seconds=offset_s)
    if others and not any(can_connect(wanted.loaded, other, at=at) for other in others.values()):
        raise _refused(
            sight,
            f"the set in the credential folder ({wanted.leaf.sha256[:8]}) would connect it with none of "
            f"{', '.join(others)}",
            f"put the set into the folder that the others run with, then: fab recover {sight.node.name}",
        )
    return Goal(wanted.sha256, wanted.leaf.sha256, f"the {wanted.label} set of the credential folder")


def expected_after(run: OpenRun, goal: Goal) -> Mapping[str, Counts]:
    """The counts of every member that the plan has for this point: those of before it, or after a step."""
    done = [step for step in run.plan.steps if step.id in run.progress.done]
    loads = next((s for s in run.plan.steps if s.id == goal.step and s.id not in run.progress.done), None)
    due = loads or (done[-1] if done else None)
    return run.plan.baseline if due is None else due.expected
