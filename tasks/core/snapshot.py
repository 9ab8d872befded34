"""What was seen of the cluster at one moment; anything that could not be seen says why.

Nothing here is a decision: `checks.py` judges, `plan.py` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from pathlib import PurePosixPath

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.file_names import ABSENT
from tasks.core.model import Cluster, Member, Node
from tasks.core.server_cfg import ServerCfg
from tasks.core.services import ContainerSeen
from tasks.core.status import Membership, NodeStatus, RemoteMember

CONTROL_PORT = 9104


@dataclass(frozen=True, slots=True)
class Unseen:
    """A look that failed: the error's text and its remedy."""

    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FileState:
    """One file on a node; sha256 is None where it does not exist."""

    path: PurePosixPath
    sha256: str | None
    owner: str = ""  # "uid:gid"
    mode: str = ""  # octal, "600"
    readable: bool = False  # by the service user
    changed_at: float = 0.0  # ctime by the node's clock, seconds since the epoch
    label: str = ""  # SELinux context; "" where there is none

    @property
    def exists(self) -> bool:
        return self.sha256 is not None

    def is_as(self, wanted: str) -> bool:
        """Whether it has that SHA-256, or is ABSENT if that is what is wanted."""
        return (self.sha256 or ABSENT) == wanted


@dataclass(frozen=True, slots=True)
class HaFiles:
    """The credentials of the HA channel: HA_cert.pem, HA_key.pem, HA_cafile.pem, by name."""

    files: Mapping[str, FileState] = field(default_factory=dict)
    ca_pem: bytes = b""
    cert_pem: bytes = b""
    trust_extras: frozenset[str] = frozenset()  # "crl": HA_crl/crl.pem; "capath": something in HA_capath
    crl: bytes = b""  # HA_crl/crl.pem, PEM or DER; b"" if it is not there or cannot be read
    crl_file: FileState | None = None  # the same file; None where nobody looked


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """What lies on a node: its server.cfg by the real rules, and the files it points to."""

    clock_offset_s: float  # node's clock minus ours
    cfg_path: PurePosixPath  # resolved: a legacy path may be a symlink
    cfg: ServerCfg
    cfg_sha256: str
    keystore: PurePosixPath | None  # effective: as server.cfg says
    truststore: PurePosixPath | None
    service_user: str  # "uid:gid" that owns the certificates
    acting: str  # "uid:gid" that our file operations run as
    login_uid: int  # who our privileged commands run as
    files: Mapping[str, FileState]  # by name: Cluster_cert.pem, Cluster_key.pem, Cluster_cafile.pem
    ca_pem: bytes  # the CA file's content, b"" if there is none
    cert_pem: bytes
    others: tuple[str, ...]  # further entries of the keystore
    crl_present: bool
    free_bytes: int
    target_fault: str | None  # why staged files could not be renamed into place, None if they can
    work_entries: tuple[str, ...]  # what earlier runs of ours left on the node
    restart_marker: str = "free"  # of /tmp/.restart_inited (T5): free | stale | unwritable | full
    ha: HaFiles = HaFiles()
    real: Mapping[PurePosixPath, PurePosixPath] = field(default_factory=dict)  # without symbolic links
    crl: bytes = b""  # Cluster_crl/crl.pem, PEM or DER; b"" if it is not there or cannot be read
    crl_file: FileState | None = None  # the same file; None where nobody looked

    def resolved(self, path: PurePosixPath) -> PurePosixPath:
        """Where a path of the inventory or of server.cfg really leads."""
        return self.real.get(path, path)


@dataclass(frozen=True, slots=True)
class Wire:
    """What a handshake with the control port showed."""

    chain: tuple[Certificate, ...]
    client_cas: tuple[str, ...]
    protocol: str
    address: str  # host:port that was asked

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One node. `wire` is None where nothing should be listening (a standby)."""

    node: Node
    via: str
    files: NodeFiles | Unseen
    status: NodeStatus | Unseen
    membership: Membership | Unseen
    remotes: tuple[RemoteMember, ...] | Unseen | None
    wire: Wire | Unseen | None
    sshd: Unseen | None = None  # set when the node could not be reached at all
    start_trouble: str | None = None  # why the service manager could not start the server
    container: ContainerSeen | Unseen | None = None  # None where the inventory names none

    @property
    def control_address(self) -> tuple[str, int]:
        """Where the control port listens: as REST names it, else the node's host and the default port."""
        if isinstance(self.membership, Unseen):
            return self.node.host, CONTROL_PORT
        return self.membership.control_address or self.node.host, self.membership.control_port


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every node of the cluster, by name, and when it was looked at."""

    cluster: Cluster
    taken_at: datetime
    nodes: Mapping[str, NodeSnapshot] = field(default_factory=dict)

    def active(self, member: Member) -> NodeSnapshot:
        """The node that speaks for the member: the primary of a pair, or the only one."""
        for node in member.nodes:
            seen = self.nodes[node.name]
            status = seen.status
            if not isinstance(status, NodeStatus) or status.is_standby:
                continue
            if not member.is_pair or status.ha.new_role == "PRIMARY":
                return seen
        return self.nodes[member.nodes[0].name]

    def standby(self, member: Member) -> NodeSnapshot | None:
        """The other node of a pair; None for a single member."""
        if not member.is_pair:
            return None
        active = self.active(member).node.name
        return next(self.nodes[node.name] for node in member.nodes if node.name != active)
