"""What a lab is asked to be: how many nodes, of which product, and how much of the cluster is formed."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase
from typing import Literal

from tasks.core.dataclass import dataclass
from tasks.core.model import Product

# "script": REST restarts, the node's start script starts. The others are stand-ins of those programs.
ServiceManager = Literal["script", "systemd", "docker", "podman"]


@dataclass(frozen=True, slots=True)
class Topology:
    """What `lab.up` is asked for. The defaults are a cluster that has formed."""

    members: int = 3  # single members
    pairs: int = 1
    speed: float = 20.0  # simulated seconds per real second
    bastion: bool = False  # one more sshd, in front of the others
    product: Product = Product.AMLEN
    secured: bool = True  # admin REST by HTTPS and password, else plain HTTP without one
    forwarding: bool = True  # AllowTcpForwarding of the nodes' sshd
    formed: bool = True  # else no node is a cluster member yet, as freshly installed
    paired: bool = True  # else the nodes of the pairs run as single servers
    joining: int = 0  # so many of the last single members are not cluster members yet
    secured_ha: bool = False  # UseSecuredConnections of the pairs
    legacy: int = 0  # so many of the last single members are Message Gateways
    legacy_version: Literal["5.0", "2.0"] = "5.0"  # of every Message Gateway
    service: ServiceManager = "script"  # who restarts and starts the servers

    def fault(self) -> str | None:
        """What is wrong with it, as a sentence; None if nothing is."""
        return next(self._faults(), None)

    @property
    def is_mixed(self) -> bool:
        """Whether its cluster, once formed, has members of both products."""
        members = [*self._products(), *[self.product] * self.pairs]
        return self.formed and len(set(members[: self.members - self.joining] + members[self.members :])) > 1

    def product_of(self, single: int) -> Product:
        """Of the single member with this index."""
        return self._products()[single]

    def _products(self) -> list[Product]:
        amlen = self.members - self.legacy
        return [self.product] * amlen + [Product.MESSAGESIGHT] * self.legacy

    def _faults(self) -> Iterator[str]:
        total = self.members + self.pairs
        if self.members < 0 or self.pairs < 0 or total < 1:
            yield f"a lab of {self.members} members and {self.pairs} pairs was asked for, wanted at least one"
        if total > len(ascii_lowercase):
            yield f"{total} members were asked for, wanted at most {len(ascii_lowercase)}"
        if not 0 < self.speed <= 100:
            yield f"speed {self.speed:g} was asked for, wanted more than 0 and at most 100"
        for name, number in (("joining", self.joining), ("legacy", self.legacy)):
            if not 0 <= number <= self.members:
                yield f"{number} {name} members were asked for, wanted 0 to {self.members}, the single members"
        yield from self._contradictions()

    def _contradictions(self) -> Iterator[str]:
        if not self.paired and not self.pairs:
            yield "unpaired nodes were asked for without a pair"
        if not self.paired and self.formed:
            yield "unpaired nodes were asked for in a formed cluster, wanted --unformed with --unpaired"
        if self.joining and not self.formed:
            yield "joining members were asked for without a cluster to join"
        if self.joining and self.joining == self.members + self.pairs:
            yield "every member was to join a cluster of nobody, wanted at least one that is in it"
        if self.secured_ha and not (self.pairs and self.paired):
            yield "secured HA was asked for without an HA pair"
        if self.legacy_version == "2.0" and not (self.legacy or self.product is Product.MESSAGESIGHT):
            yield "version 2.0 was asked for without a legacy node"
