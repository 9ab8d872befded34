"""What a lab consists of and where it lies: the topology, the nodes' names, the paths.

`LAB/lab.json` is the record of it; the directory tree is described in `settings.py`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Literal

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.model import Product
from tasks.core.nearest import one_of
from tasks.lab.topology import Topology as Topology

CLUSTER_KEY = "rehearsal"
CLUSTER_NAME = "RehearsalCluster"
_DATA_DIRS = {Product.AMLEN: "var/lib/amlen-server", Product.MESSAGESIGHT: "var/messagesight"}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of every node, on its own address."""

    ssh: int = 2222
    ha: int = 9086
    admin: int = 9089
    control: int = 9104
    messaging: int = 9105
    discovery: int = 9106

    def shifted(self, by: int) -> Ports:
        return Ports(*(port + by for port in asdict(self).values()))


@dataclass(frozen=True, slots=True)
class LabNode:
    """One node of the lab: its name, its address, its directory."""

    name: str
    member: str
    address: str
    peer: str | None  # the name of the pair's other node
    directory: Path
    product: Product
    in_cluster: bool = True  # at first; else it is as freshly installed
    upgraded: bool = False  # the legacy data directory is a link into the newer product's

    @property
    def data_dir(self) -> Path:
        return self.directory / "root" / _DATA_DIRS[self.product]

    @property
    def real_data_dir(self) -> Path:
        """Where the data lies: elsewhere on a node that was upgraded."""
        return self.directory / "root" / _DATA_DIRS[Product.AMLEN if self.upgraded else self.product]

    @property
    def server_cfg(self) -> Path:
        return self.data_dir / "data" / "config" / "server.cfg"

    @property
    def certificates(self) -> Path:
        return self.data_dir / "data" / "certificates"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "diag" / "logs"

    @property
    def sshd_dir(self) -> Path:
        return self.directory / "sshd"

    @property
    def start(self) -> Path:
        return self.directory / "start"

    @property
    def bin(self) -> Path:
        """First in the PATH of the node's SSH sessions; empty unless a test writes stand-ins there."""
        return self.directory / "bin"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that a lab belongs to; when it is gone, the lab goes, too."""

    pid: int
    started_ticks: int


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab on disk, as `lab.json` records it."""

    directory: Path
    base: Path  # where the nodes' trees lie; the directory itself where it can be reached
    block: str  # "127.91.4"
    ports: Ports
    topology: Topology
    gateway: tuple[str, ...]  # the command that runs a gateway; the node's directory is appended
    owner: Owner | None
    state: Literal["building", "formed"]

    @property
    def nodes(self) -> tuple[LabNode, ...]:
        return tuple(
            replace(place, address=f"{self.block}.{10 + index}", directory=self.base / "nodes" / place.name)
            for index, place in enumerate(_places(self.topology))
        )

    def node(self, name: str) -> LabNode:
        """Raises UsageError if there is none of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        names = [node.name for node in self.nodes]
        raise UsageError(f"{name} is no node of the lab {self.directory}", remedy=one_of(name, names))

    def neighbours(self, node: LabNode) -> tuple[LabNode, ...]:
        """The nodes of other members that it is connected with at first, when all are on a built-in pair."""
        return tuple(
            other
            for other in self.nodes
            if node.in_cluster
            and other.in_cluster
            and other.member != node.member
            and other.product is node.product
        )

    def builtin(self, product: Product) -> Path:
        """Where the pair lies that this product's gateways fall back to: cert.pem and key.pem."""
        return self.base / "builtin" / str(product)

    @property
    def bastion_address(self) -> str:
        return f"{self.block}.2"

    @property
    def bastion_dir(self) -> Path:
        return self.base / "bastion"

    @property
    def inventory(self) -> Path:
        return self.directory / "inventory.yaml"

    @property
    def is_temporary(self) -> bool:
        """Whether nobody wants to keep it beyond its owner's (or maker's) life."""
        return self.owner is not None or self.state == "building"

    def write(self) -> None:
        """Replace lab.json in one step."""
        beside = self.directory / "lab.json.new"
        beside.write_text(json.dumps({"format": 1, **asdict(self)}, indent=2, default=str) + "\n")
        os.replace(beside, self.directory / "lab.json")


def _places(topology: Topology) -> list[LabNode]:
    """In inventory order, single members first, then the pairs; without address and directory."""
    names = [f"gw-{letter}" for letter in ascii_lowercase]
    found: list[LabNode] = []
    for index, name in enumerate(names[: topology.members]):
        in_cluster = topology.formed and index < topology.members - topology.joining
        upgraded = topology.legacy > 0 and index == topology.members - topology.legacy
        product = topology.product_of(index)
        found.append(LabNode(name, name, "", None, Path(), product, in_cluster, upgraded))
    for member in names[topology.members : topology.members + topology.pairs]:
        ends = (f"{member}1", f"{member}2")
        for name, peer in (ends, ends[::-1]):
            found.append(LabNode(name, member, "", peer, Path(), topology.product, topology.formed))
    return found


def read_lab(directory: Path) -> Lab:
    """The lab in this directory, running or not.

    Raises:
        UsageError: There is no lab; its record cannot be read.
    """
    directory = directory.resolve()
    try:
        raw = json.loads((directory / "lab.json").read_text())
        return _parse(directory, raw)
    except FileNotFoundError:
        problem = f"{directory} is not a lab: there is no lab.json in it"
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{directory} is not a lab of this tool: lab.json cannot be read ({type(error).__name__})"
    raise UsageError(problem, remedy=f"name the directory that lab.up made, or: fab lab.up --dir {directory}")


def _parse(directory: Path, raw: dict[str, Any]) -> Lab:
    if raw["format"] != 1 or raw["directory"] != str(directory):
        raise ValueError("a record of another format, or of another directory")
    product = Product(raw["topology"].pop("product"))
    return Lab(
        directory=directory,
        base=Path(raw["base"]),
        block=raw["block"],
        ports=Ports(**raw["ports"]),
        topology=Topology(**raw["topology"], product=product),
        gateway=tuple(raw["gateway"]),
        owner=Owner(**raw["owner"]) if raw["owner"] else None,
        state=raw["state"],
    )
