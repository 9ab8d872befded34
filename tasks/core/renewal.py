"""New leafs of the same CA: for whom, until when, and why not for the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tasks.core.certificates import Certificate, issued_by
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.model import Cluster
from tasks.core.order import impossible_days, no_pair, owners, unknown_members, unknown_use


@dataclass(frozen=True, slots=True)
class RenewalWish:
    """Whose leafs, and for how long.

    Args:
        days: Validity of the new leafs.
        members: () for everybody who has a leaf of the CA.
        from_ca: A folder with the CA; "" for the cluster's own.
        use: "cluster", or "ha" for the pairs' HA channels.
    """

    days: int = 825
    members: tuple[str, ...] = ()
    from_ca: str = ""
    use: str = "cluster"

    @property
    def names(self) -> FileNames:
        return HA if self.use == "ha" else CLUSTER

    def owners(self, cluster: Cluster) -> tuple[str, ...]:
        """Whose sets are to be looked at."""
        return tuple(dict.fromkeys(self.members)) or owners(cluster, self.use)

    def refuse_impossible(self, cluster: Cluster) -> None:
        """Raises UsageError with everything that cannot be."""
        faults = (
            *unknown_use(self.use),
            *impossible_days("days", self.days),
            *no_pair(cluster, self.use),
            *unknown_members(cluster, self.members, use=self.use),
        )
        if faults:
            raise UsageError("\n".join(faults), remedy="fab --help credentials.renew")


def self_signed(sets: Mapping[str, CredentialSet]) -> tuple[str, ...]:
    """Whose certificate has no CA above it that could issue another one."""
    return tuple(name for name, one in sets.items() if one.leaf.self_signed)


def of_issuer(sets: Mapping[str, CredentialSet], issuer: Certificate) -> Mapping[str, CredentialSet]:
    """The sets whose leaf that CA signed."""
    return {name: one for name, one in sets.items() if issued_by(one.leaf, issuer)}


def left_out(
    wish: RenewalWish, cluster: Cluster, sets: Mapping[str, CredentialSet], *, issuer: Certificate
) -> Iterator[str]:
    """Everybody who gets no new leaf, and why."""
    for name in wish.owners(cluster):
        if name not in sets:
            yield f"{name} has no set here that a server would come up with"
        elif not issued_by(sets[name].leaf, issuer):
            yield f"{name}: its leaf is of another CA: {sets[name].leaf.issuer}"
        elif wish.members and sets[name].label != name:
            yield f"{name} has no set of its own, but one for all members: it is renewed without --member"


def cut_short(chain: Sequence[Certificate], ends: datetime, *, days: int, now: datetime) -> str | None:
    """The sentence about leafs that end with a CA above them; None where they are as long as asked for."""
    if ends >= now + timedelta(days=days):
        return None
    first = min(chain, key=lambda one: one.not_after)
    return f"not {days} days: the leafs end with their CA {first.subject}, on {ends:%Y-%m-%dT%H:%M:%SZ}"
