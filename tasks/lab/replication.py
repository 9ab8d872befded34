"""One link of a pair, seen from either end: joining, synchronization, and its loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasks.lab import membership, sync, timeline
from tasks.lab.standing import Role
from tasks.lab.state_file import known_from, known_to
from tasks.lab.stream import Message, Stream

if TYPE_CHECKING:
    from tasks.lab.pair import Pair


def serve_standby(pair: Pair, stream: Stream, *, messages: Iterator[Message]) -> None:
    """The primary's end; returns when the standby is gone."""
    pair.become_primary(active_nodes=2, sync_nodes=1, percent=0)
    for message in messages:
        if message.get("step") == "join":
            pair.update(active_nodes=2, sync_nodes=1, percent=1)
            stream.post(_copy(pair))
        if message.get("step") == "synced":
            stream.post({"step": "confirmed", "primary_last_time": pair.host.state.now.primary_last_time})
            pair.update(active_nodes=2, sync_nodes=2)
    pair.update(active_nodes=1, sync_nodes=1)


def follow_primary(pair: Pair, stream: Stream, *, messages: Iterator[Message], joining: bool) -> None:
    """The standby's end; returns when the primary is gone, after the take-over if there was one.

    Args:
        joining: The other node was primary already; else both have just started.
    """
    clock = pair.host.clock
    clock.sleep(timeline.PAIR_JOIN_S if joining else 0.0)
    stream.post({"step": "join"})
    for message in messages:
        if "tree" in message:
            pair.update(active_nodes=2, sync_nodes=1, percent=1)
            _take(pair, message)
            clock.sleep(timeline.PAIR_SYNC_S if joining else 2 * timeline.PAIR_SYNC_S)
            stream.post({"step": "synced"})
        if message.get("step") == "confirmed":
            last = message["primary_last_time"]
            pair.host.state.change(role=Role.STANDBY.value, primary_last_time=last)
            pair.update(role=Role.STANDBY, active_nodes=2, sync_nodes=2)
    pair.primary_is_gone()


def _copy(pair: Pair) -> Message:
    state = pair.host.state.now
    return {
        "tree": sync.pack(pair.host.certificates),
        "uid": state.uid,
        "known": known_to(state.known),
        "membership": {
            key: state.membership[key] for key in membership.REPLICATED if key in state.membership
        },
    }


def _take(pair: Pair, message: Message) -> None:
    host = pair.host
    try:
        sync.replace(host.certificates, message["tree"])
    except OSError as error:
        host.logs.server("CWLNA1999", "E", text=f"The certificates could not be synchronized: {error}")
    configured = {**host.state.now.membership, **message["membership"]}
    host.state.change(uid=message["uid"], known=known_from(message["known"]), membership=configured)
