"""Which HA credentials a searching node has loaded: the certificate at its discovery port.

While a pair is in sync the server closes every further connection there at once; a node that waits for
the other one shows its certificate to anybody. A handshake of ours stands in the other node's way for a
moment only: it dials again every second.
"""

from __future__ import annotations

from tasks.core.certificates import Certificate, is_builtin
from tasks.core.errors import OperatorError
from tasks.core.ha_remedies import loaded_other
from tasks.core.model import Node
from tasks.effects.run import Run, stop_line

TRIES = 5


def prove_loaded(run: Run, node: Node, *, primary: Node) -> str:
    """See that the searching node shows its new certificate.

    Returns:
        What was seen; where no handshake could be made, that files and start time must do.

    Raises:
        GateTimeout: It shows another one.
    """
    wanted = run.plan.targets[node.member].leaf_sha256
    leaf = _shown(run, node)
    if leaf is None:
        run.report.note(node.name, "shows no HA certificate: its files and its start time must do as proof")
        return f"{node.name} started after its files were placed"
    if leaf.sha256 == wanted:
        return f"{node.name} shows {leaf.sha256[:8]}"
    kind = "the BUILT-IN certificate" if is_builtin(leaf) else leaf.subject
    raise stop_line(
        node.name,
        f"its HA channel shows {kind} ({leaf.sha256[:8]}), wanted {wanted[:8]}",
        remedy=loaded_other(node.name, primary.name, run.plan.task),
    )


def _shown(run: Run, node: Node) -> Certificate | None:
    """None where it shows none within a few tries."""
    for _ in range(TRIES):
        try:
            return run.site.wire(node, run.plan.ha_addresses[node.name]).leaf
        except OperatorError:
            run.site.clock.sleep(node.limits.poll_s)
    return None
