"""`fab cluster.show` as data: the ClusterMembership of all nodes side by side, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tasks.core.belonging import INACTIVE, Belonging, belonging, running_part
from tasks.core.checks_formation import creation_keys
from tasks.core.dataclass import dataclass
from tasks.core.membership_keys import (
    OWN,
    SEEDS,
    Difference,
    configured_keys,
    differences,
    endpoints,
    seeds_of,
    text_of,
)
from tasks.core.model import Member
from tasks.core.plan import Value
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import Membership, NodeStatus
from tasks.core.text_table import TextTable

_KEY_WIDTH = 2 + len("MessagingExternalAddress") + 4  # and the gaps between the columns
_NARROWEST = 24  # an address with its port
MARK = "*"  # before a key that the nodes have not alike, though they should


@dataclass(frozen=True, slots=True)
class ShownNode:
    """One node's configuration; without keys where it could not be asked, and then `trouble` says why."""

    node: str
    member: str
    keys: Mapping[str, Value]
    pending: str  # why what is configured is not what is in force; "" if nothing says so
    differs: tuple[Difference, ...]  # from what the inventory would configure; none for one that is outside
    outside: bool
    trouble: str
    longer_list: str = ""  # DiscoveryServerList with all members, where it names only some of them


@dataclass(frozen=True, slots=True)
class ShownMembership:
    """All nodes side by side; `unlike` are keys that should be the same on all of the cluster and are not."""

    cluster: str
    nodes: tuple[ShownNode, ...]
    unlike: tuple[str, ...]


def shown_membership(snapshot: Snapshot) -> ShownMembership:
    """What every node is configured to be."""
    nodes = tuple(_shown(snapshot, seen) for seen in snapshot.nodes.values())
    return ShownMembership(snapshot.cluster.key, nodes, _unlike(nodes))


def _unlike(nodes: Sequence[ShownNode]) -> tuple[str, ...]:
    members = [one for one in nodes if one.keys and not one.outside]
    keys = dict.fromkeys(key for one in members for key in one.keys)
    return tuple(
        key for key in keys if key not in OWN and len({text_of(one.keys[key]) for one in members}) > 1
    )


def _shown(snapshot: Snapshot, seen: NodeSnapshot) -> ShownNode:
    member = snapshot.cluster.member(seen.node.member)
    outside = belonging(snapshot, member) is Belonging.OUTSIDE
    configured, trouble = seen.membership, ""
    keys: Mapping[str, Value] = {}
    differs: tuple[Difference, ...] = ()
    if isinstance(configured, Membership):
        keys = configured_keys(configured)
        wanted = creation_keys(snapshot.cluster, member)[seen.node.name]
        due = {key: value for key, value in wanted.items() if not (key in OWN and value is None)}
        differs = () if outside else differences(configured, due)
    else:
        trouble = configured.problem
    longer = "" if outside or differs else _longer_list(snapshot, member, keys)
    return ShownNode(seen.node.name, member.name, keys, _pending(seen), differs, outside, trouble, longer)


def _longer_list(snapshot: Snapshot, member: Member, keys: Mapping[str, Value]) -> str:
    """Those who joined later are in nobody's list but their own."""
    has, wanted = str(keys.get(SEEDS) or ""), ",".join(seeds_of(running_part(snapshot).cluster, member))
    return wanted if has and not endpoints(wanted) <= endpoints(has) else ""


def _pending(seen: NodeSnapshot) -> str:
    """As far as REST tells: whether the process was started as a member."""
    if not isinstance(seen.membership, Membership) or not isinstance(seen.status, NodeStatus):
        return ""
    started = seen.status.cluster.status != INACTIVE
    if seen.membership.enabled is started:
        return ""
    return (
        "a member after its next restart" if seen.membership.enabled else "no member after its next restart"
    )


def membership_table(shown: ShownMembership, *, width: int) -> TextTable:
    """Keys as rows and nodes as columns; where that is too wide, a row per value with the nodes that have it."""
    wide = _by_node(shown)
    longest = (max(map(len, column)) + 2 for column in zip(wide.header, *wide.rows, strict=True))
    return wide if sum(longest) <= width else _by_value(shown, width=width)


def _keys(shown: ShownMembership) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for one in shown.nodes for key in one.keys))


def _title(shown: ShownMembership) -> str:
    return f"{shown.cluster}: ClusterMembership"


def _named(shown: ShownMembership, key: str) -> str:
    return f"{MARK} {key}" if key in shown.unlike else f"  {key}"


def _by_node(shown: ShownMembership) -> TextTable:
    rows = tuple((_named(shown, key), *(_value(one, key) for one in shown.nodes)) for key in _keys(shown))
    return TextTable(_title(shown), ("  KEY", *(one.node for one in shown.nodes)), rows)


def _value(one: ShownNode, key: str) -> str:
    return text_of(one.keys[key]) if one.keys else "?"


def _by_value(shown: ShownMembership, *, width: int) -> TextTable:
    rows = []
    for key in _keys(shown):
        by_value: dict[str, list[str]] = {}
        for one in shown.nodes:
            by_value.setdefault(_value(one, key), []).append(one.node)
        for number, (value, nodes) in enumerate(by_value.items()):
            who = "all" if len(by_value) == 1 else ", ".join(nodes)
            rows.append((_named(shown, key) if number == 0 else "", value, who))
    room = max(width - _KEY_WIDTH - max((len(who) for *_, who in rows), default=0), _NARROWEST)
    broken = tuple((key, _broken(value, room), who) for key, value, who in rows)
    return TextTable(_title(shown), ("  KEY", "VALUE", "NODES"), broken)


def _broken(value: str, room: int) -> str:
    """A list on as many lines as it takes, none broken within an address."""
    lines = [""]
    for item in re.findall(r"[^,]*,|[^,]+$", value):
        if lines[-1] and len(lines[-1]) + len(item) > room:
            lines.append("")
        lines[-1] += item
    return "\n".join(lines)


def membership_lines(shown: ShownMembership) -> Iterator[str]:
    """What the table does not say by itself."""
    formed = any(one.keys and not one.outside for one in shown.nodes)
    if shown.unlike:
        yield f"{MARK} not the same on all members: {', '.join(shown.unlike)}"
    for one in shown.nodes:
        if one.trouble:
            yield f"[{one.node}] could not be asked: {one.trouble}"
        if one.pending:
            yield f"[{one.node}] configured, not in force: {one.pending}"
        for different in one.differs:
            said = f"the inventory would configure {text_of(different.wanted)}"
            yield f"[{one.node}] {different.key} is {text_of(different.seen)}, {said}"
    for member in dict.fromkeys(one.member for one in shown.nodes if one.outside):
        remedy = f"fab cluster.join {member}" if formed else "fab cluster.create"
        yield f"[{member}] is no member yet -> {remedy}"
    for one in shown.nodes:
        if one.longer_list:
            text = (
                f"[{one.node}] {SEEDS} does not name every member, which remember each other all the same; "
            )
            yield text + f"with all of them it is {one.longer_list}"
