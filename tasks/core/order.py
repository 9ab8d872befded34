"""What `fab credentials.create` and `renew` are asked to make, judged before anything is made."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.model import Cluster
from tasks.core.nearest import one_of
from tasks.core.subjects import Subject

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
        ca_days: Validity of the CA, and of an intermediate.
        organization: O of every subject; "" for none.
        use: "cluster": for all members; "ha": for the HA channel of the pairs, one set per pair (T7).
        intermediate: Between root and leafs stands a CA that signs them.
        from_ca: A folder with the CA that signs; "" to make one.
        members: Whose leafs, with `from_ca`; () for all.
        plain_ca_key: The CA's keys lie unencrypted.
    """

    kind: str = "shared"
    days: int = 825
    ca_days: int = 3650
    organization: str = ""
    use: str = "cluster"
    intermediate: bool = False
    from_ca: str = ""
    members: tuple[str, ...] = ()
    plain_ca_key: bool = False

    def refuse_impossible(self, cluster: Cluster) -> None:
        """Raises UsageError with everything that cannot be."""
        faults = (*self._values(), *self._together(), *no_pair(cluster, self.use), *self._strangers(cluster))
        if faults:
            raise UsageError("\n".join(faults), remedy="fab --help credentials.create")

    def _strangers(self, cluster: Cluster) -> Iterator[str]:
        return unknown_members(cluster, self.members, use=self.use)

    def _values(self) -> Iterator[str]:
        if self.kind not in KINDS:
            yield unknown_kind(self.kind, KINDS)
        yield from unknown_use(self.use)
        yield from impossible_days("days", self.days)
        yield from impossible_days("ca-days", self.ca_days)
        yield from unfit_organization(self.organization)

    def _together(self) -> Iterator[str]:
        of_a_ca = {
            "--intermediate": self.intermediate,
            "--from-ca": bool(self.from_ca),
            "--plain-ca-key": self.plain_ca_key,
        }
        if self.kind == "shared" and (given := [name for name, said in of_a_ca.items() if said]):
            yield f"{', '.join(given)}: a shared set has no CA -> --kind ca"
        if self.from_ca and (self.intermediate or self.plain_ca_key):
            yield "--from-ca takes a CA that is there; --intermediate and --plain-ca-key are of one to be made"
        if self.members and not self.from_ca:
            yield "--member goes with --from-ca: a new CA gives every member a leaf"


def unknown_kind(kind: str, known: tuple[str, ...]) -> str:
    return f"--kind {kind} is unknown; {one_of(kind, known)}"


def unknown_use(use: str) -> Iterator[str]:
    if use not in USES:
        yield f"--use {use} is unknown; {one_of(use, USES)}"


def impossible_days(option: str, days: int) -> Iterator[str]:
    if not 1 <= days <= MOST_DAYS:
        yield f"--{option} {days} is impossible: a number from 1 to {MOST_DAYS}"


def unfit_organization(organization: str) -> Iterator[str]:
    if not organization.isprintable():
        yield "--organization holds what cannot be shown: letters, digits and signs in UTF-8 only"
    elif len(organization.encode()) > MOST_NAME_BYTES:
        yield f"--organization is too long: at most {MOST_NAME_BYTES} bytes"


def owners(cluster: Cluster, use: str) -> tuple[str, ...]:
    """Who has a set of this use: every member, or every pair."""
    return tuple(m.name for m in cluster.members if use != "ha" or m.is_pair)


def no_pair(cluster: Cluster, use: str) -> Iterator[str]:
    if use == "ha" and not owners(cluster, use):
        yield f"{cluster.key} has no HA pair -> `pair: {{NODE: {{host: ...}}, NODE: {{host: ...}}}}` lists one"


def unknown_members(cluster: Cluster, named: tuple[str, ...], *, use: str) -> Iterator[str]:
    known = owners(cluster, use)
    for name in dict.fromkeys(named):
        if name not in known:
            what = "pair" if use == "ha" else "member"
            yield f"--member {name}: no {what} of {cluster.key} has that name; {one_of(name, known)}"


def subject(name: str, organization: str, names: tuple[str, ...] = ()) -> Subject:
    """Names are for people only (no server checks them): a long one is cut."""
    common_name = name.encode()[:MOST_NAME_BYTES].decode("utf-8", "ignore")
    return Subject(common_name, organization, alternative_names=names)


def leaf_name(cluster: Cluster, member: str, use: str) -> str:
    """The common name of a member's or pair's leaf."""
    return f"{member} HA" if use == "ha" else f"{member}.{cluster.cluster_name}"
