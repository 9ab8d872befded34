"""How a node takes part in its HA pair, as the inventory says it: addresses, ports, switches."""

from __future__ import annotations

from tasks.core.dataclass import dataclass

DISCOVERY_PORT = 9084  # HA.DiscoveryPort of server.cfg: where each node listens for the other one


@dataclass(frozen=True, slots=True)
class WantedHa:
    """The `ha` section of one node, resolved.

    Addresses are IP literals without brackets. None: not said, and with nothing to follow from.
    """

    group: str | None = None  # None: the member's name
    discovery_address: str | None = None  # None: not said, and the node's host is no IP literal
    discovery_port: int = DISCOVERY_PORT
    replication_address: str | None = None  # None: as discovery_address
    replication_port: int | None = None  # None: as the server chooses
    external_replication_address: str | None = None
    external_replication_port: int | None = None
    preferred_primary: bool = False
    secured: bool = True  # UseSecuredConnections
    require_certificates: bool = True
    discovery_timeout_s: int | None = None  # None: as the server has it
    heartbeat_timeout_s: int | None = None


UNSAID_HA = WantedHa()
