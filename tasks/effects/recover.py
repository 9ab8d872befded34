"""`fab recover NODE`: look, say what is wrong, say what would be done, ask, do it, prove it."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused
from tasks.core.pending import chain_on_disk, has_own_pair
from tasks.core.recovery import diagnose
from tasks.core.recovery_choice import Goal, choose_files
from tasks.core.recovery_keystore import choose_keystore, places_to_look
from tasks.core.recovery_kinds import (
    Dead,
    Diagnosis,
    Down,
    LostBySync,
    NoAdminFiles,
    NoStore,
    Other,
    SetAside,
    Sound,
)
from tasks.core.recovery_text import (
    ending_step,
    files_step,
    half_up_step,
    keystore_step,
    maintenance_step,
    numbered,
    proof_words,
    sentence,
    sight_table,
    starting_steps,
    store_step,
    sync_steps,
)
from tasks.core.results import Done, Ending
from tasks.core.snapshot import NodeFiles
from tasks.effects.consent import Asking
from tasks.effects.console import say, show_table
from tasks.effects.credential_files import load_sets
from tasks.effects.file_access import shown
from tasks.effects.recover_files import kept_in
from tasks.effects.recover_lock import Hold, holding
from tasks.effects.recover_look import Scene, kept_before, look, look_for_admin_files, node_named, task_of
from tasks.effects.recover_process import patience_s
from tasks.effects.recover_repair import (
    bring_back,
    heal_store,
    lead_to_admin_files,
    leave_maintenance,
    revive,
    swap_in_again,
)
from tasks.effects.recover_telling import told
from tasks.effects.recover_waits import Recovery
from tasks.effects.reporters import JSON, PLAIN, refuse_unknown, reporting
from tasks.effects.site import Site
from tasks.effects.stop import StopOnSignal


@dataclass(frozen=True, slots=True)
class Repair:
    """What would be done, in words, and the doing; `carry_out` gives back what was seen."""

    steps: tuple[str, ...]
    carry_out: Callable[[Recovery, Hold], str]


def recover(
    site: Site, name: str, *, yes: bool, plan_only: bool, progress: str = PLAIN, asks: bool = True
) -> Done:
    """Look at the node; mend it where it is one of the four things that can be mended, after asking.

    Args:
        progress: How what happens is told: PLAIN or JSON; there is no live view of it.
        asks: Whether there is somebody who can be asked.

    Raises:
        Refused: It is something else, or there is nothing to mend it with; nothing was touched.
        GateTimeout: It did not become what it must be.
    """
    refuse_unknown(progress, kinds=(PLAIN, JSON))
    scene = look(site, node_named(site, name))
    diagnosis = diagnose(scene.sight)
    show_table(sight_table(scene.sight, at=f"{scene.snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC"))
    if not isinstance(diagnosis, Other):
        say()
        say(sentence(diagnosis))
    repair = _repair(site, scene, diagnosis)
    if repair is None:
        return _done(site, scene, Ending.NOTHING, sentence(diagnosis))
    say("what would be done:")
    for line in numbered(repair.steps):
        say(line)
    if plan_only:
        return _done(site, scene, Ending.PLANNED, sentence(diagnosis))
    if not yes:
        _ask(name, asks=asks)
    return _done(site, scene, Ending.COMPLETE, _carry_out(site, scene, repair, progress))


def _done(site: Site, scene: Scene, outcome: Ending, verdict: str) -> Done:
    return Done(outcome=outcome, cluster=site.cluster.key, node=scene.sight.node.name, verdict=verdict)


def _carry_out(site: Site, scene: Scene, repair: Repair, progress: str) -> str:
    """Returns what was seen at the end."""
    name = scene.sight.node.name
    with (
        reporting(site, progress) as report,
        StopOnSignal(announce=lambda text: report.note("", text)) as stop,
    ):
        recovery = Recovery(site, scene, report, stop)
        with (
            holding(site, scene) as hold,
            told(report, site, run=hold.run, again=f"fab {task_of(name)}"),
        ):
            hold.seen = repair.carry_out(recovery, hold)
    say(f"{name} is recovered: {hold.seen} -> {recovery.then}")
    return hold.seen


def _ask(name: str, *, asks: bool) -> None:
    asking = Asking("Do this now? Type yes to go on: ", "yes", possible=asks)
    asking.refuse_unanswered(this="it", remedy=f"fab recover {name} --yes")
    if not asking.agreed:
        raise Refused("not confirmed; nothing was touched", remedy=f"fab recover {name} shows it again")


def _repair(site: Site, scene: Scene, diagnosis: Diagnosis) -> Repair | None:
    """None where nothing is wrong.

    Raises:
        Refused: Nothing that is known here mends it.
    """
    node = scene.sight.node
    match diagnosis:
        case Sound():
            return None
        case Other(problem, remedy):
            raise Refused(f"{problem}; nothing was touched", node=node.name, remedy=remedy)
        case Dead():
            return _of_dead(site, scene, diagnosis)
        case Down():
            return _of_down(site, scene)
        case NoAdminFiles():
            return _of_admin_files(site, scene, diagnosis)
        case NoStore():
            return Repair((store_step(node),), lambda of, hold: heal_store(of))
        case SetAside():
            return Repair((maintenance_step(node),), lambda of, hold: leave_maintenance(of))
        case LostBySync():
            return _of_lost(site, scene, diagnosis)
        case _:
            assert_never(diagnosis)


def _set_of(site: Site, scene: Scene) -> CredentialSet | None:
    """The member's set in the credential folder; None where there is none that a server would start with."""
    members = tuple(member.name for member in site.cluster.members)
    sets, _ = load_sets(site.cluster.credentials, members, scene.snapshot.taken_at)
    return sets.get(scene.sight.node.member)


