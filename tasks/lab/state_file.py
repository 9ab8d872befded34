"""What survives a restart of the gateway: NODE_DIR/state.json."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Any

from tasks.core.dataclass import dataclass
from tasks.lab import availability
from tasks.lab.settings import GatewaySettings

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class KnownRemote:
    """A member that this one has met, or was told about."""

    uid: str
    name: str = ""
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """What the store's header remembers for the choice of a primary."""

    has_data: bool = False  # clients, queues, subscriptions, or members of a cluster were ever kept
    was_primary: bool = False  # ran as a primary, or alone
    session: str = ""  # which life as a pair it belongs to; "" for none
    sessions: int = 0  # of two stores of one session the higher one is the later


@dataclass(frozen=True, slots=True)
class State:
    """One version of the file's content."""

    uid: str
    membership: dict[str, Any]
    availability: dict[str, Any]  # HighAvailability's configuration
    known: dict[str, KnownRemote] = field(default_factory=dict)
    unclean: bool = False  # the last life ended before it was settled
    maintenance: bool = False
    role: str = "UNKNOWN"  # the store's: PRIMARY, STANDBY, or UNSYNC while it is being replaced
    primary_last_time: str = ""
    store: Store = field(default_factory=Store)


class StateFile:
    """The current state; every change is on disk before it is visible."""

    def __init__(self, path: Path, settings: GatewaySettings) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._state = _read(path) or _first(settings)

    @property
    def now(self) -> State:
        return self._state

    def change(self, **changes: Any) -> State:
        with self._lock:
            state = replace(self._state, **changes)
            beside = self._path.with_suffix(".new")
            beside.write_text(json.dumps(asdict(state), indent=1))
            os.replace(beside, self._path)
            self._state = state
            return state

    def keep_store(self, *, in_cluster: bool, paired: bool) -> None:
        """The server runs: a member keeps whom it met, and who runs alone ends the session of a pair."""
        with self._lock:
            state = self._state
            has_data = state.store.has_data or (in_cluster and bool(state.known))
            store = replace(state.store, has_data=has_data, was_primary=True)
            if paired:
                self.change(unclean=False, store=store)
            else:
                self.change(unclean=False, store=replace(store, session="", sessions=0), role="PRIMARY")

    def remember(self, remote: KnownRemote) -> None:
        """Learn a member, or its new name and addresses."""
        with self._lock:
            if self._state.known.get(remote.uid) != remote:
                self.change(known={**self._state.known, remote.uid: remote})


def known_from(raw: Mapping[str, Any]) -> dict[str, KnownRemote]:
    """The known members, as JSON carries them."""
    return {
        uid: KnownRemote(uid, one["name"], tuple((host, port) for host, port in one["addresses"]))
        for uid, one in raw.items()
    }


def known_to(known: Mapping[str, KnownRemote]) -> dict[str, Any]:
    return {uid: asdict(one) for uid, one in known.items()}


def _read(path: Path) -> State | None:
    try:
        raw = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    store = Store(**raw.get("store", {}))
    return State(**{**raw, "known": known_from(raw["known"]), "store": store})


def _first(settings: GatewaySettings) -> State:
    """As freshly installed, or as a pair that has met before."""
    known = {uid: KnownRemote(uid) for uid in settings.baseline_uids if uid != settings.server_uid}
    fresh = State(
        uid=settings.server_uid,
        membership=dict(settings.membership),
        availability=availability.complete(settings.availability or {}),
        known=known,
    )
    pair = settings.pair
    if pair is None:
        return fresh
    first = pair.starts_as == "PRIMARY"
    configured = {
        "EnableHA": True,
        "Group": pair.group,
        "RemoteDiscoveryNIC": pair.peer_address,
        "LocalDiscoveryNIC": settings.address,
        "LocalReplicationNIC": settings.address,
        "PreferredPrimary": first,
        **(settings.availability or {}),
    }
    store = Store(has_data=True, was_primary=first, session=pair.group, sessions=2 if first else 1)
    return replace(fresh, availability=availability.complete(configured), role=pair.starts_as, store=store)
