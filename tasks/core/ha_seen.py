"""What was seen of the pairs whose HA channel is at stake, and what their nodes have loaded for it."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.belonging import inside
from tasks.core.certificates import CertificateFault, parse_pem_chain
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.file_names import HA
from tasks.core.ha_config import HaConfig, read_config
from tasks.core.ha_rounds import OldSet
from tasks.core.model import Member, Node
from tasks.core.plan import Counts
from tasks.core.snapshot import HaFiles, NodeFiles, NodeSnapshot, Snapshot, Unseen
from tasks.core.status import NodeStatus

Shown = Mapping[str, object]  # a configuration object as REST shows it


@dataclass(frozen=True, slots=True)
class HaSeen:
    """The pairs that a task is about, in inventory order.

    Args:
        shown: Per node of these pairs, GET configuration/HighAvailability, or why there is none.
    """

    snapshot: Snapshot
    pairs: tuple[Member, ...]
    shown: Mapping[str, Shown | Unseen]

    def config(self, node: Node) -> HaConfig | Unseen:
        found = self.shown[node.name]
        return found if isinstance(found, Unseen) else read_config(found)

    def configs(self, member: Member) -> tuple[HaConfig, ...]:
        """Of both nodes, as far as they could be read."""
        found = (self.config(node) for node in member.nodes)
        return tuple(one for one in found if isinstance(one, HaConfig))


def ha_files(seen: NodeSnapshot) -> HaFiles | None:
    return seen.files.ha if isinstance(seen.files, NodeFiles) else None


def lies_there(seen: NodeSnapshot, wanted: Mapping[str, str]) -> bool:
    """Whether these HA files (name: SHA-256) are on the node, and the server can read them."""
    found = ha_files(seen)
    if found is None:
        return False
    states = [(found.files.get(name), sha) for name, sha in wanted.items()]
    return all(state is not None and state.sha256 == sha and state.readable for state, sha in states)


def on_builtin(seen: NodeSnapshot) -> bool:
    """No key or no certificate that the server could open: it uses the built-in pair (T2)."""
    found = ha_files(seen)
    if found is None:
        return False
    return not all(name in found.files and found.files[name].readable for name in (HA.cert, HA.key))


def loads_its_files(snapshot: Snapshot, member: Member) -> bool:
    """Whether the pair runs with the HA files that lie on both nodes.

    Nothing shows an HA certificate while the pair is in sync; but of two nodes that found each other one
    is proof enough: a process that is younger than the files. The sync that follows a standby's start
    writes the standby's own anew (T7), so that only the primary's tell when they came: before its start, or
    by the sync of its own joining, as a standby. Later than that somebody placed them; then a younger
    standby is no proof, because it may have got them after it had loaded others.
    """
    active, standby = snapshot.active(member), snapshot.standby(member)
    if standby is None or not isinstance(active.files, NodeFiles) or active.files.ha.files == {}:
        return False
    lying = {name: state.sha256 or "" for name, state in active.files.ha.files.items()}
    if not all(lying.values()) or not all(lies_there(one, lying) for one in (active, standby)):
        return False
    placed_at = max(state.changed_at for state in active.files.ha.files.values())
    placed_at -= active.files.clock_offset_s
    late_s = placed_at - _started_at(active)
    if late_s < 0:
        return True
    return late_s <= active.node.limits.sync_s and _started_at(standby) > placed_at


def _started_at(seen: NodeSnapshot) -> float:
    """By our clock; 0 where it is not known."""
    if not isinstance(seen.status, NodeStatus) or not isinstance(seen.files, NodeFiles):
        return 0.0
    return seen.status.server.started_at.timestamp() - seen.files.clock_offset_s


def old_set(snapshot: Snapshot, member: Member) -> OldSet | None:
    """The user credentials that both nodes have loaded; None on the built-in pair, or where it is not certain."""
    if not loads_its_files(snapshot, member):
        return None
    files = ha_files(snapshot.active(member))
    if files is None:
        return None
    try:
        chain, ca = parse_pem_chain(files.cert_pem), parse_pem_chain(files.ca_pem)
    except CertificateFault:
        return None
    return OldSet(chain, ca, {name: state.sha256 or "" for name, state in files.files.items()})


def runs_with(snapshot: Snapshot, member: Member, wanted: CredentialSet) -> bool:
    """Whether the pair runs with this set already."""
    nodes = [snapshot.nodes[node.name] for node in member.nodes]
    return all(lies_there(seen, wanted.sha256) for seen in nodes) and loads_its_files(snapshot, member)


def baseline(snapshot: Snapshot) -> dict[str, Counts]:
    """What every member of the cluster shows now; nothing where none is formed."""
    found = {}
    for member in inside(snapshot):
        status = snapshot.active(member).status
        if not isinstance(status, NodeStatus) or status.cluster.connected is None:
            continue
        disconnected = status.cluster.disconnected or 0
        found[member.name] = Counts(connected=status.cluster.connected, disconnected=disconnected)
    return found
