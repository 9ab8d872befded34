"""Everything a part of the simulated gateway needs from its surroundings."""

from __future__ import annotations

from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.lab.clock import Clock
from tasks.lab.disturbances import Disturbances
from tasks.lab.logs import Logs
from tasks.lab.requests import FILE, Requests
from tasks.lab.settings import GatewaySettings
from tasks.lab.state_file import StateFile


@dataclass(frozen=True, slots=True)
class Host:
    """The node that one gateway process runs on."""

    directory: Path
    settings: GatewaySettings
    clock: Clock
    logs: Logs
    state: StateFile
    disturbances: Disturbances
    requests: Requests

    @property
    def server_name(self) -> str:
        """Server.Name and ServerName as REST shows them."""
        return f"{self.settings.name}:{self.settings.admin_port}"

    @property
    def certificates(self) -> Path:
        """The tree that a pair keeps in step."""
        return Path(self.settings.data_dir) / "data" / "certificates"


def open_host(directory: Path, settings: GatewaySettings) -> Host:
    """The node's surroundings; writes below the node's directory."""
    return Host(
        directory=directory,
        settings=settings,
        clock=Clock(settings.speed),
        logs=Logs(Path(settings.data_dir)),
        state=StateFile(directory / "state.json", settings),
        disturbances=Disturbances(directory / "faults.json"),
        requests=Requests(directory / FILE),
    )
