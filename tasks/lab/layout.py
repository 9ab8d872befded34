"""What a lab consists of and where it lies: the topology, the nodes' names, the paths.

`LAB/lab.json` is the record of it; the directory tree is described in `settings.py`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Literal

from tasks.core.errors import UsageError
from tasks.core.model import Product

CLUSTER_KEY = "rehearsal"
CLUSTER_NAME = "RehearsalCluster"
_DATA_DIRS = {Product.AMLEN: "var/lib/amlen-server", Product.MESSAGESIGHT: "var/messagesight"}


@dataclass(frozen=True, slots=True)
class Topology:
    """What `lab.up` is asked for."""

    members: int = 3  # single members
    pairs: int = 1
    speed: float = 20.0  # simulated seconds per real second
    bastion: bool = False  # one more sshd, in front of the others
    product: Product = Product.AMLEN
    secured: bool = True  # admin REST by HTTPS and password, else plain HTTP without one
    forwarding: bool = True  # AllowTcpForwarding of the nodes' sshd

    def fault(self) -> str | None:
        """What is wrong with it, as a sentence; None if nothing is."""
        if self.members < 0 or self.pairs < 0 or self.members + self.pairs < 1:
            return (
                f"a lab of {self.members} members and {self.pairs} pairs was asked for, wanted at least one"
            )
        if self.members + self.pairs > len(ascii_lowercase):
            return (
                f"{self.members + self.pairs} members were asked for, wanted at most {len(ascii_lowercase)}"
            )
        if not 0 < self.speed <= 100:
            return f"speed {self.speed:g} was asked for, wanted more than 0 and at most 100"
        return None


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

    @property
    def data_dir(self) -> Path:
        return self.directory / "root" / _DATA_DIRS[self.product]

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
        places = _places(self.topology)
        return tuple(
            LabNode(
                name,
                member,
                f"{self.block}.{10 + index}",
                peer,
                self.base / "nodes" / name,
                self.topology.product,
            )
            for index, (name, member, peer) in enumerate(places)
        )

    def node(self, name: str) -> LabNode:
        """Raises UsageError if there is none of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        names = ", ".join(node.name for node in self.nodes)
        raise UsageError(f"{name} is no node of the lab {self.directory}", remedy=f"one of: {names}")

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


def _places(topology: Topology) -> list[tuple[str, str, str | None]]:
    """(node, member, peer) in inventory order: single members first, then the pairs."""
    names = [f"gw-{letter}" for letter in ascii_lowercase]
    found: list[tuple[str, str, str | None]] = [(name, name, None) for name in names[: topology.members]]
    for member in names[topology.members : topology.members + topology.pairs]:
        first, second = f"{member}1", f"{member}2"
        found += [(first, member, second), (second, member, first)]
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
