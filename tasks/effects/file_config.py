"""A node's server.cfg as it lies there, and what its directory tells of the server."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.model import Node
from tasks.core.places import data_of
from tasks.core.server_cfg import ServerCfg, parse
from tasks.effects import look_scripts
from tasks.effects.file_access import ABSENT, Argument, root_of, seen_by_server, sh, understood
from tasks.effects.remote import Remote


@dataclass(frozen=True, slots=True)
class ConfigSeen:
    """server.cfg, where it really lies, and whose it is.

    Args:
        path: Of the file, without symbolic links, as all paths here but `root` as the server sees it.
        home: The product's data directory.
        data: Its `data` directory, which may be a link of its own.
        root: Below it lies everything where a script runs: a volume's directory on the host, or /.
        clock_offset_s: The node's clock minus ours.
        uid: Who our privileged commands run as.
        user: "uid:gid" that owns the certificates.
        owner: "uid:gid" that owns the file.
    """

    path: PurePosixPath
    home: PurePosixPath
    data: PurePosixPath
    root: PurePosixPath
    clock_offset_s: float
    uid: int
    user: str
    owner: str
    cfg: ServerCfg

    @property
    def keystore(self) -> PurePosixPath:
        """As it is in force; a path that cannot exist where none is."""
        return self.cfg.keystore or ABSENT

    @property
    def truststore(self) -> PurePosixPath:
        return self.cfg.truststore or ABSENT


def read_config(remote: Remote) -> ConfigSeen:
    """Read it, and measure the node's clock meanwhile.

    Raises:
        RemoteError: It is not there or not readable, or a symbolic link leads out of the volume.
    """
    asked_at = time.time()
    done = sh(remote, look_scripts.READ_CFG, *config_args(remote.node), what="read server.cfg")
    with understood(remote, "read server.cfg"):
        head, _, content = done.stdout.partition(END_OF_FACTS)
        return config_of(remote.node, head, content, asked_at=asked_at)


END_OF_FACTS = b"\n---\n"  # a line of its own: a name may end like it


def config_args(node: Node) -> tuple[Argument, ...]:
    """What every script begins with that prints server.cfg."""
    return (node.paths.server_cfg, node.paths.data_dir, data_of(node), str(root_of(node)))


def config_of(node: Node, head: bytes, content: bytes, *, asked_at: float) -> ConfigSeen:
    """From the facts that were printed of it, and the file.

    Raises:
        ValueError, LookupError, OverflowError: That is not what our scripts print.
        RemoteError: A symbolic link leads out of the volume.
    """
    facts = dict(line.split(" ", 1) for line in head.decode().split("\n"))
    path, home, data = (
        seen_by_server(node, PurePosixPath(facts[name]), root=PurePosixPath(facts["root"]))
        for name in ("path", "home", "data")
    )
    return ConfigSeen(
        path=path,
        home=home,
        data=data,
        root=PurePosixPath(facts["root"]),
        clock_offset_s=float(facts["now"]) + 0.5 - (asked_at + time.time()) / 2,
        uid=int(facts["uid"]),
        user=facts["user"],
        owner=facts["cfgowner"],
        cfg=parse(content.decode("utf-8", "surrogateescape")),
    )
