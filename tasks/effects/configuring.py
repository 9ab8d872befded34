"""Configure: POST a node's configuration, and read back that it took it. In force after a restart."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.errors import RemoteError
from tasks.core.plan import Step, Value
from tasks.effects.run import RESUME, Run


def configure(run: Run, step: Step) -> str:
    """Make the node's configuration say what the plan says; what it says already is not sent again.

    Raises:
        RemoteError: The server refuses it, or shows something else afterwards.
    """
    node = run.site.cluster.node(step.target)
    admin = run.admin(node)
    sent = 0
    for name, wanted in run.plan.posts[step.id].items():
        change = differing(admin.configuration(name), wanted)
        if not change:
            continue
        admin.post_configuration({name: change})
        sent += len(change)
        left = differing(admin.configuration(name), wanted)
        if left:
            raise RemoteError(
                f"{name} was accepted, but reads back with another {', '.join(sorted(left))}",
                node=node.name,
                remedy=f"fab cluster.show; {RESUME}",
            )
    return f"{sent} settings changed; in force after the next restart" if sent else "configured so already"


def differing(seen: Mapping[str, object], wanted: Mapping[str, Value]) -> dict[str, Value]:
    """The wanted settings that the node has otherwise; unset is unset, whether null or empty."""
    return {key: value for key, value in wanted.items() if not _same(seen.get(key), value)}


def _same(seen: object, wanted: Value) -> bool:
    if wanted is None or wanted == "":
        return seen is None or seen == ""
    return seen == wanted and isinstance(seen, bool) is isinstance(wanted, bool)
