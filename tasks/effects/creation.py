"""Make the credential sets of a cluster on this machine, and say what was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import UsageError
from tasks.core.file_names import HA
from tasks.core.issuing import Subject, ca_with_leafs, shared_self_signed
from tasks.core.model import Cluster
from tasks.core.render import TextTable
from tasks.effects.credential_writing import write_member_sets, write_own_ca, write_shared_set

KINDS = ("shared", "ca")
USES = ("cluster", "ha")
MOST_DAYS = 36500
MOST_NAME_BYTES = 64  # of a common name or an organization: RFC 5280, appendix A.1


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Args:
        kind: "shared": one self-signed set for all; "ca": a CA and one leaf per member.
        days: Validity of shared certificate or leafs.
        ca_days: Validity of the CA.
        organization: O of every subject; "" for none.
        use: "cluster": for all members; "ha": for the HA channel of the pairs, one set per pair (T7).
    """

    kind: str = "shared"
    days: int = 825
    ca_days: int = 3650
    organization: str = ""
    use: str = "cluster"


def create_sets(
    cluster: Cluster, order: Order, *, force: bool
) -> tuple[Mapping[str, CredentialSet], tuple[Path, ...]]:
    """Make and write the sets of every member; nothing is overwritten without `force`.

    Returns:
        The sets by label, and the files written.

    Raises:
        UsageError: An impossible order, or files that are there already.
    """
    _refuse_impossible(order)
    now = datetime.now(UTC)
    if order.use == "ha":
        return _create_ha_sets(cluster, order, now=now, force=force)
    if order.kind == "shared":
        one = shared_self_signed(_subject(cluster.cluster_name, order), days=order.days, now=now)
        return {"shared": one}, write_shared_set(cluster.credentials, one, force=force)
    leafs = {m.name: _subject(f"{m.name}.{cluster.cluster_name}", order) for m in cluster.members}
    subject = _subject(f"{cluster.cluster_name} cluster CA", order)
    own = ca_with_leafs(subject, members=leafs, days=order.days, ca_days=order.ca_days, now=now)
    return own.sets, write_own_ca(cluster.credentials, own, force=force)


def _create_ha_sets(
    cluster: Cluster, order: Order, *, now: datetime, force: bool
) -> tuple[Mapping[str, CredentialSet], tuple[Path, ...]]:
    """A folder per pair: of a shared set, each pair has its own, so that none trusts another one's nodes."""
    pairs = {m.name: _subject(f"{m.name} HA", order) for m in cluster.members if m.is_pair}
    if not pairs:
        raise UsageError(
            f"{cluster.key} has no HA pair", remedy="list one: `pair: {NODE: {host: ...}, NODE: {host: ...}}`"
        )
    if order.kind == "shared":
        made = {n: shared_self_signed(subject, days=order.days, now=now) for n, subject in pairs.items()}
        sets = {name: replace(one, label=name, names=HA) for name, one in made.items()}
        return sets, write_member_sets(cluster.credentials, sets, force=force)
    subject = _subject(f"{cluster.cluster_name} HA CA", order)
    own = ca_with_leafs(subject, members=pairs, days=order.days, ca_days=order.ca_days, now=now)
    own = replace(own, sets={name: replace(one, names=HA) for name, one in own.sets.items()})
    return own.sets, write_own_ca(cluster.credentials, own, force=force)


def _subject(name: str, order: Order) -> Subject:
    """Names are for people only (no server checks them): a long one is cut."""
    common_name = name.encode()[:MOST_NAME_BYTES].decode("utf-8", "ignore")
    return Subject(common_name, order.organization)


def _refuse_impossible(order: Order) -> None:
    if order.kind not in KINDS:
        raise UsageError(f"--kind {order.kind} is unknown", remedy=f"one of: {', '.join(KINDS)}")
    if order.use not in USES:
        raise UsageError(f"--use {order.use} is unknown", remedy=f"one of: {', '.join(USES)}")
    for name, days in (("days", order.days), ("ca-days", order.ca_days)):
        if not 1 <= days <= MOST_DAYS:
            raise UsageError(f"--{name} {days} is impossible", remedy=f"a number from 1 to {MOST_DAYS}")
    if len(order.organization.encode()) > MOST_NAME_BYTES:
        raise UsageError("--organization is too long", remedy=f"at most {MOST_NAME_BYTES} bytes")


def created_table(cluster: Cluster, sets: Mapping[str, CredentialSet]) -> TextTable:
    """What was made: subjects, validity, fingerprints. Never a key."""
    rows = tuple(
        (label, one.leaf.subject, one.leaf.key_kind, f"{one.leaf.not_after:%Y-%m-%d}", one.leaf.sha256[:16])
        for label, one in sets.items()
    )
    header = ("SET", "SUBJECT", "KEY", "VALID UNTIL", "SHA-256")
    return TextTable(f"{cluster.key}: {cluster.credentials}", header, rows)
