"""Kinds of credentials that a cluster can run with, by name, for up to four members."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.credential_set import CredentialSet
from tasks.core.issuing import Subject, ca_with_leafs, credential_set, leaf_set, shared_self_signed
from tests.core.certs import BUILTIN_SET, MEMBERS, NOW, OTHER_SHARED, OWN, SHARED
from tests.core.pki import pki

Sets = Mapping[str, CredentialSet]


def under_ca(name: str) -> Sets:
    members = {member: Subject(member) for member in MEMBERS}
    return ca_with_leafs(Subject(name), members=members, days=365, ca_days=3650, now=NOW).sets


def renewed() -> Sets:
    """New leafs under the CA of OWN."""
    return {m: leaf_set(m, OWN.issuer, subject=Subject(m), days=365, now=NOW) for m in MEMBERS}


def chained(name: str) -> Sets:
    """Leaf and intermediate are sent, the CA file holds the root."""
    above = pki(name)
    found = {}
    for member in MEMBERS:
        one = shared_self_signed(Subject(member), days=365, now=NOW)
        leaf = above.sign(one.key, member)
        chain = (leaf, above.issuing.certificate)
        found[member] = credential_set(member, one.key, chain=chain, ca=(above.root.certificate,))
    return found


def mesh(name: str) -> Sets:
    """Everybody's certificate is self-signed, and every CA file holds all of them."""
    own = {m: shared_self_signed(Subject(f"{name} {m}"), days=365, now=NOW) for m in MEMBERS}
    ca = tuple(one.leaf for one in own.values())
    return {m: credential_set(m, one.key, chain=one.chain, ca=ca) for m, one in own.items()}


def of_all(one: CredentialSet) -> Sets:
    return dict.fromkeys(MEMBERS, one)


OLD: Mapping[str, Sets] = {
    "built-in": of_all(BUILTIN_SET),
    "shared": of_all(SHARED),
    "ca": OWN.sets,
    "chained": chained("Old"),
    "mesh": mesh("old"),
}
NEW: Mapping[str, Sets] = {
    "shared": of_all(OTHER_SHARED),
    "shared, same name": of_all(shared_self_signed(Subject("production"), days=365, now=NOW)),
    "ca": under_ca("another CA"),
    "ca, same name": under_ca("cluster CA"),
    "renewed leafs": renewed(),
    "chained": chained("New"),
    "mesh": mesh("new"),
}
