"""What an operator must know before a cluster is formed or joined: the cost, and what is not done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasks.core.belonging import Belonging, belonging
from tasks.core.membership_keys import endpoints, seed
from tasks.core.model import Member
from tasks.core.snapshot import Snapshot
from tasks.core.status import Membership

CLEAR_TEXT = (
    "messages between servers (port 9105) travel in clear text in this version of the server, whatever "
    "MessagingUseTLS says; the control channel is what the credentials protect"
)


def creation_notes(snapshot: Snapshot, new: tuple[Member, ...]) -> tuple[str, ...]:
    """For `cluster.create`."""
    if not new:
        return ()
    return (
        *_cost(new, running=len(new) < len(snapshot.cluster.members)),
        *_identity(snapshot, new),
        *_multicast(new),
        *_switches(new),
    )


def joining_notes(part: Snapshot, new: tuple[Member, ...]) -> tuple[str, ...]:
    """For `cluster.join`; `part` is the running cluster and the newcomer."""
    if not new:
        return ()
    return (
        *_cost(new, running=True),
        *_identity(part, new),
        *_lists(part, new[0]),
        *_multicast(new),
        *_switches(new),
    )


def _cost(new: Iterable[Member], *, running: bool) -> Iterator[str]:
    names = tuple(new)
    pairs = ", ".join(m.name for m in names if m.is_pair)
    singles = ", ".join(m.name for m in names if not m.is_pair)
    if singles:
        yield f"clients of {singles} lose their connection when their server restarts, for about 25 s each"
    if pairs:
        yield (
            f"both nodes of {pairs} restart as one, because a node that is a cluster member and one that is none "
            "refuse to pair: its clients have no server for about 20 s, and the roles stay as they are"
        )
    if running:
        yield "members that are in the cluster already are neither configured nor restarted"


def _identity(snapshot: Snapshot, new: Iterable[Member]) -> Iterator[str]:
    """Who is configured already has had it with that."""
    names = ", ".join(m.name for m in new if belonging(snapshot, m) is Belonging.OUTSIDE)
    if names:
        yield f"a server that becomes a member gets a new ServerUID: {names}"


def _lists(part: Snapshot, new: Member) -> Iterator[str]:
    """The seed lists of the others stay as they are; one that names the newcomer already needs no word."""
    points = (node.membership.endpoint for node in new.nodes)
    named = endpoints(",".join(seed(*point) for point in points if point is not None))
    running = [m for m in part.cluster.members if m.name != new.name]
    lists = [
        seen.membership
        for member in running
        if isinstance((seen := part.active(member)).membership, Membership)
    ]
    if any(
        not (one.use_multicast_discovery or named <= endpoints(",".join(one.discovery_server_list)))
        for one in lists
    ):
        yield (
            f"the DiscoveryServerList of the running members does not name {new.name}, and is left so: members "
            f"remember each other over restarts, and {new.name} dials the others by its own list. Only a member "
            f"that loses its store has to learn of {new.name} from the others. To have it named as well, POST the "
            "longer list, which fab cluster.show prints, to each of them; it is in force after their next restart"
        )


def _multicast(new: Iterable[Member]) -> Iterator[str]:
    if any(node.membership.multicast for member in new for node in member.nodes):
        yield (
            "members are to find each other by multicast, and no list is configured: whether the network lets "
            "multicast through cannot be seen beforehand; if it does not, the counts stop the run"
        )


def _switches(new: Iterable[Member]) -> Iterator[str]:
    nodes = [node for member in new for node in member.nodes]
    yield CLEAR_TEXT
    lax = ", ".join(node.name for node in nodes if not node.membership.require_certificates)
    if lax:
        yield (
            f"RequireCertificates is false on {lax}: that is about port 9105 without files of your own; the "
            "control channel requires certificates always"
        )
