"""What a node was doing at one moment, in a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from tasks.core.status import MAINTENANCE, PRODUCTION, STANDBY, NodeStatus

_STOPPING = 2
_ACTIVE = "Active"


class NodeState(StrEnum):
    """The words that a sample knows."""

    READY = "ready"  # serves clients, as a member of its cluster
    STANDBY = "standby"  # of a pair, in sync
    STOPPING = "stopping"
    DOWN = "down"  # its REST is silent, or makes no sense
    STARTING = "starting"
    WAITING = "waiting"  # is up, but not in the cluster yet; or a standby that is not in sync
    MAINTENANCE = "maintenance"
    UNSEEN = "unseen"  # could not be asked, or not in time


def node_state(status: NodeStatus | None) -> NodeState:
    """Of a node that was asked; None where it did not answer with a status."""
    if status is None:
        return NodeState.DOWN
    match status.server.state:
        case s if s == PRODUCTION:
            return NodeState.READY if status.cluster.status == _ACTIVE else NodeState.WAITING
        case s if s == STANDBY:
            return NodeState.STANDBY if status.is_standby and status.ha.in_sync else NodeState.WAITING
        case s if s == MAINTENANCE:
            return NodeState.MAINTENANCE
        case s if s == _STOPPING:
            return NodeState.STOPPING
        case _:
            return NodeState.STARTING


def by_state(states: Mapping[str, NodeState]) -> dict[NodeState, tuple[str, ...]]:
    """Word -> nodes; those that are ready are left out, so that a line of a healthy cluster is short."""
    words: dict[NodeState, list[str]] = {}
    for node, state in states.items():
        if state is not NodeState.READY:
            words.setdefault(state, []).append(node)
    return {word: tuple(nodes) for word, nodes in words.items()}


def states_of(nodes: Iterable[str], words: Mapping[NodeState, Iterable[str]]) -> dict[str, NodeState]:
    """The reverse of `by_state`."""
    told = {node: word for word, named in words.items() for node in named}
    return {node: told.get(node, NodeState.READY) for node in nodes}
