"""How a look at a cluster port can fail."""

from __future__ import annotations

from tasks.core.dataclass import dataclass
from tasks.core.errors import RemoteError


class WireError(RemoteError):
    """A cluster port did not show its certificate."""


class WireRefused(WireError):
    """Nothing listens at the port."""


class WireSilent(WireError):
    """The port accepts a connection, and no handshake came about in time."""


class WireNotTls(WireError):
    """What listens there answers, but shows no certificate."""


class WireDropped(WireError):
    """The handshake, or the connection after it, ended without a word about certificates."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One look: which port, of which node, by which way, within how many seconds."""

    node: str
    host: str
    port: int
    via: str
    limit_s: float

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def refused(self, seen: str) -> WireRefused:
        return WireRefused(
            self._says(f"{seen}: nothing listens there"),
            remedy="fab status: a standby does not listen; else the server is down, its cluster component is"
            " not started, or ControlAddress is another one",
            node=self.node,
        )

    def silent(self) -> WireSilent:
        return WireSilent(
            self._says(f"no TLS handshake within {self.limit_s:g} s"),
            remedy="fab status again; limits.rest_s in the inventory, or a server or firewall that hangs",
            node=self.node,
        )

    def not_tls(self, seen: str) -> WireNotTls:
        return WireNotTls(
            self._says(f"no certificate shown: {seen}"),
            remedy="is it the cluster port? is Cluster.ControlTLSPolicy 2 (off)? fab config.show",
            node=self.node,
        )

    def dropped(self, seen: str) -> WireDropped:
        return WireDropped(
            self._says(seen),
            remedy="fab status: is the server being restarted? then the same command again",
            node=self.node,
        )

    def _says(self, seen: str) -> str:
        return f"TLS handshake with {self.address} ({self.via}): {seen}"
