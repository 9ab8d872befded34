"""Who is connected: the other members of the cluster as one gateway sees them."""

from __future__ import annotations

import threading
from dataclasses import field

from tasks.core.dataclass import dataclass
from tasks.lab.state_file import Address, KnownRemote, StateFile
from tasks.lab.stream import Message, Stream


@dataclass(slots=True)
class Link:
    """The connections to one remote, in whichever direction they were made."""

    streams: dict[Stream, bool] = field(default_factory=dict)  # and whether its forwarding is up
    ha_status: str = "Unknown"
    reconnects: int = -1


@dataclass(frozen=True, slots=True)
class RemoteView:
    """One line of monitor/Cluster."""

    remote: KnownRemote
    status: str  # Active | Connecting | Inactive
    ha_status: str
    reconnects: int


class Remotes:
    """Known members from the state file, and the connections to them."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self._links: dict[str, Link] = {}
        self._changed = threading.Condition()

    def joined(self, hello: Message, stream: Stream) -> None:
        """A member said hello on a connection."""
        addresses = tuple((str(host), int(port)) for host, port in hello["addresses"])
        self._state.remember(KnownRemote(hello["uid"], hello["name"], addresses))
        with self._changed:
            link = self._links.setdefault(hello["uid"], Link())
            link.reconnects += not link.streams
            link.streams[stream] = False
            self._changed.notify_all()
        self.told(hello["uid"], stream, news=hello)

    def told(self, uid: str, stream: Stream, *, news: Message) -> None:
        """News of a member: of itself, and of whom it knows."""
        for known, name in news["known"].items():
            if known != self._state.now.uid and known not in self._state.now.known:
                self._state.remember(KnownRemote(known, name))
        with self._changed:
            link = self._links[uid]
            link.streams[stream] = bool(news["ready"])
            link.ha_status = news["ha"]

    def left(self, uid: str, stream: Stream) -> None:
        with self._changed:
            self._links[uid].streams.pop(stream, None)

    def names(self) -> dict[str, str]:
        """Everybody ever met or heard of: ServerUID to name, as the others are told."""
        return {uid: remote.name for uid, remote in self._state.now.known.items()}

    def wait_all(self, *, limit_s: float) -> bool:
        """Whether every known member is connected within so many real seconds, and there is one."""
        with self._changed:
            return self._changed.wait_for(self._complete, timeout=limit_s)

    def addresses_wanted(self) -> set[Address]:
        """Where members can be found that are not connected."""
        return {
            address
            for view in self.views(ready=True)
            if view.status == "Inactive"
            for address in view.remote.addresses
        }

    def addresses_connected(self) -> set[Address]:
        return {
            address
            for view in self.views(ready=True)
            if view.status != "Inactive"
            for address in view.remote.addresses
        }

    def views(self, *, ready: bool) -> tuple[RemoteView, ...]:
        """Every known member; `ready` says whether our own forwarding is up."""
        with self._changed:
            known = self._state.now.known.values()
            return tuple(_view(remote, self._links.get(remote.uid, Link()), ready=ready) for remote in known)

    def _complete(self) -> bool:
        known = self._state.now.known
        return bool(known) and all(uid in self._links and self._links[uid].streams for uid in known)


def _view(remote: KnownRemote, link: Link, *, ready: bool) -> RemoteView:
    if not link.streams:
        return RemoteView(remote, "Inactive", "Unknown", max(0, link.reconnects))
    active = ready and any(link.streams.values())
    return RemoteView(remote, "Active" if active else "Connecting", link.ha_status, max(0, link.reconnects))
