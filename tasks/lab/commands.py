"""What the lab's tasks do: bring it up, break it, rehearse a migration on it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.model import Product
from tasks.core.nearest import one_of
from tasks.core.text_table import TextTable
from tasks.lab.faults import FAULTS, break_node, mend
from tasks.lab.health import LabStatus, status
from tasks.lab.layout import Lab, Topology
from tasks.lab.lifecycle import down, up
from tasks.lab.topology import ServiceManager


@dataclass(frozen=True, slots=True)
class Request:
    """A topology as the command line gives it."""

    members: int
    pairs: int
    speed: float
    bastion: bool = False
    product: str = "amlen"
    secured: bool = True
    formed: bool = True
    paired: bool = True
    joining: int = 0
    secured_ha: bool = False
    legacy: int = 0
    legacy_version: str = "5.0"
    service: str = "script"

    def topology(self) -> Topology:
        """Raises UsageError for a word that no lab knows."""
        if self.product not in tuple(Product):
            raise UsageError(f"--product {self.product} is unknown", remedy=one_of(self.product, Product))
        return Topology(
            members=self.members,
            pairs=self.pairs,
            speed=self.speed,
            bastion=self.bastion,
            product=Product(self.product),
            secured=self.secured,
            formed=self.formed,
            paired=self.paired,
            joining=self.joining,
            secured_ha=self.secured_ha,
            legacy=self.legacy,
            legacy_version=_legacy_version(self.legacy_version),
            service=_service(self.service),
        )


def _legacy_version(text: str) -> Literal["5.0", "2.0"]:
    match text:
        case "5.0" | "2.0":
            return text
    raise UsageError(f"--legacy-version {text} is unknown", remedy=one_of(text, ("5.0", "2.0")))


def _service(text: str) -> ServiceManager:
    match text:
        case "script" | "systemd" | "docker" | "podman":
            return text
    raise UsageError(
        f"--service {text} is unknown", remedy=one_of(text, ("script", "systemd", "docker", "podman"))
    )


def bring_up(directory: str, request: Request) -> Lab:
    return up(Path(directory), request.topology())


def bring_down(directory: str) -> None:
    down(Path(directory))


def lab_status(directory: str) -> LabStatus:
    """Every process of the lab."""
    return status(Path(directory))


def lab_table(directory: str) -> TextTable:
    """The same, to be looked at."""
    seen = lab_status(directory)
    places = seen.nodes if seen.bastion is None else (*seen.nodes, seen.bastion)
    rows = tuple(
        (p.name, p.address, _pid(p.sshd_pid), _pid(p.supervisor_pid), _pid(p.gateway_pid)) for p in places
    )
    title = f"{seen.directory}: {'running' if seen.is_running else 'down'}"
    return TextTable(title, ("NODE", "ADDRESS", "SSHD", "START SCRIPT", "GATEWAY"), rows)


def _pid(pid: int | None) -> str:
    return "-" if pid is None else str(pid)


def faults_table() -> TextTable:
    return TextTable("faults of lab.break", ("FAULT", "WHAT HAPPENS"), tuple(FAULTS.items()))


def break_one(directory: str, node: str, fault: str) -> None:
    break_node(Path(directory), node, fault)


def mend_one(directory: str, node: str, fault: str) -> tuple[str, ...]:
    return mend(Path(directory), node, fault or None)
