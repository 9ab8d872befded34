"""What a status asks of every node: a look, and who holds its lock. Light: what judges and shows it may come later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tasks.core.errors import OperatorError
from tasks.core.model import Node
from tasks.effects.site import Site

if TYPE_CHECKING:
    from tasks.core.snapshot import NodeSnapshot, Snapshot

Held = dict[str, tuple[str, str, str]]  # node -> the run that holds its lock, in words, and its task
Sights = Callable[[], tuple["Snapshot", Held]]


def begin_sights(site: Site) -> Sights:
    """Begin to look at every node, in parallel, and return at once; what is given back waits for all of them.

    Each node is left when it has answered, so that of many nodes only as many are connected as the pool has workers.
    """
    nodes, taken_at = site.cluster.nodes, site.clock.now()

    def once(node: Node) -> tuple[NodeSnapshot, Held]:
        try:
            return sight(site, node)
        finally:
            site.leave(node)

    answers = site.pool.begin(once, nodes)

    def sights() -> tuple[Snapshot, Held]:
        from tasks.core.snapshot import Snapshot

        seen = dict(zip((node.name for node in nodes), answers(), strict=True))
        snapshot = Snapshot(site.cluster, taken_at, {name: one for name, (one, _) in seen.items()})
        return snapshot, {name: one for _, held in seen.values() for name, one in held.items()}

    return sights


def sight(site: Site, node: Node) -> tuple[NodeSnapshot, Held]:
    """One node, and its lock."""
    way: float | OperatorError
    try:
        way = site.log_in(node)
    except OperatorError as error:
        way = error
    from tasks.effects.look import look_at_node  # here: the login needs not wait for it

    look = look_at_node(site, node, way=way)
    by = look.holder
    return look.snapshot, {} if by is None else {node.name: (by.run, str(by), by.task)}
