"""What a node of a pair tells the other one of itself before it is decided who leads."""

from __future__ import annotations

from typing import Any

from tasks.core.dataclass import dataclass
from tasks.lab.host import Host
from tasks.lab.standing import Role
from tasks.lab.stream import Message, PeerRefused


@dataclass(frozen=True, slots=True)
class Claim:
    """One node as it starts, or as it runs."""

    name: str
    node: str  # its address, unlike the peer's
    group: str
    in_cluster: bool  # as its process started
    is_primary: bool
    stand_alone: bool  # StartupMode
    preferred: bool  # PreferredPrimary
    store_role: str  # PRIMARY, STANDBY, UNSYNC, or UNKNOWN for a store that was never used
    has_data: bool
    was_primary: bool
    session: str
    sessions: int

    @property
    def can_be_primary(self) -> bool:
        """A store that followed another one cannot lead before it took over."""
        return self.is_primary or self.store_role not in (Role.STANDBY, Role.UNSYNC)


def claim_of(host: Host, configured: dict[str, Any], *, role: Role, in_cluster: bool) -> Claim:
    """The node's own.

    Args:
        configured: HighAvailability as this process found it.
        role: Its role at the moment.
    """
    state, is_primary = host.state.now, role is Role.PRIMARY
    return Claim(
        name=host.server_name,
        node=host.settings.address,
        group=str(configured["Group"] or ""),
        in_cluster=in_cluster,
        is_primary=is_primary,
        stand_alone=configured["StartupMode"] == "StandAlone",
        preferred=bool(configured["PreferredPrimary"]),
        store_role=state.role,
        has_data=is_primary or state.store.has_data or host.disturbances.has("store_data"),
        was_primary=state.store.was_primary,
        session=state.store.session,
        sessions=state.store.sessions,
    )


def read_claim(message: Message) -> Claim:
    """Raises PeerRefused if it is none."""
    try:
        return Claim(**message)
    except TypeError as error:
        raise PeerRefused("not a message of this protocol") from error
