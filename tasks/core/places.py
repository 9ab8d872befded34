"""Where our own files lie on a node, and the names of the credential files.

Work directories stand outside `data/certificates` (HA sync replaces that tree, T7) and on the
same file system as the target, so that a rename can make a staged file live. Both follow from where
a path really leads: a legacy data directory may be a symbolic link, as may anything below it.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.model import Node

WORK_NAME = ".fab-tls"


def data_of(node: Node) -> PurePosixPath:
    """The product's `data` directory: server.cfg is `data/config/server.cfg`."""
    return node.paths.data_dir / "data"


def work_dir(data: PurePosixPath, target: PurePosixPath) -> PurePosixPath:
    """Where files on their way to the directory `target` are staged.

    Args:
        data: The product's `data` directory; like `target`, without symbolic links.
    """
    return (data if target.is_relative_to(data) else target) / WORK_NAME


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one run on one node."""

    keystore: PurePosixPath
    truststore: PurePosixPath
    server_cfg: PurePosixPath
    key_stage: PurePosixPath  # staged key and certificate
    ca_stage: PurePosixPath  # staged CA file
    cfg_stage: PurePosixPath  # staged server.cfg
    backup: PurePosixPath

    @property
    def stages(self) -> tuple[PurePosixPath, ...]:
        return tuple(dict.fromkeys((self.key_stage, self.ca_stage, self.cfg_stage)))


def places(
    data: PurePosixPath,
    *,
    run: str,
    keystore: PurePosixPath,
    truststore: PurePosixPath,
    cfg: PurePosixPath,
) -> Places:
    """All paths without symbolic links, so that no link is ever replaced by what it stands for.

    Source: DESIGN "Placing" and "On the nodes".
    """
    home = data / WORK_NAME / run
    return Places(
        keystore=keystore,
        truststore=truststore,
        server_cfg=cfg,
        key_stage=work_dir(data, keystore) / run / "stage",
        ca_stage=work_dir(data, truststore) / run / "stage",
        cfg_stage=work_dir(data, cfg.parent) / run / "stage",
        backup=home / "backup",
    )
