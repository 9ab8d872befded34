"""From what was seen and what is wanted to a plan: the documented procedure, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.forecast import Forecast, forecast_now
from tasks.core.islands import joining_notes
from tasks.core.model import Cluster, Member
from tasks.core.observed import standby_started_after_files
from tasks.core.observer import choose_observer
from tasks.core.plan import Counts, Edit, Plan, Step, StepKind, Target
from tasks.core.server_cfg import diff, edit, file_sha256
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire
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
    _require_available(wish.strategy)
    cluster = snapshot.cluster
    moving = tuple(m for m in cluster.members if not is_done(snapshot, m, sets[m.name]))
    names = frozenset(member.name for member in moving)
    observer = choose_observer(snapshot, asked=wish.observer, moving=names)
    now = forecast_now(snapshot, old)
    steps = _steps(_restart_order(moving, observer), place_first=wish.place_first)
    planned = _with_expectations(steps, new=sets, forecast=now)
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        strategy="prescribed",
        why=f"the documented procedure; {_cost(planned, usual=now.counts)}",
        observer=observer,
        steps=planned,
        targets={name: target_of(s) for name, s in sets.items()},
        before=served_now(snapshot),
        edits=edits_of(snapshot, moving),
        baseline=now.counts,
        pairs=pair_names(cluster),
        addresses=control_addresses(snapshot),
        notes=joining_notes(snapshot),
    )


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


def is_done(snapshot: Snapshot, member: Member, wanted: CredentialSet) -> bool:
    """Whether the member already runs with the set: files on every node, certificate on the wire.

    A standby shows no certificate: its process must have started after the primary's files came.
    """
    nodes = [snapshot.nodes[node.name] for node in member.nodes]
    if not all(files_are(seen, wanted) for seen in nodes):
        return False
    active, standby = snapshot.active(member), snapshot.standby(member)
    if not isinstance(active.wire, Wire) or not _runs_with(active.wire, wanted):
        return False
    return standby is None or standby_started_after_files(standby, active)


def _runs_with(wire: Wire, wanted: CredentialSet) -> bool:
    """The wire names whom the process accepts: a CA file changed since its start is not loaded."""
    same_ca = set(wire.client_cas) == {certificate.subject for certificate in wanted.ca}
    return wire.leaf.sha256 == wanted.leaf.sha256 and same_ca


def files_are(seen: NodeSnapshot, wanted: CredentialSet) -> bool:
    """Whether the set's files lie where the server is to read them, and it can."""
    files = seen.files
    if isinstance(files, Unseen) or _edit(seen, files) is not None:
        return False
    states = files.files
    return all(states[name].sha256 == sha and states[name].readable for name, sha in wanted.sha256.items())


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


def _cost(steps: tuple[Step, ...], *, usual: Mapping[str, Counts]) -> str:
    if all(step.expected == usual for step in steps):
        return "old and new trust overlap, so that no settled member is apart from another"
    return "members with old and with new trust are apart until the last restart"


def _with_expectations(
    steps: tuple[tuple[StepKind, str], ...], *, new: Mapping[str, CredentialSet], forecast: Forecast
) -> tuple[Step, ...]:
    planned = []
    for kind, target in steps:
        if kind is StepKind.RESTART:
            wanted = new[target]
            forecast = forecast.after_restart(target, Loaded(chain=wanted.chain, trusted=wanted.ca))
        planned.append(Step(kind=kind, target=target, expected=forecast.counts))
    return tuple(planned)


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


def edits_of(snapshot: Snapshot, moving: tuple[Member, ...]) -> dict[str, Edit]:
    """Per node of these members, the change of server.cfg that the inventory's paths ask for."""
    found = {}
    for member in moving:
        for node in member.nodes:
            seen = snapshot.nodes[node.name]
            if isinstance(seen.files, NodeFiles) and (change := _edit(seen, seen.files)) is not None:
                found[node.name] = change
    return found


def _edit(seen: NodeSnapshot, files: NodeFiles) -> Edit | None:
    paths = seen.node.paths
    keystore = str(paths.keystore) if paths.keystore not in (None, files.keystore) else None
    truststore = str(paths.truststore) if paths.truststore not in (None, files.truststore) else None
    if keystore is None and truststore is None:
        return None
    text = files.cfg.text
    changed = edit(text, keystore=keystore, truststore=truststore)
    return Edit(
        path=str(files.cfg_path),
        keystore=keystore,
        truststore=truststore,
        old_sha256=file_sha256(text),
        new_sha256=file_sha256(changed),
        diff=diff(text, changed),
        carried=files.others if keystore is not None else (),
    )
