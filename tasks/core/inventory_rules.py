"""The rules that need more than one value of the inventory."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.core.inventory_faults import Fault, YamlPath, dotted, shown
from tasks.core.inventory_ha import ha_faults
from tasks.core.inventory_layers import hosted, named, places
from tasks.core.inventory_notify import notify_faults
from tasks.core.inventory_service import container_faults, volume_faults
from tasks.core.nearest import did_you_mean

if TYPE_CHECKING:
    from tasks.core.inventory_schema import InventoryShape

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_SSH_PORT = 22
_PATHS = (("product",), ("data_dir",), ("server_cfg",), ("log_dir",), ("keystore",), ("truststore",))

Rule = Callable[["InventoryShape", str], Iterator[Fault]]


def broken_rules(inventory: InventoryShape, *, left_out: Iterable[YamlPath]) -> tuple[Fault, ...]:
    """Every broken rule, except those that only follow from a fault that is known already.

    Args:
        left_out: Where values were taken out because they are faulty themselves.
    """
    known = frozenset(left_out)
    faults = list(_no_cluster(inventory))
    for key in inventory.clusters:
        for rule, needs in _RULES:
            if not _lacks(known, needs):
                faults += rule(inventory, key)
    return tuple(
        fault for fault in dict.fromkeys(faults) if not any(fault.path[: len(path)] == path for path in known)
    )


def _lacks(known: frozenset[YamlPath], needs: tuple[YamlPath, ...]) -> bool:
    return any(path[-len(tail) :] == tail for path in known for tail in needs)


def _no_cluster(inventory: InventoryShape) -> Iterator[Fault]:
    if not inventory.clusters:
        yield Fault(("clusters",), "no cluster", "see the example inventory.yaml")


def _cluster_named_safely(_: InventoryShape, key: str) -> Iterator[Fault]:
    yield from _unsafe(key, ("clusters", key))


def _names(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    first: dict[str, YamlPath] = {}
    for name, path in named(inventory.clusters[key], ("clusters", key)):
        yield from _unsafe(name, path)
        if name in first:
            problem = f"the name is taken by {dotted(first[name])}"
            yield Fault(path, problem, "every node and member needs a name of its own")
        first.setdefault(name, path)


def _unsafe(name: str, path: YamlPath) -> Iterator[Fault]:
    if not _NAME.fullmatch(name):
        remedy = "letters, digits and . _ -, the first a letter or digit, 63 at most"
        yield Fault(path, f"{shown(name)} is not a usable name", remedy)


def _members(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    if not inventory.clusters[key].members:
        yield Fault(("clusters", key, "members"), "no member", "write NAME: {host: HOST} below `members`")


def _pairs(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    for name, member in inventory.clusters[key].members.items():
        path = ("clusters", key, "members", name)
        if member.pair is None:
            continue
        if len(member.pair) != 2:
            problem = f"a pair must have exactly 2 nodes, got {len(member.pair)}"
            yield Fault((*path, "pair"), problem, "a member without standby has `host` instead of `pair`")
        if member.host is not None:
            yield Fault((*path, "host"), "both `host` and `pair`", "a pair's hosts stand at its two nodes")


def _gates(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    for name, member in inventory.clusters[key].members.items():
        for node_name, node in (member.pair or {}).items():
            if node.gates.model_fields_set:
                path = ("clusters", key, "members", name, "pair", node_name, "gates")
                problem = "gates are a member's, not one of its nodes'"
                yield Fault(
                    path, problem, f"write them beside `pair` of {name}; each is told which node it is"
                )


def _hosts(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    for node, path in hosted(inventory.clusters[key], ("clusters", key)):
        if node.host is None:
            also = "" if "pair" in path else " (or `pair: {NAME: {host: HOST}, NAME: {host: HOST}}`)"
            yield Fault((*path, "host"), "no host", f"write host: NAME_OR_ADDRESS{also}")


def _servers(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    first: dict[tuple[str, int], YamlPath] = {}
    for place in places(inventory, key):
        if place.host is None:
            continue
        server = (_canonical(place.host), place.said("ssh", "port").value or _SSH_PORT)
        if server in first:
            problem = f"the same server as {dotted(first[server])}: {place.host} port {server[1]}"
            yield Fault((*place.path, "host"), problem, "one server has one name; correct host or ssh.port")
        first.setdefault(server, place.path)


def _canonical(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()


def _observer(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    cluster = inventory.clusters[key]
    if cluster.observer is None or cluster.observer in cluster.members:
        return
    remedy = did_you_mean(cluster.observer, cluster.members)
    for name, member in cluster.members.items():
        if cluster.observer in (member.pair or {}):
            remedy = f"it is a node of the pair `{name}`: name the pair"
    problem = f"{shown(cluster.observer)} is not a member"
    yield Fault(("clusters", key, "observer"), problem, remedy)


def _logins(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    for place in places(inventory, key):
        user, password = place.said("admin", "user"), place.said("admin", "password")
        if user.value is not None and password.value is None:
            yield Fault(user.path, "a user without a password", "give `password` beside it, as a reference")
        if password.value is not None and user.value is None:
            yield Fault(password.path, "a password without a user", "give `user` beside it")


def _ca_apart(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    """A CA's key is never within what is copied to the nodes and handed on."""
    own = inventory.clusters[key]
    folder = own.ca.folder or Path("ca", key)
    for name, cluster in inventory.clusters.items():
        sets = cluster.credentials or Path("credentials", name)
        if Path(posixpath.normpath(folder)).is_relative_to(posixpath.normpath(sets)):
            whose = "the credential sets" if name == key else f"the credential sets of {name}"
            problem = f"the CA's folder {shown(str(folder))} is within that of {whose}"
            said = (key, "ca", "folder") if own.ca.folder else (name, "credentials")
            yield Fault(("clusters", *said), problem, f"a folder apart, e.g. ca/{key}")


_RULES: tuple[tuple[Rule, tuple[YamlPath, ...]], ...] = (
    (_cluster_named_safely, ()),
    (_names, ()),
    (_members, ()),
    (_pairs, ()),
    (_gates, ()),
    (_hosts, ()),
    (_servers, (("ssh",), ("ssh", "port"))),
    (_observer, ()),
    (_logins, (("admin",), ("admin", "user"), ("admin", "password"))),
    (_ca_apart, (("ca",), ("ca", "folder"), ("credentials",))),
    (ha_faults, (("ha",),)),
    (notify_faults, (("notify",), ("notify", "webhook"), ("webhook", "url"), ("webhook", "headers"))),
    (container_faults, (("service",), ("service", "container"))),
    (volume_faults, (("service",), ("service", "volume"), *_PATHS)),
)
