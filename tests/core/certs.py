"""Certificates for tests of pure rules, made once per test run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tasks.core.credential_set import CredentialSet
from tasks.core.issuing import (
    Recipe,
    Subject,
    ca_with_leafs,
    credential_set,
    issue,
    new_key,
    shared_self_signed,
)
from tasks.core.trust import Loaded

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MEMBERS = ("gw-a", "gw-b", "gw-c", "gw-d")


def builtin_set() -> CredentialSet:
    """A pair that looks like the product's: self-signed, CN=cluster, OU=Amlen."""
    key = new_key()
    subject = Subject("cluster", organization="Eclipse", unit="Amlen")
    recipe = Recipe(subject, NOW - timedelta(days=1), NOW + timedelta(days=3650), is_ca=True)
    certificate = issue(recipe, key, issuer=None)
    return credential_set("builtin", key, chain=(certificate,), ca=(certificate,))


def loaded(one: CredentialSet, *, ca: tuple[CredentialSet, ...] | None = None) -> Loaded:
    """A process that runs with the set; `ca`: the sets whose CA files its own holds instead."""
    trusted = one.ca if ca is None else tuple(c for other in ca for c in other.ca)
    return Loaded(chain=one.chain, trusted=trusted)


BUILTIN_SET = builtin_set()
SHARED = shared_self_signed(Subject("production"), days=365, now=NOW)
OTHER_SHARED = shared_self_signed(Subject("another"), days=365, now=NOW)
OWN = ca_with_leafs(
    Subject("cluster CA"), members={m: Subject(m) for m in MEMBERS}, days=365, ca_days=3650, now=NOW
)
BUILTIN = BUILTIN_SET.leaf
LEAF_A, LEAF_B = OWN.sets["gw-a"].leaf, OWN.sets["gw-b"].leaf
