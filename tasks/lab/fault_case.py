"""One fault, and the node that it happens to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.lab.config_file import read as read_server_cfg
from tasks.lab.layout import Lab, LabNode
from tasks.lab.sshd_files import SshdFiles


@dataclass(frozen=True, slots=True)
class FaultCase:
    """One fault on one node of one lab."""

    lab: Lab
    node: LabNode
    kept: Path  # NODE_DIR/broken/FAULT, present while the fault is in force

    @property
    def sshd(self) -> SshdFiles:
        return SshdFiles(self.node.sshd_dir, self.node.address, self.lab.ports.ssh)

    def file(self, name: str) -> Path:
        """A credential file where server.cfg says it is.

        Raises:
            UsageError: It is not there, so that nothing can happen to it.
        """
        config = read_server_cfg(self.node.server_cfg)
        folder = config.truststore if name == "Cluster_cafile.pem" else config.keystore
        path = Path(folder or "/nonexistent") / name
        if not path.exists():
            raise UsageError(
                f"there is no {name} yet in {folder}; the fault needs one",
                remedy="migrate first, so that the node has credentials: fab migrate-cluster",
                node=self.node.name,
            )
        return path


Act = Callable[[FaultCase], None]


@dataclass(frozen=True, slots=True)
class Fault:
    sentence: str
    apply: Act
    undo: Act
