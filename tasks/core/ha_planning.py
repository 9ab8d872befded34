"""The migration of a pair's HA credentials: the documented way, or three rounds with overlapping trust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused
from tasks.core.ha_config import DEFAULT_TIMEOUT_S, HaConfig
from tasks.core.ha_rounds import OldSet, Round, confusable, overlap_holds, rounds_between, trust_each_other
from tasks.core.ha_seen import HaSeen, baseline, old_set, on_builtin, runs_with
from tasks.core.model import Member
from tasks.core.nearest import one_of
from tasks.core.plan import Counts, Plan, Step
from tasks.core.planning import target_of
from tasks.core.step_kinds import StepKind

TASK = "ha.migrate"
NOTHING = "every pair already runs with its HA credential set"
WAYS = ("auto", "documented", "overlap")
AWAY_S = 20  # of a pair's clients, while its only server restarts
STARTS_LATE_S = 60  # a standby that waits for its primary must have this long before it gives up


@dataclass(frozen=True, slots=True)
class Leg:
    """The steps of one pair, and what they put into its HA files."""

    way: str
    why: str
    kinds: tuple[tuple[StepKind, str, int], ...]  # kind, target, round
    files: Mapping[str, Mapping[str, str]]  # by step id
    notes: tuple[str, ...]


def plan_ha_migration(seen: HaSeen, sets: Mapping[str, CredentialSet], *, way: str) -> Plan:
    """Plan the change of the HA credentials of these pairs, one pair after the other.

    Args:
        seen: The checks have passed on it: every pair is formed, in sync and secured.
        sets: The new HA set of each pair, by its name.
        way: One of WAYS.

    Returns:
        The plan; without steps if every pair already runs with its set.

    Raises:
        Refused: The way asked for is not possible.

    Source:
        Eclipse Amlen, "High Availability Pairing: User Provided TLS Credentials"; AMLEN.md section 5.
    """
    if way not in WAYS:
        raise Refused(f"--way {way} is unknown", remedy=one_of(way, WAYS))
    moving = tuple(pair for pair in seen.pairs if not runs_with(seen.snapshot, pair, sets[pair.name]))
    legs = tuple(_leg(seen, pair, sets[pair.name], way=way) for pair in moving)
    counts = baseline(seen.snapshot)
    return Plan(
        cluster=seen.snapshot.cluster.key,
        cluster_name=seen.snapshot.cluster.cluster_name,
        task=TASK,
        strategy=", ".join(dict.fromkeys(leg.way for leg in legs)),
        why="; ".join(dict.fromkeys(leg.why for leg in legs)) or NOTHING,
        steps=steps_of(tuple(step for leg in legs for step in leg.kinds), expected=counts),
        targets={pair.name: target_of(sets[pair.name]) for pair in seen.pairs},
        before={node.name: _before(seen, pair) for pair in seen.pairs for node in pair.nodes},
        baseline=counts,
        pairs=tuple(pair.name for pair in seen.pairs),
        addresses={name: each.control_address for name, each in seen.snapshot.nodes.items()},
        ha_files={step: dict(files) for leg in legs for step, files in leg.files.items()},
        ha_addresses=dict(listening(seen)),
        notes=tuple(note for leg in legs for note in leg.notes),
    )


def steps_of(
    kinds: tuple[tuple[StepKind, str, int], ...], *, expected: Mapping[str, Counts]
) -> tuple[Step, ...]:
    """The steps, proven at the end; the cluster shows the same after each as before the first."""
    if not kinds:
        return ()
    wanted = (*kinds, (StepKind.HA_PROVE, "cluster", 0))
    return tuple(Step(kind=k, target=t, round=r, expected=dict(expected)) for k, t, r in wanted)


def _leg(seen: HaSeen, pair: Member, wanted: CredentialSet, *, way: str) -> Leg:
    old = old_set(seen.snapshot, pair)
    reason = _no_overlap(seen, pair, old, wanted)
    if way == "overlap" and reason:
        raise Refused(
            f"the overlapping way is not possible for {pair.name}: {reason}",
            remedy="fab ha.migrate --plan --way documented shows the other one",
        )
    if way == "documented":
        _refuse_mutual(seen, pair, old, wanted)
    if old is None or reason or way == "documented":
        why = "as asked" if way == "documented" else f"{pair.name}: {reason}"
        return _documented(seen, pair, wanted, why=f"the documented procedure; {why}")
    return _overlapping(pair, rounds_between(old, wanted))


def _refuse_mutual(seen: HaSeen, pair: Member, old: OldSet | None, wanted: CredentialSet) -> None:
    """The documented way lives on the nodes staying apart: else the sync undoes the standby's files (T7)."""
    if old is not None and trust_each_other(old, wanted, at=seen.snapshot.taken_at):
        raise Refused(
            f"the documented way is not possible for {pair.name}: the former set and the new one trust each other, "
            "the restarted standby would join its primary at once and get the former files back (T7)",
            remedy=f"fab ha.migrate {pair.name} --plan shows the overlapping one",
        )


