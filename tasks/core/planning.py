"""From what was seen and what is wanted to a plan: its strategy, its rounds, its steps."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.certificates import Certificate
from tasks.core.course import Course, Wish, course_of
from tasks.core.course_start import Return
from tasks.core.file_names import ABSENT, CA_FILE
from tasks.core.islands import joining_notes
from tasks.core.model import Cluster
from tasks.core.plan import Plan, PlanRound, Target, TrustStage
from tasks.core.rounds import Running, Way
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.stages import compact
from tasks.core.status import NodeStatus
from tasks.core.strategy_text import strategy_text, way_notes
from tasks.core.trust import Loaded
from tasks.core.wanted_set import WantedSet


def plan_migration(
    snapshot: Snapshot,
    sets: Mapping[str, WantedSet],
    *,
    old: Mapping[str, Loaded],
    wish: Wish,
    back: Return | None = None,
) -> Plan:
    """Plan the rolling migration from what the members run with to `sets`.

    Args:
        snapshot: Every node seen; the checks have passed on it.
        sets: The new credential set of each member, by member name.
        old: What each member's running process has loaded, by member name.
        wish: Observer and strategy asked for.
        back: Where the sets are those of before a run: what is different then.

    Returns:
        The plan; without steps if every member already runs with its set.

    Raises:
        Refused: The strategy asked for is not possible here.
        UsageError: There is no such strategy.

    Source:
        Eclipse Amlen, "Clustering: User Provided TLS Credentials", migration procedure; AMLEN.md section 5.
    """
    course = course_of(snapshot, sets, old=old, wish=wish, back=back)
    cluster, way = snapshot.cluster, course.way
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        strategy=way.strategy,
        why=_why(course),
        observer=course.observer,
        steps=course.steps,
        targets={name: target_of(s) for name, s in sets.items()},
        before=served_now(snapshot),
        edits=dict(course.edits),
        edit_rounds=dict(course.edit_rounds),
        baseline=course.now.counts,
        pairs=pair_names(cluster),
        addresses=control_addresses(snapshot),
        notes=(*joining_notes(snapshot), *way_notes(way, at=snapshot.taken_at)),
        trust=_trust(cluster, course),
        rounds=_rounds(way),
        bundles=_bundles(way),
        options=wish.options,
        choices=course.choices,
        files_before=files_now(snapshot),
        builtins={leaf.sha256: leaf.pem().decode() for leaf in builtins_served(old)},
    )


def _trust(cluster: Cluster, course: Course) -> tuple[TrustStage, ...]:
    members = [member.name for member in cluster.members]
    return tuple(compact(stage, members) for stage in course.stages) if course.steps else ()


def _rounds(way: Way) -> tuple[PlanRound, ...]:
    if len(way.rounds) < 2:
        return ()
    return tuple(
        PlanRound(
            what=one.what,
            targets={name: target_serving(due.loaded.leaf, due.files) for name, due in one.after.items()},
            accepts={name: _accepted(due) for name, due in one.after.items()},
            moving=tuple(name for name in one.after if name in one.moving),
        )
        for one in way.rounds
    )


def _accepted(due: Running) -> tuple[str, ...]:
    """On the built-in pair a process names nobody."""
    names = () if due.loaded.on_builtin else (certificate.subject for certificate in due.loaded.trusted)
    return tuple(dict.fromkeys(names))


def _bundles(way: Way) -> dict[str, str]:
    """Those that come to lie on a node."""
    placed = {due.files.get(CA_FILE) for one in way.rounds for due in one.after.values()}
    return {sha: content.decode() for sha, content in way.bundles.items() if sha in placed}


def _why(course: Course) -> str:
    apart = any(step.expected != course.now.counts for step in course.steps)
    return strategy_text(course.way, apart=apart)


def served_now(snapshot: Snapshot) -> dict[str, str]:
    """Plan.before."""
    return {node.name: served_by(snapshot.nodes[node.name]) for node in snapshot.cluster.nodes}


def pair_names(cluster: Cluster) -> tuple[str, ...]:
    """Plan.pairs."""
    return tuple(member.name for member in cluster.members if member.is_pair)


def control_addresses(snapshot: Snapshot) -> dict[str, tuple[str, int]]:
    """Plan.addresses."""
    return {name: seen.control_address for name, seen in snapshot.nodes.items()}


def files_now(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """Plan.files_before."""
    return {
        name: {file: state.sha256 or ABSENT for file, state in seen.files.files.items()}
        for name, seen in snapshot.nodes.items()
        if isinstance(seen.files, NodeFiles)
    }


def builtins_served(old: Mapping[str, Loaded]) -> tuple[Certificate, ...]:
    """The built-in certificates that members serve, each once."""
    return tuple(dict.fromkeys(loaded.leaf for loaded in old.values() if loaded.on_builtin))


def target_of(wanted: WantedSet) -> Target:
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
