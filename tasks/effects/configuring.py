"""Configure: POST a node's configuration, and read back that it took it. In force after a restart."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tasks.core.errors import RemoteError
from tasks.core.membership_keys import OBJECT, REPLICATED
from tasks.core.model import Node
from tasks.core.plan import Step, Value
from tasks.effects.lock import operator
from tasks.effects.rest import RestRejected
from tasks.effects.run import RESUME, Run

NOT_ON_A_STANDBY = "CWLNA0382"


def configure(run: Run, step: Step) -> str:
    """Make the node's configuration say what the plan says; what it says already is not sent again.

    Raises:
        RemoteError: The server refuses it, or shows something else afterwards.
    """
    node = run.site.cluster.node(step.target)
    admin = run.admin(node)
    sent = 0
    for name, wanted in run.plan.posts[step.id].items():
        before = admin.configuration(name)
        change = differing(before, wanted)
        if change:
            run.write("noted", step, seen=_change_text(name, before, change), by=operator())
            _post(run, node, name, change)
            sent += len(change)
            _require_taken(node, name, differing(admin.configuration(name), wanted))
        if name == OBJECT:
            _await_standby(run, node, {key: wanted[key] for key in REPLICATED if key in wanted})
    return f"{sent} settings changed; in force after the next restart" if sent else "configured so already"


def _change_text(name: str, before: Mapping[str, object], change: Mapping[str, Value]) -> str:
    """For the journal, right before it is sent: what was and what is to be."""
    return f"{name}: " + ", ".join(
        f"{k} {json.dumps(before.get(k))} -> {json.dumps(v)}" for k, v in change.items()
    )


def _post(run: Run, node: Node, name: str, change: Mapping[str, Value]) -> None:
    try:
        run.admin(node).post_configuration({name: change})
    except RestRejected as error:
        if error.code != NOT_ON_A_STANDBY:
            raise
        raise RemoteError(
            f"{error.problem}: the roles of the pair have moved since the plan was made",
            node=node.name,
            remedy=f"fab status; fab migrate-cluster --break-lock {run.record.id}, then begin anew: what is "
            "configured so already is left as it is",
        ) from error


def _require_taken(node: Node, name: str, left: Mapping[str, Value]) -> None:
    if left:
        raise RemoteError(
            f"{name} was accepted, but reads back with another {', '.join(sorted(left))}",
            node=node.name,
            remedy=f"fab cluster.show; {RESUME}",
        )


def _await_standby(run: Run, node: Node, shared: Mapping[str, Value]) -> None:
    """What a primary replicates has reached its standby: restarted without it, that would take over
    as no member.

    Raises:
        RemoteError: Not within `limits.join_s`.
    """
    others = [other for other in run.member(node.member).nodes if other.name != node.name]
    clock, limits = run.site.clock, node.limits
    until = clock.monotonic() + limits.join_s
    for standby in others if shared else ():
        while left := differing(run.admin(standby).configuration(OBJECT), shared):
            if clock.monotonic() > until:
                raise RemoteError(
                    f"its primary {node.name} has not replicated {', '.join(sorted(left))} to it within "
                    f"{limits.join_s:g} s",
                    node=standby.name,
                    remedy=f"is the pair in sync? {RESUME}",
                )
            clock.sleep(limits.poll_s)


def differing(seen: Mapping[str, object], wanted: Mapping[str, Value]) -> dict[str, Value]:
    """The wanted settings that the node has otherwise; unset is unset, whether null or empty."""
    return {key: value for key, value in wanted.items() if not _same(seen.get(key), value)}


def _same(seen: object, wanted: Value) -> bool:
    if wanted is None or wanted == "":
        return seen is None or seen == ""
    return seen == wanted and isinstance(seen, bool) is isinstance(wanted, bool)
