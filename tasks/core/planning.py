"""From what was seen and what is wanted to a plan: the documented procedure, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.links import links_now, remotes_of
from tasks.core.model import Member
from tasks.core.observed import standby_started_after_files
from tasks.core.observer import choose_observer
from tasks.core.plan import Counts, Edit, Plan, Step, StepKind, Target
from tasks.core.server_cfg import diff, edit, file_sha256
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire
from tasks.core.status import NodeStatus
from tasks.core.trust import Links, Loaded, connected_members


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
    if wish.strategy not in ("auto", "prescribed"):
        raise Refused(
            f"strategy {wish.strategy} is not available; this version has: prescribed",
            remedy="fab plan --strategy prescribed",
        )
    cluster = snapshot.cluster
    moving = tuple(m for m in cluster.members if not is_done(snapshot, m, sets[m.name]))
    names = frozenset(member.name for member in moving)
    observer = choose_observer(snapshot, asked=wish.observer, moving=names)
    order = _restart_order(moving, observer)
    gone = gone_counts(snapshot)
    forecast = _Forecast(links=links_now(snapshot), gone=gone, at=snapshot.taken_at)
    counts_now = forecast.counts(old, untouched=frozenset(old))
    new = {name: Loaded(chain=s.chain, trusted=s.ca) for name, s in sets.items()}
    steps = _steps(order, place_first=wish.place_first)
    planned = _with_expectations(steps, old=old, new=new, forecast=forecast)
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        strategy="prescribed",
        why=f"the documented procedure; {_cost(planned, usual=counts_now)}",
        observer=observer,
        steps=planned,
        targets={name: _target(s) for name, s in sets.items()},
        before={node.name: _served(snapshot.nodes[node.name]) for node in cluster.nodes},
        edits=_edits(snapshot, moving),
        baseline=counts_now,
        pairs=tuple(m.name for m in cluster.members if m.is_pair),
        addresses={name: seen.control_address for name, seen in snapshot.nodes.items()},
    )


def is_done(snapshot: Snapshot, member: Member, wanted: CredentialSet) -> bool:
    """Whether the member already runs with the set: files on every node, certificate on the wire.

    A standby shows no certificate: its process must have started after the primary's files came.
    """
    nodes = [snapshot.nodes[node.name] for node in member.nodes]
    if not all(_files_are(seen, wanted) for seen in nodes):
        return False
    active, standby = snapshot.active(member), snapshot.standby(member)
    if not isinstance(active.wire, Wire) or not _runs_with(active.wire, wanted):
        return False
    return standby is None or standby_started_after_files(standby, active)


def _runs_with(wire: Wire, wanted: CredentialSet) -> bool:
    """The wire names whom the process accepts: a CA file changed since its start is not loaded."""
    same_ca = set(wire.client_cas) == {certificate.subject for certificate in wanted.ca}
    return wire.leaf.sha256 == wanted.leaf.sha256 and same_ca


def _files_are(seen: NodeSnapshot, wanted: CredentialSet) -> bool:
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
    steps: tuple[tuple[StepKind, str], ...],
    *,
    old: Mapping[str, Loaded],
    new: Mapping[str, Loaded],
    forecast: _Forecast,
) -> tuple[Step, ...]:
    loaded = dict(old)
    untouched = set(old)
    expected = forecast.counts(loaded, untouched=frozenset(untouched))
    planned = []
    for kind, target in steps:
        if kind is StepKind.RESTART:
            loaded[target] = new[target]
            untouched.discard(target)
            expected = forecast.counts(loaded, untouched=frozenset(untouched))
        planned.append(Step(kind=kind, target=target, expected=expected))
    return tuple(planned)


@dataclass(frozen=True, slots=True)
class _Forecast:
    """What every settled member must show, from who trusts whom.

    Members that are still untouched by the run are connected as they were seen to be at its start,
    however they came to trust each other. Members gone for good stay in the disconnected.
    """

    links: Links
    gone: Mapping[str, int]
    at: datetime

    def counts(self, loaded: Mapping[str, Loaded], *, untouched: frozenset[str]) -> dict[str, Counts]:
        peers = connected_members(loaded, observed=untouched, links=self.links, at=self.at)
        others = len(loaded) - 1
        return {
            name: Counts(
                connected=len(peers[name]), disconnected=others - len(peers[name]) + self.gone.get(name, 0)
            )
            for name in loaded
        }


def gone_counts(snapshot: Snapshot) -> dict[str, int]:
    """Per member, how many retired ServerUIDs it still counts as disconnected."""
    retired = snapshot.cluster.retired
    return {
        member.name: sum(1 for remote in remotes_of(snapshot.active(member)) if remote.uid in retired)
        for member in snapshot.cluster.members
    }


def _target(wanted: CredentialSet) -> Target:
    leaf = wanted.chain[0]
    return Target(
        files=dict(wanted.sha256),
        leaf_sha256=leaf.sha256,
        leaf_subject=leaf.subject,
        not_after=leaf.not_after.isoformat(),
    )


def _served(seen: NodeSnapshot) -> str:
    if isinstance(seen.status, NodeStatus) and seen.status.is_standby:
        return "standby"
    return seen.wire.leaf.sha256 if isinstance(seen.wire, Wire) else "unseen"


def _edits(snapshot: Snapshot, moving: tuple[Member, ...]) -> dict[str, Edit]:
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
