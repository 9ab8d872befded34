"""What is asked of a node's admin REST API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from tasks.core.answer import StatusFault, parse_object
from tasks.core.model import Node, SecretRef, Via
from tasks.core.secret import SecretStr
from tasks.core.status import (
    ClusterStatus,
    Membership,
    NodeStatus,
    RemoteMember,
    parse_cluster,
    parse_membership,
    parse_remotes,
    parse_status,
)
from tasks.effects.direct import dial_directly
from tasks.effects.remote import Remote
from tasks.effects.rest import Answer, Ask, Endpoint, RestRejected, Transport, basic
from tasks.effects.rest_exec import ExecTransport
from tasks.effects.rest_failures import Failures
from tasks.effects.route import Route

T = TypeVar("T")
Secrets = Callable[[SecretRef], SecretStr]

_DONE = "CWLNA6011"
_NOT_ON_A_STANDBY = "CWLNA0130"


class AdminApi:
    """The admin REST API of one node.

    Each method is one exchange within `limits.rest_s` (by way of `exec` SSH may add 5 s) and raises
    a RestError subclass with the node's name, what was asked, what was seen, and a remedy.

    Args:
        remote: The node, for `tunnel` and `exec`.
        secrets: Turns a secret's reference into its value; asked before the first exchange.
    """

    def __init__(self, remote: Remote, *, secrets: Secrets) -> None:
        self._remote = remote
        self._secrets = secrets
        self._route = Route(remote.node.admin.via)
        self._transports: dict[Via, Transport] = {}

    @property
    def via(self) -> Via:
        """The way in use; AUTO until the first answer came."""
        return self._route.via

    @property
    def unverified(self) -> bool:
        """Whether the endpoint's TLS certificate is not looked at: each run says so."""
        admin = self._remote.node.admin
        return admin.scheme == "https" and not admin.verify

    def status(self) -> NodeStatus:
        return self._read(Ask("GET", "service/status"), parse_status)

    def cluster(self) -> ClusterStatus:
        return self._read(Ask("GET", "service/status/Cluster"), parse_cluster)

    def membership(self) -> Membership:
        return self._read(Ask("GET", "configuration/ClusterMembership"), parse_membership)

    def configuration(self, name: str) -> Mapping[str, object]:
        """A configuration object as it is set (in force since the last restart), by its keys."""
        return self._read(
            Ask("GET", f"configuration/{name}"), lambda body: dict(parse_object(body).section(name).value)
        )

    def remotes(self) -> tuple[RemoteMember, ...] | None:
        """The other members as this node sees them; None from a standby, which knows of none."""
        try:
            return self._read(Ask("GET", "monitor/Cluster"), parse_remotes)
        except RestRejected as error:
            if error.code == _NOT_ON_A_STANDBY:
                return None
            raise

    def restart(self) -> None:
        """Ask the server to restart; it acts 3 s later, and goes on answering until then."""
        self._post("service/restart", {"Service": "Server"})

    def leave_maintenance(self) -> None:
        """Ask the server to restart out of maintenance; it acts as `restart` does."""
        self._post("service/restart", {"Service": "Server", "Maintenance": "stop"})

    def stop(self) -> None:
        """Ask the server to stop; it does not come back by itself."""
        self._post("service/stop", {"Service": "Server"})

    def post_configuration(self, change: Mapping[str, object]) -> None:
        """Merge `change` into the configuration; cluster settings take a restart to be in force."""
        self._post("configuration", change)

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()

    def _read(self, ask: Ask, parse: Callable[[bytes], T]) -> T:
        answer = self._ask(ask)
        try:
            return parse(answer.body)
        except StatusFault as fault:
            raise self._failures(ask).garbage(f"HTTP 200 with {fault}") from fault

    def _post(self, path: str, change: Mapping[str, object]) -> None:
        ask = Ask("POST", path, json.dumps(change).encode())
        if self._read(ask, _code) != _DONE:
            raise self._failures(ask).garbage(f"HTTP 200 with another code than {_DONE}")

    def _ask(self, ask: Ask) -> Answer:
        answer = self._route.go(lambda way: self._transport(way).ask(ask))
        if answer.status == 200:
            return answer
        failures = self._failures(ask)
        raise failures.unauthorized() if answer.status == 401 else failures.rejected(answer)

    def _failures(self, ask: Ask) -> Failures:
        return Failures(_endpoint(self._remote.node), ask, self.via)

    def _transport(self, way: Via) -> Transport:
        if way not in self._transports:
            self._transports[way] = _carry(self._remote, way, secrets=self._secrets)
        return self._transports[way]


def _carry(remote: Remote, way: Via, *, secrets: Secrets) -> Transport:
    node = remote.node
    admin = node.admin
    endpoint = _endpoint(node, secrets=secrets)
    if way is Via.EXEC:
        return ExecTransport(endpoint, remote)
    from tasks.effects.rest_sockets import (
        SocketTransport,  # here: it comes with requests, and SSH needs not wait
    )

    if way is Via.TUNNEL:
        return SocketTransport(
            endpoint, via=way, dial=lambda limit_s: remote.dial(admin.host, admin.port, limit_s=limit_s)
        )
    return SocketTransport(
        endpoint,
        via=way,
        dial=lambda limit_s: dial_directly(admin.host, admin.port, limit_s=limit_s, node=node.name),
    )


def _endpoint(node: Node, *, secrets: Secrets | None = None) -> Endpoint:
    admin = node.admin
    authorization = None
    if admin.user is not None:
        password = secrets(admin.password).get_secret_value() if secrets and admin.password else ""
        authorization = basic(admin.user, password)
    return Endpoint(node.name, admin, node.limits.rest_s, authorization)


def _code(body: bytes) -> str:
    return parse_object(body).text_or_empty("Code")
