"""From what was seen and what is wanted to a plan: the documented procedure, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet
from tasks.core.done import edits_of, is_done
from tasks.core.errors import Refused
from tasks.core.forecast import Forecast, forecast_now
from tasks.core.islands import joining_notes
from tasks.core.model import Cluster, Member
from tasks.core.observed import runs_with
from tasks.core.observer import choose_observer
from tasks.core.plan import Plan, Step, StepKind, Target, TrustStage
from tasks.core.snapshot import NodeSnapshot, Snapshot, Wire
from tasks.core.stages import Stage, compact, stages_of
from tasks.core.status import NodeStatus
from tasks.core.trust import Loaded


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked for on the command line."""

    strategy: str = "auto"
    observer: str | None = None
    place_first: bool = False


def plan_migration(
    snapshot: Snapshot,
    sets: Mapping[str, CredentialSet],
    *,
    old: Mapping[str, Loaded],
    wish: Wish,
) -> Plan:
    """Plan the rolling migration from what the members run with to `sets`.

    Args:
        snapshot: Every node seen; the checks have passed on it.
        sets: The new credential set of each member, by member name.
        old: What each member's running process has loaded, by member name.
        wish: Observer and strategy asked for.

    Returns:
        The plan; without steps if every member already runs with its set.

    Raises:
        Refused: The strategy asked for is not possible here.

    Source:
        Eclipse Amlen, "Clustering: User Provided TLS Credentials", migration procedure.
    """
    course = course_of(snapshot, sets, old=old, wish=wish)
    cluster = snapshot.cluster
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        strategy="prescribed",
        why=f"the documented procedure; {_cost(course)}",
        observer=course.observer,
        steps=course.steps,
        targets={name: target_of(s) for name, s in sets.items()},
        before=served_now(snapshot),
        edits=edits_of(snapshot, course.moving),
        baseline=course.now.counts,
        pairs=pair_names(cluster),
        addresses=control_addresses(snapshot),
        notes=joining_notes(snapshot),
        trust=_trust(cluster, course),
    )


@dataclass(frozen=True, slots=True)
class Course:
    """A migration, step by step: what is done, and who can connect to whom after it.

    Args:
        moving: The members that do not run with their set yet.
        stages: Now, and after each step that changes it.
    """

    moving: tuple[Member, ...]
    observer: str
    now: Forecast
    steps: tuple[Step, ...]
    stages: tuple[Stage, ...]


def course_of(
    snapshot: Snapshot,
    sets: Mapping[str, CredentialSet],
    *,
    old: Mapping[str, Loaded],
    wish: Wish,
) -> Course:
    """Arguments and refusals as `plan_migration`."""
    _require_available(wish.strategy)
    cluster = snapshot.cluster
    moving = tuple(m for m in cluster.members if not is_done(snapshot, m, sets[m.name]))
    names = frozenset(member.name for member in moving)
    observer = choose_observer(snapshot, asked=wish.observer, moving=names)
    now = forecast_now(snapshot, old)
    wanted = _steps(_restart_order(moving, observer), place_first=wish.place_first)
    new = {name: runs_with(snapshot.active(cluster.member(name)), one.loaded) for name, one in sets.items()}
    forecasts = _forecasts(wanted, new=new, forecast=now)
    steps = tuple(
        Step(kind=kind, target=target, expected=after.counts)
        for (kind, target), after in zip(wanted, forecasts, strict=True)
    )
    later = zip((step.id for step in steps), forecasts, strict=True)
    return Course(moving, observer, now, steps, stages_of(now, later))


def _trust(cluster: Cluster, course: Course) -> tuple[TrustStage, ...]:
    members = [member.name for member in cluster.members]
    return tuple(compact(stage, members) for stage in course.stages) if course.steps else ()


def _require_available(strategy: str) -> None:
    if strategy not in ("auto", "prescribed"):
        raise Refused(
            f"strategy {strategy} is not available; this version has: prescribed",
            remedy="fab plan --strategy prescribed",
        )


def served_now(snapshot: Snapshot) -> dict[str, str]:
    """Plan.before."""
    return {node.name: served_by(snapshot.nodes[node.name]) for node in snapshot.cluster.nodes}


def pair_names(cluster: Cluster) -> tuple[str, ...]:
    """Plan.pairs."""
    return tuple(member.name for member in cluster.members if member.is_pair)


def control_addresses(snapshot: Snapshot) -> dict[str, tuple[str, int]]:
    """Plan.addresses."""
    return {name: seen.control_address for name, seen in snapshot.nodes.items()}


def _restart_order(moving: tuple[Member, ...], observer: str) -> tuple[Member, ...]:
    return tuple(sorted(moving, key=lambda member: member.name == observer))


def _steps(order: tuple[Member, ...], *, place_first: bool) -> tuple[tuple[StepKind, str], ...]:
    """(kind, target) in the documented order; (1) to (6) are the documentation's numbers."""
    place = [(StepKind.PLACE, node.name) for member in order for node in member.nodes]  # (1)
    standbys, rest = [], []
    for member in order:
        if member.is_pair:  # (2)
            standbys += [(StepKind.SWAP, member.name), (StepKind.RESTART_STANDBY, member.name)]
        else:
            rest.append((StepKind.SWAP, member.name))
        rest.append((StepKind.RESTART, member.name))  # (4), and (5) for the observer, sorted last
    steps = [*place, *standbys, *rest]
    if place_first:
        steps.sort(key=lambda step: (step[0] is not StepKind.PLACE, step[0] is not StepKind.SWAP))
    return (*steps, (StepKind.PROVE, "cluster")) if steps else ()  # (6)


def _cost(course: Course) -> str:
    if all(step.expected == course.now.counts for step in course.steps):
        return "old and new trust overlap, so that no settled member is apart from another"
    return "members with old and with new trust are apart until the last restart"


def _forecasts(
    steps: tuple[tuple[StepKind, str], ...], *, new: Mapping[str, Loaded], forecast: Forecast
) -> tuple[Forecast, ...]:
    """How it stands after each step."""
    found = []
    for kind, target in steps:
        if kind is StepKind.RESTART:
            forecast = forecast.after_restart(target, new[target])
        found.append(forecast)
    return tuple(found)


def target_of(wanted: CredentialSet) -> Target:
    """What a member that runs with the set shows."""
    return target_serving(wanted.leaf, wanted.sha256)


def target_serving(leaf: Certificate, files: Mapping[str, str]) -> Target:
    """What a member shows that serves this certificate, from these files (SHA-256 by name)."""
    return Target(
        files=dict(files),
        leaf_sha256=leaf.sha256,
        leaf_subject=leaf.subject,
        not_after=leaf.not_after.isoformat(),
    )


def served_by(seen: NodeSnapshot) -> str:
    """SHA-256 of the certificate on its control port, or why there is none."""
    if isinstance(seen.status, NodeStatus) and seen.status.is_standby:
        return "standby"
    return seen.wire.leaf.sha256 if isinstance(seen.wire, Wire) else "unseen"
