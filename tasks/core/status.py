"""What a node says of itself over the admin REST API, as values."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasks.core.answer import Section, parse_object
from tasks.core.answer import StatusFault as StatusFault  # what every parser here raises
from tasks.core.dataclass import dataclass

PRODUCTION = 1  # Running (production)
MAINTENANCE = 9  # Running (maintenance)
STANDBY = 10
_SETTLED = frozenset({PRODUCTION, MAINTENANCE, STANDBY})
_LONGEST_UPTIME_S = 10**9  # more would overflow the start time


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """The server process. Decide on `state`: `status` is "Running" in four states, texts are localised."""

    name: str
    uid: str
    status: str
    state: int
    state_text: str
    server_time: datetime
    uptime_s: int
    version: str
    error_code: int
    error_message: str

    @property
    def started_at(self) -> datetime:
        """When the process started, by the node's clock; whole seconds, so it may jitter by one."""
        return self.server_time - timedelta(seconds=self.uptime_s)


@dataclass(frozen=True, slots=True)
class HaStatus:
    """High availability. Where it is disabled: empty texts, None for the numbers, reason_code 0."""

    status: str
    enabled: bool
    group: str = ""
    new_role: str = ""  # PRIMARY, STANDBY, UNSYNC, UNSYNC_ERROR, HADISABLED, UNKNOWN
    old_role: str = ""
    active_nodes: int | None = None
    sync_nodes: int | None = None
    pct_sync: int | None = None  # -1: not synchronising
    reason_code: int = 0
    reason: str = ""
    remote: str = ""  # host:port of the other node

    @property
    def in_sync(self) -> bool:
        """This node's half of it: both nodes must say so, and the standby be in State 10."""
        counts = (self.active_nodes, self.sync_nodes, self.pct_sync)
        return self.enabled and counts == (2, 2, -1) and self.new_role in ("PRIMARY", "STANDBY")


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The cluster as this node sees it; the counts exclude itself and are None while Unavailable."""

    status: str  # Initializing, Discover, Active, Standby, Removed, Inactive, Unavailable
    enabled: bool
    name: str = ""
    connected: int | None = None
    disconnected: int | None = None


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """The answer to GET service/status."""

    server: ServerStatus
    ha: HaStatus
    cluster: ClusterStatus

    @property
    def is_standby(self) -> bool:
        """State Standby, and not on its way to primary: a node keeps State 10 while it takes over."""
        return self.server.state == STANDBY and self.ha.new_role != "PRIMARY"

    @property
    def settled(self) -> bool:
        """Whether a restart now would be a clean one."""
        taking_over = self.server.state == STANDBY and not self.is_standby
        return self.server.state in _SETTLED and not taking_over

    @property
    def role(self) -> str:
        """The node's role in its pair; "SINGLE" outside a pair."""
        return self.ha.new_role if self.ha.enabled else "SINGLE"


