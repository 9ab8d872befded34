"""Two products on built-in pairs of their own: two islands, each connected within and not across."""

from __future__ import annotations

from itertools import combinations

from tasks.core.dataclass import dataclass
from tasks.core.links import links_now
from tasks.core.model import Product
from tasks.core.snapshot import Snapshot
from tasks.core.versions import NAMES


@dataclass(frozen=True, slots=True)
class Island:
    """The members of one product."""

    product: Product
    members: tuple[str, ...]

    def __str__(self) -> str:
        return f"{NAMES[self.product]} ({', '.join(self.members)})"


def products_of(snapshot: Snapshot) -> dict[str, Product]:
    """Per member, the product of the node that speaks for it."""
    return {m.name: snapshot.active(m).node.product for m in snapshot.cluster.members}


def islands_of(snapshot: Snapshot) -> tuple[Island, ...]:
    """One per product, where the members themselves say so; none where anything else is connected.

    Whether that is a legal start is for the inventory to say (`islands: true`).
    """
    products, links = products_of(snapshot), links_now(snapshot)
    as_islands = all(
        (frozenset((one, other)) in links) is (products[one] is products[other])
        for one, other in combinations(products, 2)
    )
    kinds = tuple(dict.fromkeys(products.values()))
    if len(kinds) < 2 or not as_islands:
        return ()
    return tuple(
        Island(kind, tuple(n for n, product in products.items() if product is kind)) for kind in kinds
    )


def is_one_cluster(snapshot: Snapshot) -> bool:
    """Whether every two members are connected."""
    members = len(snapshot.cluster.members)
    return len(links_now(snapshot)) == members * (members - 1) // 2


def joining_notes(snapshot: Snapshot) -> tuple[str, ...]:
    """What the operator must know of a migration that makes one cluster of two islands."""
    islands = islands_of(snapshot)
    if not islands:
        return ()
    names = " and ".join(map(str, islands))
    return (
        f"{names} are two islands now and one cluster at the end: from the first connection across, each side's "
        "subscriptions and retained messages reach the other",
    )
