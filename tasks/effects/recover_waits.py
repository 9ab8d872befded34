"""The gates of a recovery, held with a clock and limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tasks.core.dataclass import dataclass
from tasks.core.errors import GateTimeout, OperatorError, RemoteError
from tasks.core.gates import Gate, View
from tasks.core.model import Node
from tasks.core.recovery import next_of
from tasks.core.recovery_gates import is_well, up_again
from tasks.core.recovery_process import Process
from tasks.core.server_log import DEFAULT_LOG, dead_admin_lines
from tasks.core.status import NodeStatus
from tasks.effects.recover_look import Scene, look_at_processes
from tasks.effects.reporting import Reporter
from tasks.effects.run import Stop
from tasks.effects.server_logs import tail_of_log
from tasks.effects.service import start
from tasks.effects.site import Address, Site
from tasks.effects.wait import QUICK_S, Waits, Watch, hold

_LOOKS = 24  # within `return_s` a silent server is looked at so often


@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery at work: the node, whom to tell, and whether the operator wants to stop."""

    site: Site
    scene: Scene
    report: Reporter
    stop: Stop

    @property
    def node(self) -> Node:
        return self.scene.sight.node

    @property
    def then(self) -> str:
        """What the operator types next, once the node is sound."""
        return next_of(self.scene.sight.run)

    def waiting(self, awaited: str) -> Callable[[str, float], None]:
        return lambda seen, left_s: self.report.waiting(self.node.name, awaited, seen, left_s=left_s)

    def status(self) -> NodeStatus:
        return self.site.admin(self.node).status()

    def hold(
        self,
        gate: Gate,
        awaited: str,
        *,
        address: Address | None = None,
        nudge: Callable[[View, float], None] | None = None,
    ) -> str:
        """Hold a gate on the cluster, with the limits of a restart; the node's certificate is asked for at `address`.

        Raises:
            GateTimeout: A limit passed. Interrupted: the operator asked to stop.
        """
        node, limits = self.node, self.node.limits
        addresses = {node.name: address} if address else {}
        watch = Watch(
            awaited=awaited,
            node=node.name,
            look=lambda: self.site.view(addresses, probe=frozenset(addresses)),
            report=self.waiting(awaited),
            stopping=self.stop.requested,
            nudge=nudge or (lambda view, waited_s: None),
            remedy=f"read imaserver-default.log of {node.name}; then: fab recover {node.name}",
        )
        waits = Waits(limits.restart_s, limits.join_s, limits.settle_s, limits.poll_s, QUICK_S)
        return hold(gate, watch, waits=waits, clock=self.site.clock)

    def await_return(self, *, started_before: datetime) -> NodeStatus:
        """After a restart by the server itself: State 1, 9 or 10. One that it leaves down (T5: a stale marker) is
        started once it has been silent for `return_s` and no process is there.

        Args:
            started_before: Start of the process that is not to count.
        """
        return self._await(started_before, self._keep_started(self.node.limits.return_s))

    def await_settled(self) -> NodeStatus:
        """After a start: State 1, 9 or 10. It is started again where no process is there: a start that comes while
        its manager still has the former one does nothing.
        """
        return self._await(None, self._keep_started(self.node.limits.return_s / _LOOKS))

    def _await(self, started_before: datetime | None, nudge: Callable[[View, float], None]) -> NodeStatus:
        seen = self.hold(up_again(self.node.name, started_before=started_before), "its return", nudge=nudge)
        self.report.note(self.node.name, seen)
        return self.status()

    def require_well(self, status: NodeStatus) -> None:
        """Raises GateTimeout where it came back in maintenance, or with an error."""
        if not is_well(status):
            server = status.server
            raise GateTimeout(
                f"it is back, at State {server.state} with ErrorCode {server.error_code} {server.error_message}",
                node=self.node.name,
                remedy=f"fab recover {self.node.name} looks again",
            )

    def start(self) -> None:
        """Have the service manager start it. Raises RemoteError: nothing runs, and `fab recover` starts it again."""
        try:
            start(self.site.remote(self.node))
        except RemoteError as error:
            raise RemoteError(
                f"its process has ended, and it is down: {error.problem}",
                node=self.node.name,
                remedy=f"mend what the message names, then: fab recover {self.node.name} (which starts it)",
            ) from error

    def _processes(self) -> tuple[Process, ...] | None:
        """None where nothing can be said: the connection is made anew at the next look."""
        try:
            return look_at_processes(self.site.remote(self.node), self.scene.sight.seen.files).found
        except OperatorError:
            return () if self.node.container else None  # nothing can be run in one that is down

    def _keep_started(self, after_s: float) -> Callable[[View, float], None]:
        """Start it where it was silent for so long and nothing runs; look again after as long."""
        node = self.node
        due_s = after_s

        def nudge(view: View, waited_s: float) -> None:
            nonlocal due_s
            if not view[node.name].silent:
                due_s = waited_s + after_s
            if waited_s < due_s:
                return
            due_s = waited_s + after_s
            found = self._processes()
            if found == ():
                self.report.note(node.name, "silent, and no process is there: asking for its start")
                self.start()
            elif found and not found[0].listening:
                self._stop_if_dead(found[0].started_at)

        return nudge

    def _stop_if_dead(self, started_at: datetime) -> None:
        lines = dead_admin_lines(tail_of_log(self.site.remote(self.node), DEFAULT_LOG), since=started_at)
        if lines:
            raise GateTimeout(
                "started again, and again it listens on nothing (T1); its log says: "
                + " | ".join(lines[-2:]),
                node=self.node.name,
                remedy=f"fab recover {self.node.name} --plan shows what lies there",
            )