@dataclass(frozen=True, slots=True)
class Membership:
    """ClusterMembership as configured (in force since the last restart). Empty text or None: not set."""

    enabled: bool
    cluster_name: str
    use_multicast_discovery: bool
    discovery_server_list: tuple[str, ...]  # "ip:port"
    discovery_port: int | None
    discovery_time_s: int
    control_address: str
    control_port: int
    control_external_address: str
    control_external_port: int | None
    messaging_address: str
    messaging_port: int
    messaging_external_address: str
    messaging_external_port: int | None
    messaging_use_tls: bool
    require_certificates: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages held for a remote member; discarded ones are lost."""

    buffered: int = 0
    discarded: int = 0


@dataclass(frozen=True, slots=True)
class RemoteMember:
    """Another member as this node sees it. Join on `uid`: names collide."""

    name: str
    uid: str
    status: str  # Active, Connecting (control up, forwarding not), Inactive
    health: str  # Green, Yellow, Red, Unknown
    ha_status: str  # None, Single, Pair, Standby, Error, Unknown
    reliable: Queue = Queue()
    unreliable: Queue = Queue()

    @property
    def buffered(self) -> int:
        return self.reliable.buffered + self.unreliable.buffered

    @property
    def discarded(self) -> int:
        return self.reliable.discarded + self.unreliable.discarded


def parse_status(body: bytes) -> NodeStatus:
    """Read the answer to GET service/status. Raises StatusFault; unknown keys are passed over."""
    s = parse_object(body)
    ha, cluster = s.section("HighAvailability"), s.section("Cluster")
    return NodeStatus(_server(s.section("Server")), _ha(ha), _cluster(cluster))


def parse_cluster(body: bytes) -> ClusterStatus:
    """Read the answer to GET service/status/Cluster. Raises StatusFault."""
    return _cluster(parse_object(body).section("Cluster"))


def parse_membership(body: bytes) -> Membership:
    """Read the answer to GET configuration/ClusterMembership. Raises StatusFault."""
    s = parse_object(body).section("ClusterMembership")
    seeds = s.text_or_empty("DiscoveryServerList").split(",")
    return Membership(
        enabled=s.boolean("EnableClusterMembership"),
        cluster_name=s.text_or_empty("ClusterName"),
        use_multicast_discovery=s.boolean("UseMulticastDiscovery"),
        discovery_server_list=tuple(seed.strip() for seed in seeds if seed.strip()),
        discovery_port=s.integer_or_none("DiscoveryPort"),
        discovery_time_s=s.integer("DiscoveryTime"),
        control_address=s.text_or_empty("ControlAddress"),
        control_port=s.integer("ControlPort"),
        control_external_address=s.text_or_empty("ControlExternalAddress"),
        control_external_port=s.integer_or_none("ControlExternalPort"),
        messaging_address=s.text_or_empty("MessagingAddress"),
        messaging_port=s.integer("MessagingPort"),
        messaging_external_address=s.text_or_empty("MessagingExternalAddress"),
        messaging_external_port=s.integer_or_none("MessagingExternalPort"),
        messaging_use_tls=s.boolean("MessagingUseTLS"),
        require_certificates=s.boolean("RequireCertificates"),
    )


def parse_remotes(body: bytes) -> tuple[RemoteMember, ...]:
    """Read the answer to GET monitor/Cluster: the other members. Raises StatusFault."""
    return tuple(_remote(s) for s in parse_object(body).sections("Cluster"))


def _server(s: Section) -> ServerStatus:
    uptime_s = s.integer("UpTimeSeconds")
    if not 0 <= uptime_s <= _LONGEST_UPTIME_S or s.time("ServerTime").year < 1970:
        raise StatusFault(f"Server.UpTimeSeconds is {uptime_s} at {s.text('ServerTime')}", "no such uptime")
    return ServerStatus(
        name=s.text("Name"),
        uid=s.text_or_empty("UID"),
        status=s.text_or_empty("Status"),
        state=s.integer("State"),
        state_text=s.text_or_empty("StateDescription"),
        server_time=s.time("ServerTime"),
        uptime_s=uptime_s,
        version=s.text_or_empty("Version"),
        error_code=s.integer("ErrorCode"),
        error_message=s.text_or_empty("ErrorMessage"),
    )


def _ha(s: Section) -> HaStatus:
    return HaStatus(
        status=s.text("Status"),
        enabled=s.boolean("Enabled"),
        group=s.text_or_empty("Group"),
        new_role=s.text_or_empty("NewRole"),
        old_role=s.text_or_empty("OldRole"),
        active_nodes=s.integer_or_none("ActiveNodes"),
        sync_nodes=s.integer_or_none("SyncNodes"),
        pct_sync=s.integer_or_none("PctSyncCompletion"),
        reason_code=s.integer_or_none("ReasonCode") or 0,
        reason=s.text_or_empty("ReasonString"),
        remote=s.text_or_empty("RemoteServerName"),
    )


def _cluster(s: Section) -> ClusterStatus:
    return ClusterStatus(
        status=s.text("Status"),
        enabled=s.boolean("Enabled"),
        name=s.text_or_empty("Name"),
        connected=s.integer_or_none("ConnectedServers"),
        disconnected=s.integer_or_none("DisconnectedServers"),
    )


def _remote(s: Section) -> RemoteMember:
    return RemoteMember(
        name=s.text_or_empty("ServerName"),
        uid=s.text("ServerUID"),
        status=s.text("Status"),
        health=s.text_or_empty("Health"),
        ha_status=s.text_or_empty("HAStatus"),
        reliable=_queue(s, "Reliable"),
        unreliable=_queue(s, "Unreliable"),
    )


def _queue(s: Section, key: str) -> Queue:
    if not s.has(key):
        return Queue()
    return Queue(s.section(key).integer("BufferedMsgs"), s.section(key).integer("DiscardedMsgs"))
