"""What a node's place in the cluster is to be, as the inventory says it: ports, addresses, switches."""

from __future__ import annotations

from tasks.core.dataclass import dataclass

CONTROL_PORT = 9104
MESSAGING_PORT = 9105


@dataclass(frozen=True, slots=True)
class WantedMembership:
    """The `membership` section of one node, resolved.

    Addresses are IP literals without brackets; only the external messaging address may be a name.
    None: not said, and with nothing to follow from.
    """

    control_address: str | None = None  # None: not said, and the node's host is no IP literal
    control_port: int = CONTROL_PORT
    control_external_address: str | None = None  # as the other members reach it, where that differs
    control_external_port: int | None = None
    messaging_address: str | None = None  # None: as control_address
    messaging_port: int = MESSAGING_PORT
    messaging_external_address: str | None = None
    messaging_external_port: int | None = None
    messaging_use_tls: bool = False  # encrypts nothing in this version of the server (T10)
    require_certificates: bool = True
    multicast: bool = False  # find the others by multicast, instead of by a list
    discovery_port: int | None = None  # of multicast; None: as the server has it
    discovery_time_s: int | None = None  # None: as the server has it

    @property
    def endpoint(self) -> tuple[str, int] | None:
        """Where the other members dial the control port; None while its address is not known."""
        address = self.control_external_address or self.control_address
        return None if address is None else (address, self.control_external_port or self.control_port)


UNSAID = WantedMembership()
