"""A cluster of two products on built-in pairs of their own: two islands that never met, or that know each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tasks.core.credential_set import CredentialSet
from tasks.core.issuing import Recipe, Subject, credential_set, issue, new_key
from tasks.core.model import Cluster, Product
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, NOW
from tests.core.snapshots import alter, alter_membership, alter_server, alter_status, cluster, healthy, uid
from tests.core.statuses import counted

NEWER, OLDER = ("gw-a", "gw-b"), ("gw-c", "gw-d")
GATEWAY, AMLEN = "5.0.0.2 20210505-1716", "1.1dev rig_private"


def legacy_builtin_set() -> CredentialSet:
    """Another product's pair: self-signed, CN=cluster, O=IBM."""
    key = new_key()
    recipe = Recipe(
        Subject("cluster", organization="IBM"),
        NOW - timedelta(days=1),
        NOW + timedelta(days=3650),
        is_ca=True,
    )
    certificate = issue(recipe, key, issuer=None)
    return credential_set("legacy", key, chain=(certificate,), ca=(certificate,))


LEGACY_SET = legacy_builtin_set()


def mixed(*, declared: bool = True, confirmed: bool = True) -> Cluster:
    """gw-a and gw-b run Amlen, gw-c and gw-d Message Gateway."""
    made = cluster(*NEWER, *OLDER)
    members = tuple(
        replace(
            m,
            nodes=tuple(
                replace(n, product=Product.MESSAGESIGHT, ifix_confirmed=confirmed) if m.name in OLDER else n
                for n in m.nodes
            ),
        )
        for m in made.members
    )
    return replace(made, members=members, islands=declared)


def apart(*, declared: bool = True, confirmed: bool = True, met: bool = False) -> Snapshot:
    """Each product's members connected among themselves; `met`: they know the others from before."""
    sets = {name: BUILTIN_SET if name in NEWER else LEGACY_SET for name in (*NEWER, *OLDER)}
    snapshot = healthy(mixed(declared=declared, confirmed=confirmed), runs=sets)
    for name, seen in snapshot.nodes.items():
        home = NEWER if name in NEWER else OLDER
        assert isinstance(seen.remotes, tuple)
        ours = {uid(member) for member in home}
        kept = [replace(r, status="Active" if r.uid in ours else "Inactive") for r in seen.remotes]
        remotes = tuple(r for r in kept if met or r.uid in ours)
        snapshot = alter(snapshot, name, remotes=remotes)
        snapshot = alter_status(snapshot, name, cluster=counted(1, len(remotes) - 1))
        snapshot = alter_server(snapshot, name, version=AMLEN if name in NEWER else GATEWAY)
        seeds = ("gw-a:9104", "gw-c:9104")
        snapshot = alter_membership(
            snapshot, name, use_multicast_discovery=False, discovery_server_list=seeds
        )
    return snapshot
