"""A plan of restarts that place nothing: what every member must show after each, from what a start loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused
from tasks.core.forecast import forecast_now
from tasks.core.model import Member
from tasks.core.observed import loaded_now
from tasks.core.pending import new_lists, pending, rewritten, will_load
from tasks.core.plan import Configuration, Counts, Plan, Step, Target
from tasks.core.planning import control_addresses, pair_names, served_now, target_serving
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.core.step_kinds import StepKind
from tasks.core.trust import Loaded

Wanted = tuple[StepKind, str]  # what is to be done, and to whom


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the restarts are for.

    Args:
        task: What the operator types.
        why: In one sentence.
        notes: What the operator must know before saying yes.
        posts: By the id of a CONFIGURE step.
        pinned: By the id of a restart in a pair, the node that it must be; else roles decide.
        observer: The member restarted last, where one is chosen.
    """

    task: str
    why: str
    notes: tuple[str, ...] = ()
    posts: Mapping[str, Configuration] = field(default_factory=dict)
    pinned: Mapping[str, str] = field(default_factory=dict)
    observer: str = ""


def rolling_plan(snapshot: Snapshot, wanted: tuple[Wanted, ...], purpose: Purpose) -> Plan:
    """The steps, each with the counts after it.

    Members whose disk holds what they run with stay connected as they were seen to be; of the others
    the certificates decide, from their restart on.

    Raises:
        Refused: A member's certificate could not be seen: nothing could be proven afterwards.
    """
    cluster = snapshot.cluster
    old = _all_loaded(snapshot)
    expected = _expectations(snapshot, wanted, old)
    restarted = {target for kind, target in wanted if kind is StepKind.RESTART}
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        task=purpose.task,
        why=purpose.why,
        observer=purpose.observer,
        steps=tuple(
            Step(kind=kind, target=target, expected=counts)
            for (kind, target), counts in zip(wanted, expected[1:], strict=True)
        ),
        targets={m.name: _target(snapshot, m, old, restarted) for m in cluster.members},
        before=served_now(snapshot),
        baseline=expected[0],
        pairs=pair_names(cluster),
        addresses=control_addresses(snapshot),
        posts=dict(purpose.posts),
        pinned=dict(purpose.pinned),
        notes=(*_load_notes(snapshot, restarted), *purpose.notes),
    )


def _all_loaded(snapshot: Snapshot) -> Mapping[str, Loaded]:
    loaded = loaded_now(snapshot)
    unseen = [member.name for member in snapshot.cluster.members if member.name not in loaded]
    if unseen:
        text = f"the certificate of {', '.join(unseen)} cannot be seen: no restart could be proven"
        raise Refused(text, remedy="fab check names why; mend it first")
    return loaded


def _expectations(
    snapshot: Snapshot, wanted: tuple[Wanted, ...], old: Mapping[str, Loaded]
) -> list[dict[str, Counts]]:
    """Before the first step, and after each."""
    forecast = forecast_now(snapshot, old)
    found = [forecast.counts]
    for kind, target in wanted:
        member = snapshot.cluster.member(target) if kind is StepKind.RESTART else None
        if member is not None and pending(snapshot, member):
            loads = will_load(snapshot, member) or forecast.loaded[target]
            forecast = forecast.after_restart(target, loads)
        found.append(forecast.counts)
    return found


def _target(snapshot: Snapshot, member: Member, old: Mapping[str, Loaded], restarted: set[str]) -> Target:
    """What it serves at the end, and the files from which; of a pair the primary's."""
    after = will_load(snapshot, member) if member.name in restarted else None
    leaf = (after or old[member.name]).leaf
    files = snapshot.active(member).files
    states = files.files if isinstance(files, NodeFiles) else {}
    return target_serving(leaf, {n: state.sha256 for n, state in states.items() if state.sha256 is not None})


def _load_notes(snapshot: Snapshot, restarted: set[str]) -> tuple[str, ...]:
    notes = []
    for member in snapshot.cluster.members:
        if member.name not in restarted:
            continue
        notes += [f"{member.name}: {text}" for text in pending(snapshot, member)]
        if text := rewritten(snapshot, member):
            notes.append(text)
        notes += new_lists(snapshot, member)
    return tuple(notes)