def _of_dead(site: Site, scene: Scene, dead: Dead) -> Repair:
    node, wanted = scene.sight.node, _set_of(site, scene)
    goal = choose_files(scene.sight, scene.snapshot, wanted=wanted, kept=kept_before(site, scene))
    steps = (
        files_step(goal, kept_in=shown(node, kept_in(scene))),
        ending_step(dead.process, patience_s=patience_s(site.remote(node))),
        *_starting(scene, goal),
    )
    return Repair(steps, lambda of, hold: revive(of, hold, dead.process, goal, wanted))


def _of_down(site: Site, scene: Scene) -> Repair:
    """The files were put right before its process was ended: with others it is not started."""
    goal = choose_files(scene.sight, scene.snapshot, wanted=None, kept=None)
    return Repair(_starting(scene, goal), lambda of, hold: bring_back(of, hold, goal))


def _starting(scene: Scene, goal: Goal) -> tuple[str, str]:
    node = scene.sight.node
    return starting_steps(node, command=scene.sight.start, proof=proof_words(goal, scene.sight.run))


def _of_admin_files(site: Site, scene: Scene, lacking: NoAdminFiles) -> Repair:
    sight, remote = scene.sight, site.remote(scene.sight.node)
    kept = kept_before(site, scene)
    looked = look_for_admin_files(remote, places_to_look(sight, kept.cfg if kept else b""))
    goal = choose_keystore(sight, looked)
    files = sight.seen.files
    chain = chain_on_disk(files) if isinstance(files, NodeFiles) and has_own_pair(files) else ()
    steps = (
        keystore_step(goal, kept_in=shown(sight.node, kept_in(scene))),
        half_up_step(lacking.process),
        *_starting(scene, Goal({}, chain[0].sha256 if chain else "", "")),
    )
    return Repair(steps, lambda of, hold: lead_to_admin_files(of, hold, lacking.process, goal))


def _of_lost(site: Site, scene: Scene, lost: LostBySync) -> Repair:
    wanted, run = _set_of(site, scene), scene.sight.run
    if wanted is None and (run is None or not run.plan.undoes):
        raise Refused(
            f"the credential folder holds no good set of {lost.member} any more; nothing was touched",
            node=lost.standby,
            remedy=f"put the set back that the run began with, then: fab recover {lost.standby}",
        )
    return Repair(sync_steps(lost), lambda of, hold: swap_in_again(of, lost, wanted))
