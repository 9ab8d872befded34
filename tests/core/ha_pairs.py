"""Snapshots of pairs for tests of their HA channel: what lies on the nodes, and how they are configured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import HA
from tasks.core.ha_seen import HaSeen
from tasks.core.issuing import (
    Subject,
    ca_with_leafs,
    credential_set,
    leaf_set,
    new_key,
    shared_self_signed,
)
from tasks.core.snapshot import FileState, HaFiles, Snapshot
from tests.core.certs import NOW
from tests.core.snapshots import KEYSTORE, PLACED_AT, TRUSTSTORE, alter_files, cluster, healthy, pair

PAIR = cluster("gw-a", pair("gw-d"))
SECURED: Mapping[str, object] = {
    "EnableHA": True,
    "Group": "gw-d",
    "StartupMode": "AutoDetect",
    "LocalDiscoveryNIC": "10.0.0.1",
    "DiscoveryTimeout": 600,
    "UseSecuredConnections": True,
}


def for_ha(one: CredentialSet, *, label: str = "gw-d") -> CredentialSet:
    return replace(one, names=HA, label=label)


OLD = for_ha(shared_self_signed(Subject("old HA"), days=365, now=NOW))
NEW = for_ha(shared_self_signed(Subject("new HA"), days=365, now=NOW))
_CA = ca_with_leafs(Subject("HA CA"), members={"gw-d": Subject("gw-d")}, days=365, ca_days=3650, now=NOW)
ISSUED = for_ha(_CA.sets["gw-d"])
RENEWED = for_ha(leaf_set("gw-d", _CA.issuer, subject=Subject("gw-d again"), days=365, now=NOW))


def plain(name: str) -> CredentialSet:
    """Self-signed as by the shortest of commands: no AuthorityKeyIdentifier, no other extension."""
    key, subject = new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject, subject, key.for_tls().public_key(), x509.random_serial_number()
    )
    dated = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=30))
    signed = dated.sign(key.for_tls(), hashes.SHA256())
    made = Certificate.from_der(signed.public_bytes(Encoding.DER))
    return for_ha(credential_set("gw-d", key, chain=(made,), ca=(made,)))


def ha_files(one: CredentialSet | None, *, changed_at: float = PLACED_AT, readable: bool = True) -> HaFiles:
    """As they lie on a node; None: there are none."""
    if one is None:
        paths = {name: (TRUSTSTORE if name == HA.ca else KEYSTORE) / name for name in HA.in_order}
        return HaFiles({name: FileState(path, None) for name, path in paths.items()})
    states = {
        name: FileState(
            (TRUSTSTORE if name == HA.ca else KEYSTORE) / name,
            hashlib.sha256(content).hexdigest(),
            "463:463",
            "600",
            readable,
            changed_at,
        )
        for name, content in one.files().items()
    }
    return HaFiles(states, ca_pem=one.ca_pem, cert_pem=one.cert_pem)


def lying(one: CredentialSet | None, *, changed_at: float = PLACED_AT) -> Snapshot:
    """A healthy cluster with a pair whose nodes have these HA files."""
    return with_files(healthy(PAIR), one, changed_at=changed_at)


def with_files(
    snapshot: Snapshot, one: CredentialSet | None, *names: str, changed_at: float = PLACED_AT
) -> Snapshot:
    for name in names or ("gw-d1", "gw-d2"):
        snapshot = alter_files(snapshot, name, ha=ha_files(one, changed_at=changed_at))
    return snapshot


def seen(snapshot: Snapshot, **changes: object) -> HaSeen:
    """The pair gw-d of it; `changes` are HighAvailability's keys on gw-d2."""
    shown = {"gw-d1": SECURED, "gw-d2": {**SECURED, "LocalDiscoveryNIC": "10.0.0.2", **changes}}
    return HaSeen(snapshot, (snapshot.cluster.member("gw-d"),), shown)