def _no_overlap(seen: HaSeen, pair: Member, old: OldSet | None, wanted: CredentialSet) -> str:
    """Why old and new trust cannot overlap; "" if they can."""
    if any(on_builtin(seen.snapshot.nodes[node.name]) for node in pair.nodes):
        return "a node on the built-in pair trusts nothing else"
    if old is None:
        return "it is not certain that both nodes have loaded the HA files that lie there"
    at = seen.snapshot.taken_at
    if not overlap_holds(old, wanted, at=at):
        if confusable(old, wanted, at=at):
            return (
                "OpenSSL cannot tell their CA certificates apart in one file: the same subject, and no "
                "AuthorityKeyIdentifier to choose by"
            )
        return "a node with the former files and one with the next would not trust each other both ways"
    return ""


def _documented(seen: HaSeen, pair: Member, wanted: CredentialSet, *, why: str) -> Leg:
    name = pair.name
    places = [(StepKind.HA_PLACE, node.name, 0) for node in pair.nodes]
    rest = (
        StepKind.HA_SWAP_STANDBY,
        StepKind.HA_PART,
        StepKind.HA_SWAP_PRIMARY,
        StepKind.HA_REJOIN,
    )
    kinds = (*places, *((kind, name, 0) for kind in rest))
    files = {f"{kind}:{target}": wanted.sha256 for kind, target, _ in kinds}
    timeout_s = min((config.discovery_timeout_s for config in seen.configs(pair)), default=DEFAULT_TIMEOUT_S)
    notes = (
        f"{name}: while its primary restarts, clients of {name} have no server for about {AWAY_S} s; there is "
        "no standby from its restart on until the pair is in sync again",
        f"{name}: if its primary fails in between, nobody serves until --resume has brought it back with its new "
        "files: a node that looks for the other one cannot be restarted before it gives up",
        f"{name}: its standby waits for the primary at most {timeout_s} s (DiscoveryTimeout); once it has given "
        "up, --resume restarts it again",
    )
    return Leg("documented", why, kinds, files, notes)


def _overlapping(pair: Member, rounds: tuple[Round, ...]) -> Leg:
    name = pair.name
    kinds: list[tuple[StepKind, str, int]] = []
    files: dict[str, Mapping[str, str]] = {}
    for one in rounds:
        for node in pair.nodes:
            kinds.append((StepKind.HA_PLACE, node.name, one.number))
            files[f"{StepKind.HA_PLACE}:{node.name}@{one.number}"] = one.placed
        for kind in (StepKind.HA_SWAP, StepKind.HA_RESTART_STANDBY, StepKind.HA_RESTART_PRIMARY):
            kinds.append((kind, name, one.number))
            files[f"{kind}:{name}@{one.number}"] = one.live
    why = "old and new trust overlap, so that the pair is in sync before every restart"
    notes = (
        f"{name}: {len(rounds)} rounds ({'; '.join(one.what for one in rounds)}); in each the standby takes over "
        "once: clients reconnect, without a server for about 4 s, in a cluster about 17 s",
    )
    return Leg("overlap", why, tuple(kinds), files, notes)


def _before(seen: HaSeen, pair: Member) -> str:
    if any(on_builtin(seen.snapshot.nodes[node.name]) for node in pair.nodes):
        return "built-in"
    old = old_set(seen.snapshot, pair)
    return old.chain[0].sha256 if old else "unseen"


def listening(seen: HaSeen) -> Iterator[tuple[str, tuple[str, int]]]:
    """Where each node of the pairs listens for the other one."""
    for pair in seen.pairs:
        for node in pair.nodes:
            config = seen.config(node)
            address = config.local_discovery if isinstance(config, HaConfig) else ""
            yield node.name, (address or node.ha.discovery_address or node.host, node.ha.discovery_port)
