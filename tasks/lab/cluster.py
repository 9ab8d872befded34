"""The gateway's part in its cluster: credentials, listeners, and Cluster.Status over time."""

from __future__ import annotations

from OpenSSL import SSL

from tasks.lab import membership, timeline, tls
from tasks.lab.config_file import ServerConfig
from tasks.lab.control import Control, Identity
from tasks.lab.host import Host
from tasks.lab.messaging import Messaging
from tasks.lab.state_file import Address

_UNCOUNTED = frozenset({"Inactive", "Unavailable"})


class ClusterPart:
    """Built at process start from the membership of that moment; changes wait for the next start."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._membership = membership.complete(host.state.now.membership)
        self._credentials: tls.Credentials | None = None
        self._config = ServerConfig(None, None)
        self._messages_context: SSL.Context | None = None
        self._messaging: Messaging | None = None
        self._ha_status = "None"
        self.control: Control | None = None
        self.status = "Initializing" if self.enabled else "Inactive"

    @property
    def enabled(self) -> bool:
        """As this process started; the configuration may say otherwise by now."""
        return bool(self._membership["EnableClusterMembership"])

    def counts(self) -> tuple[int, int] | None:
        """(connected, disconnected), or None in a status that shows none."""
        if self.status in _UNCOUNTED:
            return None
        return self.control.counts() if self.control is not None else (0, 0)

    def load(self, config: ServerConfig) -> None:
        """Find the credentials and make the messaging listener's context.

        Raises:
            ContextRefused: OpenSSL refuses the files.
        """
        self._config = config
        if self.enabled:
            self._credentials = self._find_credentials()
            needed = self._credentials.user or bool(self._membership["RequireCertificates"])
            self._trace_context("!Forwarder", self._credentials, server=True)
            self._messages_context = tls.acceptor(self._credentials, require_certificate=needed)

    def listen_for_messages(self, *, standby: bool) -> None:
        """Open 9105; a node that may become a standby waits with it."""
        if self._messages_context is not None and self._messaging is None and not standby:
            address = self._address("Messaging")
            self._messaging = Messaging(self._host, address, context=self._messages_context)

    def initialize(self) -> None:
        self.status = "Initializing" if self.enabled else "Inactive"

    def join(self) -> None:
        """Open 9104, dial the others, and wait for them as long as DiscoveryTime allows."""
        if not self.enabled:
            return
        self.listen_for_messages(standby=False)
        try:
            contexts = self._contexts()
        except tls.ContextRefused as refused:
            self._host.logs.trace("ConnectionHandler", f"The SSL/TLS context could not be created: {refused}")
            self.status = "Unavailable"
            return
        self.control = Control(self._host, self._identity(contexts))
        self.control.announce(ha_status=self._ha_status)
        self.status = "Discover"
        self._host.clock.sleep(timeline.DISCOVER_AT_LEAST_S)
        self.control.discover(limit_s=float(self._membership["DiscoveryTime"]))

    def activate(self) -> None:
        """Discovery is over."""
        if self.control is not None:
            self.status = "Active"

    def forward(self) -> None:
        """State 1 is reached: forwarding comes up a moment later."""
        if self.control is not None:
            self.control.forward()

    def stand_by(self) -> None:
        self.status = "Standby" if self.enabled else "Inactive"

    def announce(self, *, ha_status: str) -> None:
        """Tell the others how this member's pair is."""
        changed, self._ha_status = ha_status != self._ha_status, ha_status
        if changed and self.control is not None:
            self.control.announce(ha_status=ha_status)

    def leave(self) -> None:
        """Close every connection and both ports; nothing is counted from now on."""
        self.status = "Unavailable" if self.enabled else "Inactive"
        for part in (self.control, self._messaging):
            if part is not None:
                part.stop()

    def _find_credentials(self) -> tls.Credentials:
        settings = self._host.settings
        builtin = (settings.builtin_cert, settings.builtin_key)
        if self._host.disturbances.has("fallback"):
            return tls.Credentials(*builtin, user=False, truststore=self._config.truststore)
        return tls.find_credentials(self._config, builtin=builtin)

    def _contexts(self) -> tuple[SSL.Context, SSL.Context] | None:
        """The control channel's, from the files as they are now; None where it is clear text."""
        policy = self._config.control_tls_policy
        if policy == 2 or (policy == 3 and not self._membership["MessagingUseTLS"]):
            return None
        credentials = self._find_credentials()
        self._trace_context("RUM_Incoming", credentials, server=True)
        accepting = tls.acceptor(credentials, require_certificate=True)
        self._trace_context("RUM_Outgoing", credentials, server=False)
        return accepting, tls.dialer(credentials)

    def _trace_context(self, endpoint: str, credentials: tls.Credentials, *, server: bool) -> None:
        self._host.logs.trace("ssl.c", credentials.trace_line(endpoint, server=server))

    def _address(self, kind: str, *, external: bool = False) -> Address:
        """Where the Control or Messaging endpoint listens, or is dialed from outside."""
        host = self._membership[f"{kind}Address"] or self._host.settings.address
        port = self._membership[f"{kind}Port"]
        if external:
            host = self._membership[f"{kind}ExternalAddress"] or host
            port = self._membership[f"{kind}ExternalPort"] or port
        return str(host), int(port)

    def _identity(self, contexts: tuple[SSL.Context, SSL.Context] | None) -> Identity:
        state = self._host.state.now
        outside = self._address("Control", external=True)
        peer = state.availability.get("RemoteDiscoveryNIC") if state.availability["EnableHA"] else None
        current = membership.complete(state.membership)
        return Identity(
            uid=state.uid,
            cluster=str(current["ClusterName"]),
            listens_on=self._address("Control"),
            addresses=(outside, (str(peer), outside[1])) if peer else (outside,),
            seeds=membership.seeds(current),
            contexts=contexts,
        )
