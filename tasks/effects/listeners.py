"""Whom a messaging listener lets in: what RequireCertificates does there, seen from outside."""

from __future__ import annotations

from tasks.core.model import Node
from tasks.core.plan import Step
from tasks.core.require_certificates import messaging_address, shows_it
from tasks.core.snapshot import NodeSnapshot
from tasks.core.step_kinds import StepKind
from tasks.effects.look import look_at_node
from tasks.effects.run import RESUME, Run, stop_line
from tasks.effects.site import Site
from tasks.effects.wire import lets_strangers_in

OPEN_S = 2.0  # a visitor without a certificate that is kept so long is let in


def listener_requires(site: Site, seen: NodeSnapshot) -> bool:
    """Whether the messaging listener turns a visitor without a certificate away. One log line on the node.

    Raises:
        RemoteError: It does not answer, or not by TLS.
    """
    node = seen.node
    host, port = messaging_address(seen)
    return not lets_strangers_in(site.remote(node), host, port, via=site.admin(node).via, open_s=OPEN_S)


def prove_listeners(run: Run, step: Step) -> str:
    """Every restarted member's messaging listener does what was configured, as far as it shows it.

    Raises:
        GateTimeout: One does otherwise.
        RemoteError: One could not be asked.
    """
    value = step.target == "true"
    active = run.active_nodes()
    restarted = {each.target for each in run.plan.steps if each.kind is StepKind.RESTART}
    nodes = [run.site.cluster.node(name) for member, name in active.items() if member in restarted]
    return "; ".join(run.site.pool.map(lambda node: _prove(run, node, value=value), nodes))


def _prove(run: Run, node: Node, *, value: bool) -> str:
    seen = look_at_node(run.site, node).snapshot
    wanted = value or not shows_it(seen)
    found = listener_requires(run.site, seen)
    words = "wants certificates" if found else "lets visitors in without a certificate"
    if found is not wanted:
        raise stop_line(
            node.name,
            f"its messaging listener {words}, although RequireCertificates is {str(value).lower()}",
            remedy=f"fab cluster.show: was it changed meanwhile? Then: {RESUME}",
        )
    own = "" if shows_it(seen) else " (as ever with files of its own)"
    return f"{node.name} {words}{own}"
