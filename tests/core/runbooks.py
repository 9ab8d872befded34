"""Settings of runbooks for tests: plans of many shapes, and nodes that are reached in every way."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.core.model import Cluster, Member, Ssh
from tasks.core.runbook import runbook
from tasks.core.runbook_ground import Setting, grounds_of
from tasks.core.snapshot import Snapshot
from tests.core.certs import OWN
from tests.core.kinds import NEW
from tests.core.plans import plan_of, renewed
from tests.core.snapshots import THREE, WITH_PAIR, cluster, healthy, pair

MANY = cluster(*(f"gw-{number:02}" for number in range(18)), pair("gw-x"), pair("gw-y"))
JUMP = Ssh(user="ops", gateway="jump@bastion.example.com", sudo=True, port=2201)


def with_nodes(wanted: Cluster, **changes: Any) -> Cluster:
    """The same with other entries of every node."""
    members = (Member(m.name, tuple(replace(node, **changes) for node in m.nodes)) for m in wanted.members)
    return replace(wanted, members=tuple(members))


def with_keystore(wanted: Cluster, name: str, path: str) -> Cluster:
    """The inventory says another keystore for one node."""
    node = wanted.node(name)
    other = replace(node, paths=replace(node.paths, keystore=PurePosixPath(path)))
    members = (Member(m.name, tuple(other if n.name == name else n for n in m.nodes)) for m in wanted.members)
    return replace(wanted, members=tuple(members))


def setting(snapshot: Snapshot, sets: Any = None, *, via: str = "tunnel", **plan: Any) -> Setting:
    """A plan from there, and its setting; each member's set has a folder of its own, where `sets` has several."""
    made = plan_of(snapshot, sets, **plan) if sets else plan_of(snapshot, **plan)
    names = [member.name for member in snapshot.cluster.members]
    folders = {name: Path("/sets", name if isinstance(sets, dict) else "") for name in names}
    files = ("Cluster_cafile.pem", "Cluster_cert.pem", "Cluster_key.pem")
    grounds = {name: replace(one, via=via) for name, one in grounds_of(snapshot).items()}
    return Setting(
        made,
        snapshot.cluster,
        snapshot.taken_at,
        grounds,
        {name: {file: folder / file for file in files} for name, folder in folders.items()},
    )


@cache
def shapes() -> dict[str, Setting]:
    """By name: strategies, rounds, pairs, sizes, ways of placing and reaching."""
    own = healthy(runs=OWN.sets)
    return {
        "prescribed, three singles": setting(healthy()),
        "prescribed, with a pair": setting(healthy(WITH_PAIR)),
        "prescribed, a pair alone": setting(healthy(cluster(pair("gw-d"), "gw-f"))),
        "place first": setting(healthy(WITH_PAIR), place_first=True),
        "renew": setting(own, renewed(), strategy="renew"),
        "overlap": setting(own, NEW["ca"], strategy="overlap"),
        "bridge": setting(healthy(WITH_PAIR), strategy="bridge"),
        "bridge to a CA": setting(healthy(), OWN.sets, strategy="bridge"),
        "another keystore": setting(
            healthy(with_keystore(THREE, "gw-b", "/srv/amlen/keystore")), strategy="bridge"
        ),
        "twenty members": setting(healthy(MANY), strategy="bridge"),
        "by a jump host": setting(healthy(with_nodes(WITH_PAIR, ssh=JUMP))),
        "by exec": setting(healthy(with_nodes(THREE, ssh=JUMP)), via="exec"),
        "direct": setting(healthy(), via="direct"),
    }


@cache
def text_of(name: str) -> str:
    return runbook(shapes()[name])
