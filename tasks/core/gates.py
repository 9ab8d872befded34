"""Gates: pure predicates over what was just seen. Each says whether it holds, and what it saw.

"Too healthy" fails as well: a member that fell back to the built-in pair (T2) rejoins the old
half, and only a count or a certificate that is not as planned gives it away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tasks.core.certificates import Certificate, is_builtin
from tasks.core.dataclass import dataclass
from tasks.core.plan import Counts
from tasks.core.status import NodeStatus

RUNNING, MAINTENANCE, STANDBY = 1, 9, 10
STARTED_MOVED_S = 1.0  # UpTimeSeconds is whole: a start time that moved less may be rounding


@dataclass(frozen=True, slots=True)
class Holds:
    seen: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not yet; `seen` is shown while waiting and in the error when the limit passes."""

    seen: str
    joining: bool = False  # everything holds but the counts: limits.join_s applies


@dataclass(frozen=True, slots=True)
class Broken:
    """Waiting longer cannot mend it: stop the line."""

    seen: str
    remedy: str


Verdict = Holds | Waiting | Broken


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node at one look: its status, or why there is none; its certificate, if asked for."""

    status: NodeStatus | None
    trouble: str = ""
    silent: bool = False  # nothing answers at all: stopped, starting, or dead (T1)
    served: Certificate | None = None
    served_trouble: str = ""
    accepts: tuple[str, ...] = ()  # whom it names as acceptable, with the certificate


View = Mapping[str, NodeView]  # by node name
Gate = Callable[[View], Verdict]


def restarted(node: str, *, started_before: datetime, state: int) -> Gate:
    """The node's process is a new one and has come to `state` without an error.

    Args:
        node: Its name.
        started_before: Start time (ServerTime - UpTimeSeconds) of the process before.
        state: 1 for a server that takes part, 10 for a standby.
    """

    def gate(view: View) -> Verdict:
        seen = view[node]
        if seen.status is None:
            return Waiting(_no_answer(seen))
        server = seen.status.server
        if (server.started_at - started_before).total_seconds() <= STARTED_MOVED_S:
            return Waiting(f"the old process still answers, State {server.state}")
        if server.state == MAINTENANCE:
            return Broken(
                f"came back in maintenance: State 9, ErrorCode {server.error_code} {server.error_message}",
                remedy=f"fab recover {node} says why, and brings it out of it; then fab migrate-cluster --resume",
            )
        if server.state != state:
            return Waiting(f"State {server.state} ({server.state_text}), wanted {state}")
        if server.error_code != 0:
            return Broken(
                f"State {state} with ErrorCode {server.error_code} {server.error_message}",
                remedy="fab status; read the node's imaserver-default.log before going on",
            )
        return Holds(f"a new process at State {state}")

    return gate


def _no_answer(seen: NodeView) -> str:
    return "REST is silent" if seen.silent else f"no answer from REST ({seen.trouble})"


def serves(node: str, wanted_sha256: str) -> Gate:
    """The process on the wire presents the wanted certificate: the only proof of new credentials."""

    def gate(view: View) -> Verdict:
        served = view[node].served
        if served is None:
            return Waiting(f"no certificate on the wire ({view[node].served_trouble or 'not asked yet'})")
        if served.sha256 == wanted_sha256:
            return Holds(f"{node} serves {served.sha256[:8]}")
        return Broken(_wrong_certificate(served, wanted_sha256), remedy=_wrong_remedy(served, node))

    return gate


def _wrong_certificate(served: Certificate, wanted_sha256: str) -> str:
    kind = "the BUILT-IN certificate" if is_builtin(served) else f"{served.subject}"
    return f"serves {kind} ({served.sha256[:8]}), wanted {wanted_sha256[:8]}"


def _wrong_remedy(served: Certificate, node: str) -> str:
    if is_builtin(served):
        return (
            f"the server could not open Cluster_cert.pem or Cluster_key.pem and fell back silently (T2): "
            f"fab check shows name, owner, mode and KeyStore of {node}; then fab migrate-cluster --resume"
        )
    return f"somebody else changed {node}: fab status, then fab migrate-cluster --resume or a new plan"


def accepts(node: str, wanted: tuple[str, ...]) -> Gate:
    """The process names just these as acceptable: it has loaded the CA file that was placed.

    Asked once the certificate is right; on the built-in pair a process names nobody.
    """

    def gate(view: View) -> Verdict:
        seen = view[node]
        if seen.served is None:
            return Waiting(f"no certificate on the wire ({seen.served_trouble or 'not asked yet'})")
        if set(seen.accepts) == set(wanted):
            return Holds(f"{node} trusts as planned")
        names = "; ".join(seen.accepts) or "nobody"
        return Broken(
            f"accepts clients of {names}, wanted {'; '.join(wanted) or 'nobody'}: it has not loaded the CA file "
            "that was placed",
            remedy=f"fab check shows name, owner and mode of the CA file of {node}; then fab migrate-cluster --resume",
        )

    return gate


def counts(active: Mapping[str, str], expected: Mapping[str, Counts]) -> Gate:
    """Every member shows exactly the planned counts, no more and no fewer connections.

    Args:
        active: Per member, the node that speaks for it (the primary of a pair).
        expected: Per member, connected and disconnected.
    """

    def gate(view: View) -> Verdict:
        off = []
        for member, wanted in expected.items():
            seen = _counts_text(view[active[member]])
            if seen != str(wanted):
                off.append(f"{member} {seen}, wanted {wanted}")
        if off:
            return Waiting("; ".join(off), joining=True)
        return Holds(" ".join(f"{member} {wanted}" for member, wanted in expected.items()) or "no member yet")

    return gate


def _counts_text(seen: NodeView) -> str:
    if seen.status is None:
        return _no_answer(seen)
    cluster = seen.status.cluster
    if cluster.connected is None or cluster.disconnected is None:
        return cluster.status
    if cluster.status != "Active" or seen.status.server.state != RUNNING:
        return f"{cluster.status} at State {seen.status.server.state}"
    return f"{cluster.connected}/{cluster.disconnected}"


def in_sync(primary: str, standby: str) -> Gate:
    """Both nodes of a pair say: two active, two in sync, PRIMARY here and STANDBY there."""

    def gate(view: View) -> Verdict:
        seen = {name: _ha_text(view[name]) for name in (primary, standby)}
        wanted = {primary: "PRIMARY 2/2", standby: "STANDBY 2/2"}
        off = [f"{name} {seen[name]}, wanted {wanted[name]}" for name in seen if seen[name] != wanted[name]]
        if off:
            return Waiting("; ".join(off))
        status = view[standby].status
        if status is None or status.server.state != STANDBY:
            return Waiting(f"{standby} not at State 10")
        return Holds(f"{primary} PRIMARY, {standby} STANDBY, in sync")

    return gate


def _ha_text(seen: NodeView) -> str:
    if seen.status is None:
        return _no_answer(seen)
    ha = seen.status.ha
    syncing = "" if ha.pct_sync in (None, -1) else f" {ha.pct_sync} % synced"
    reason = f" ReasonCode {ha.reason_code}" if ha.reason_code else ""
    return f"{ha.new_role} {ha.active_nodes}/{ha.sync_nodes}{syncing}{reason}"


def took_over(node: str) -> Gate:
    """The former standby is primary, at State 1 (T8: roles move and do not move back)."""

    def gate(view: View) -> Verdict:
        status = view[node].status
        if status is None:
            return Waiting(f"{node}: {_no_answer(view[node])}")
        if status.ha.new_role == "PRIMARY" and status.server.state == RUNNING:
            return Holds(f"{node} took over")
        return Waiting(f"{node} {status.ha.new_role} at State {status.server.state}, wanted PRIMARY at 1")

    return gate


def in_order(*gates: Gate) -> Gate:
    """All hold. Each is asked only when those before it hold: a certificate says nothing while
    the old process still answers.
    """

    def gate(view: View) -> Verdict:
        seen = []
        for one in gates:
            verdict = one(view)
            if not isinstance(verdict, Holds):
                return verdict
            seen.append(verdict.seen)
        return Holds("; ".join(seen))

    return gate


def any_of(first: Gate, *others: Gate) -> Gate:
    """One holds; where none does, the first one's verdict."""

    def gate(view: View) -> Verdict:
        verdict = first(view)
        if isinstance(verdict, Holds):
            return verdict
        held = (found for other in others if isinstance(found := other(view), Holds))
        return next(held, verdict)

    return gate
