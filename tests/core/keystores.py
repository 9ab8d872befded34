"""Keystores as values: what lies in them, and a node on its way from one to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from tasks.core.folders import Folder, Item, Kind, State
from tasks.core.keystore_move import Move, Moving
from tasks.core.keystore_wish import Wish, chosen_nodes, wished
from tasks.core.model import Cluster
from tasks.core.snapshot import Snapshot
from tests.core.snapshots import KEYSTORE, TRUSTSTORE, files_of, healthy

USER = "463:463"
NEW = PurePosixPath("/srv/amlen/keystore")
ADMIN = ("AdminDefaultCert.pem", "AdminDefaultKey.pem")
CLUSTER = ("Cluster_cert.pem", "Cluster_key.pem")


def item(name: str, content: str = "", **changes: Any) -> Item:
    """A file of the service user; `content` stands for its hash."""
    made = Item(name, Kind.FILE, content or f"sha-of-{name}", 1000, USER, "600", readable=True)
    return replace(made, **changes)


def folder(path: PurePosixPath, *items: Item | str, **changes: Any) -> Folder:
    found = tuple(one if isinstance(one, Item) else item(one) for one in items)
    made = Folder(path, path, State.DIRECTORY, USER, "700", reachable=True, file_system="xfs", items=found)
    return replace(made, **changes)


def absent(path: PurePosixPath) -> Folder:
    return folder(path, state=State.ABSENT, owner="-", mode="-")


OLD_KEYS = folder(KEYSTORE, *ADMIN, *CLUSTER, "HA_key.pem")
OLD_TRUST = folder(TRUSTSTORE, "Cluster_cafile.pem", item("Cluster_capath", kind=Kind.DIRECTORY, sha256="-"))


def to(path: PurePosixPath | str, *, truststore: str = "", node: str = "") -> Wish:
    return Wish(str(path), truststore, node)


def seen(cluster: Cluster, wish: Wish) -> Snapshot:
    """A healthy cluster, looked at as if the inventory named the new places."""
    return healthy(wished(cluster, wish))


def moving(
    snapshot: Snapshot, wish: Wish, *, old: Folder | None = OLD_KEYS, new: Folder | None = None
) -> tuple[Moving, ...]:
    """The chosen nodes, each with the same directories."""
    found = []
    for node in chosen_nodes(snapshot.cluster, wish.node):
        assert node.paths.keystore is not None
        files = files_of(snapshot, node.name)
        keys = Move("keystore", old, new or absent(node.paths.keystore))
        trust = None
        if node.paths.truststore is not None:
            trust = Move("truststore", OLD_TRUST, absent(node.paths.truststore))
        found.append(Moving(node, files, keys, trust))
    return tuple(found)
