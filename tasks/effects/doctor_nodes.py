"""How far each node can be reached: all at once, each layer within the limits of the inventory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from tasks.core.dataclass import dataclass
from tasks.core.doctor_nodes import COMMAND, REST, SSH, SUDO, TCP, Reach, Stop, first_layer
from tasks.core.errors import OperatorError, RemoteError, UsageError
from tasks.core.model import Node, Via
from tasks.effects.admin import AdminApi
from tasks.effects.doctor_secrets import QuietSecrets
from tasks.effects.pool import Pool
from tasks.effects.remote import Remote
from tasks.effects.ssh import Connections

_MOST_AT_ONCE = 64


def reach_all(nodes: Sequence[Node], secrets: QuietSecrets) -> tuple[Reach, ...]:
    """One look at each; a dead one costs its own limits only."""
    workers = max(1, min(len(nodes), _MOST_AT_ONCE))
    with Connections(secrets=secrets.resolve) as connections, Pool(workers=workers) as pool:
        return pool.map(lambda node: _reach(node, connections, secrets), nodes)


def _reach(node: Node, connections: Connections, secrets: QuietSecrets) -> Reach:
    nothing = Reach(node.name, (), (), "", None)
    try:
        look = _Look(connections.remote(node), connections, secrets)
    except RemoteError as error:  # the SSH configuration cannot be used
        return replace(nothing, stops=(_stop(SSH, error),))
    seen = look.by_ssh(nothing)
    if COMMAND in seen.passed or node.admin.via is Via.DIRECT:
        seen = look.by_rest(seen)
    return seen


@dataclass(frozen=True, slots=True)
class _Look:
    """One node, layer by layer; each adds to what was seen."""

    remote: Remote
    connections: Connections
    secrets: QuietSecrets

    def by_ssh(self, seen: Reach) -> Reach:
        asked_at = time.time()
        try:
            done = self.remote.run(("date", "-u", "+%s"))
        except OperatorError as error:
            return self._stopped(seen, error)
        seen = replace(seen, passed=(TCP, SSH, COMMAND))
        if done.exit_status == 0 and done.text.strip().isdecimal():
            answered_at = time.time()
            offset_s = int(done.text) + 0.5 - (asked_at + answered_at) / 2
            seen = replace(seen, offset_s=offset_s, error_s=0.5 + (answered_at - asked_at) / 2)
        if self.remote.node.ssh.sudo:
            return _with(seen, SUDO, lambda: self.remote.run(("true",), privileged=True))
        return seen

    def _stopped(self, seen: Reach, error: OperatorError) -> Reach:
        if self.connections.logged_in(self.remote.node):
            return replace(seen, passed=(TCP, SSH), stops=(_stop(COMMAND, error),))
        return replace(seen, stops=(_stop(first_layer(error.problem), error),))

    def by_rest(self, seen: Reach) -> Reach:
        admin = AdminApi(self.remote, secrets=self.secrets.resolve)
        try:
            seen = _with(seen, REST, admin.status)
            return replace(seen, via=admin.via.value) if REST in seen.passed else seen
        finally:
            admin.close()


def _with(seen: Reach, layer: str, ask: Callable[[], object]) -> Reach:
    try:
        ask()
    except OperatorError as error:
        return replace(seen, stops=(*seen.stops, _stop(layer, error)))
    return replace(seen, passed=(*seen.passed, layer))


def _stop(layer: str, error: OperatorError) -> Stop:
    """A UsageError here is about a secret: the secret's own row says what is wrong with it."""
    return Stop(layer, error.problem, error.remedy, asks=isinstance(error, UsageError))
