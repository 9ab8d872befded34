"""One link of a pair, seen from either end: joining, synchronization, and its loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasks.lab import membership, sync, timeline
from tasks.lab.standing import Role
from tasks.lab.state_file import Store, known_from, known_to
from tasks.lab.stream import Message, Stream

if TYPE_CHECKING:
    from tasks.lab.pair import Pair


def serve_standby(pair: Pair, stream: Stream, *, messages: Iterator[Message]) -> None:
    """The primary's end; returns when the standby is gone."""
    pair.become_primary(active_nodes=2, sync_nodes=1, percent=0)
    pair.standby = stream
    for message in messages:
        if message.get("step") == "join":
            pair.update(active_nodes=2, sync_nodes=1, percent=1)
            stream.post(_copy(pair))
        if message.get("step") == "synced":
            stream.post(_confirmation(pair))
            pair.update(active_nodes=2, sync_nodes=2)
    pair.standby = None
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
            _empty(pair)
            pair.update(active_nodes=2, sync_nodes=1, percent=1)
            _take(pair, message)
            clock.sleep(timeline.PAIR_SYNC_S if joining else 2 * timeline.PAIR_SYNC_S)
            stream.post({"step": "synced"})
        elif "membership" in message:
            _take_membership(pair, message["membership"])
        elif message.get("step") == "confirmed":
            _become_standby(pair, message)
    pair.primary_is_gone()


def _empty(pair: Pair) -> None:
    """What the store held is gone from here on, also where the synchronization breaks off."""
    pair.host.state.change(role=Role.UNSYNC.value, store=Store())


def _confirmation(pair: Pair) -> Message:
    state = pair.host.state.now
    session = {"session": state.store.session, "sessions": state.store.sessions - 1}
    return {"step": "confirmed", "primary_last_time": state.primary_last_time, **session}


def _become_standby(pair: Pair, message: Message) -> None:
    store = Store(has_data=True, session=message["session"], sessions=message["sessions"])
    last = message["primary_last_time"]
    pair.host.state.change(role=Role.STANDBY.value, primary_last_time=last, store=store)
    pair.update(role=Role.STANDBY, active_nodes=2, sync_nodes=2)


def _copy(pair: Pair) -> Message:
    state = pair.host.state.now
    return {
        "tree": sync.pack(pair.host.certificates),
        "uid": state.uid,
        "known": known_to(state.known),
        "membership": membership.replicated(state.membership),
    }


def _take(pair: Pair, message: Message) -> None:
    host = pair.host
    try:
        sync.replace(host.certificates, message["tree"])
    except OSError as error:
        host.logs.server("CWLNA1999", "E", text=f"The certificates could not be synchronized: {error}")
    host.state.change(uid=message["uid"], known=known_from(message["known"]))
    _take_membership(pair, message["membership"])


def _take_membership(pair: Pair, replicated: Message) -> None:
    state = pair.host.state
    state.change(membership={**state.now.membership, **replicated})
