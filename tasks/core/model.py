"""The cluster as the inventory describes it: resolved, complete, immutable.

Who is primary of a pair is not here: that is in the snapshot, and read again when a step runs.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path, PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.secret_refs import CommandSecret as CommandSecret
from tasks.core.secret_refs import EnvSecret as EnvSecret
from tasks.core.secret_refs import FileSecret as FileSecret
from tasks.core.secret_refs import KeyringSecret as KeyringSecret
from tasks.core.secret_refs import PromptSecret as PromptSecret
from tasks.core.secret_refs import SecretRef as SecretRef
from tasks.core.wanted_ha import UNSAID_HA, WantedHa
from tasks.core.wanted_membership import UNSAID, WantedMembership
from tasks.core.wanted_notify import SILENT, WantedNotify
from tasks.core.wanted_queues import USUAL_QUEUES, WantedQueues


class Product(StrEnum):
    AMLEN = "amlen"
    MESSAGESIGHT = "messagesight"


class Via(StrEnum):
    """How REST and TLS probes reach a node's ports: see DESIGN "The way of the data"."""

    AUTO = "auto"  # tunnel, else exec, else direct
    TUNNEL = "tunnel"  # direct-tcpip through the node's SSH connection
    EXEC = "exec"  # curl and openssl s_client run on the node
    DIRECT = "direct"  # from this machine


@dataclass(frozen=True, slots=True)
class Ssh:
    """How to log in to a node. None means: what ~/.ssh/config or OpenSSH's default says."""

    user: str | None = None
    port: int | None = None
    key_file: Path | None = None
    password: SecretRef | None = None
    passphrase: SecretRef | None = None
    gateway: str | None = None  # [user@]host[:port], several hops joined by commas, first hop first
    sudo: bool = False
    sudo_password: SecretRef | None = None  # None: NOPASSWD, else `password` is tried
    known_hosts: Path | None = None  # None: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
    config: Path | None = None  # None: ~/.ssh/config
    agent: bool = True


@dataclass(frozen=True, slots=True)
class Admin:
    """The admin REST endpoint, as the node itself reaches it."""

    host: str  # the node's own host unless the inventory says otherwise
    port: int = 9089
    scheme: str = "https"  # http | https
    user: str | None = None
    password: SecretRef | None = None
    ca: Path | None = None  # None with https: the system's trust store
    verify: bool = True
    via: Via = Via.AUTO


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the product keeps its things on the node.

    keystore and truststore are None where the inventory is silent: then server.cfg decides.
    """

    data_dir: PurePosixPath  # /var/lib/amlen-server
    server_cfg: PurePosixPath
    log_dir: PurePosixPath
    keystore: PurePosixPath | None = None
    truststore: PurePosixPath | None = None


@dataclass(frozen=True, slots=True)
class ByRest:
    """Restart by POST service/restart."""


@dataclass(frozen=True, slots=True)
class BySystemd:
    unit: str


@dataclass(frozen=True, slots=True)
class ByContainer:
    engine: str  # docker | podman
    name: str


@dataclass(frozen=True, slots=True)
class ByCommand:
    argv: tuple[str, ...]


RestartBy = ByRest | BySystemd | ByContainer | ByCommand
StartBy = BySystemd | ByContainer | ByCommand


@dataclass(frozen=True, slots=True)
class Volume:
    """A directory of the host, and the path under which the container sees it."""

    host: PurePosixPath
    container: PurePosixPath

    def on_host(self, path: PurePosixPath) -> PurePosixPath | None:
        """The host's path of a file that the container has; None where it is not in the volume."""
        if not path.is_relative_to(self.container):
            return None
        return self.host / path.relative_to(self.container)


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The server's files are worked on where SSH arrives; with a volume by its path there."""

    volume: Volume | None = None


@dataclass(frozen=True, slots=True)
class ExecFiles:
    """The server's files are worked on inside the running container."""

    container: ByContainer


FilesBy = HostFiles | ExecFiles


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard limits, in seconds."""

    connect_s: float = 10.0  # TCP, banner and authentication, each
    command_s: float = 30.0  # one remote command, file transfer included
    rest_s: float = 10.0  # one REST exchange or TLS probe
    restart_s: float = 900.0  # from the restart request to the gate
    stop_s: float = 300.0  # from service/stop to the end of the process, where a manager restarts
    return_s: float = 120.0  # REST silent this long after a restart: read the log, then start the service
    join_s: float = 120.0  # settled servers may take this long to find each other
    sync_s: float = 1800.0  # HA pair back in sync
    drain_s: float = 300.0  # what waited for a restarted member has reached it
    settle_s: float = 3.0  # a gate must hold this long in a row
    poll_s: float = 1.0  # between two looks of a gate


@dataclass(frozen=True, slots=True)
class OwnGates:
    """The operator's own gates around each restart: commands of this machine, see own_gates.py."""

    before_restart: tuple[str, ...] = ()
    after_restart: tuple[str, ...] = ()
    limit_s: float = 60.0  # of each


@dataclass(frozen=True, slots=True)
class Node:
    """One server process on one host."""

    name: str
    member: str
    host: str
    product: Product
    ssh: Ssh
    admin: Admin
    paths: Paths
    restart_by: RestartBy
    start_by: StartBy
    limits: Limits
    ifix_confirmed: bool = False  # Message Gateway: the operator says that the latest iFix is there
    files_by: FilesBy = HostFiles()
    membership: WantedMembership = UNSAID
    ha: WantedHa = UNSAID_HA
    gates: OwnGates = OwnGates()

    @property
    def container(self) -> ByContainer | None:
        """The container that the server runs in, as far as the inventory tells."""
        files = self.files_by.container if isinstance(self.files_by, ExecFiles) else None
        known = (by for by in (self.restart_by, self.start_by, files) if isinstance(by, ByContainer))
        return next(known, None)


@dataclass(frozen=True, slots=True)
class Member:
    """One logical server: a node, or an HA pair. Its name is the credential set's name."""

    name: str
    nodes: tuple[Node, ...]  # 1, or 2 for a pair

    @property
    def is_pair(self) -> bool:
        return len(self.nodes) == 2


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster of the inventory."""

    key: str  # its name in the inventory
    cluster_name: str  # ClusterName as REST reports it
    credentials: Path  # folder of the credential sets on this machine
    members: tuple[Member, ...]  # in inventory order
    observer: str | None  # member name; None: the tool chooses
    retired: frozenset[str]  # ServerUIDs gone for good that the cluster still remembers
    runs_dir: Path  # where the run directories of this cluster live
    inventory: Path
    ca_folder: Path  # where a CA made here lives on this machine, apart from the sets
    disposable: bool = False
    prefer: str = "no-partition"  # no-partition | fewest-restarts: what the automatic strategy minimises
    islands: bool = False  # each product's members may start as a cluster of their own
    ca_passphrase: SecretRef | None = None  # of the CA's keys; None: asked for
    queues: WantedQueues = USUAL_QUEUES
    notify: WantedNotify = SILENT

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(node for member in self.members for node in member.nodes)

    def member(self, name: str) -> Member:
        """Raises KeyError if there is none of that name (our bug: names are checked before)."""
        return {member.name: member for member in self.members}[name]

    def node(self, name: str) -> Node:
        """Raises KeyError if there is none of that name (our bug: names are checked before)."""
        return {node.name: node for node in self.nodes}[name]
