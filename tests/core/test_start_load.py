"""What a start would load: each fault that forbids a restart, beside the node that may be restarted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import PurePosixPath

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.findings import Finding
from tasks.core.issuing import Recipe, Subject, credential_set, issue, new_key, private_key
from tasks.core.pending import pending, rewritten, unsynced
from tasks.core.private_keys import PrivateKey
from tasks.core.snapshot import FileState, Snapshot
from tasks.core.start_load import KeyLook, start_findings
from tests.core.certs import NOW, OTHER_SHARED, OWN, SHARED
from tests.core.revocations import made
from tests.core.snapshots import (
    THREE,
    TRUSTSTORE,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    cluster,
    healthy,
    pair,
    wire,
)

FRESH = NOW.timestamp() + 10**6  # after every process started
PAIR = cluster("gw-a", pair("gw-d"))
Change = Callable[[Snapshot], Snapshot]


def found(snapshot: Snapshot, *nodes: str, key: KeyLook = KeyLook.MATCHES) -> tuple[Finding, ...]:
    named = [snapshot.cluster.node(name) for name in nodes or ("gw-a",)]
    return tuple(start_findings(snapshot, named, {node.name: key for node in named}))


def _absent(name: str) -> Change:
    return lambda seen: alter_file(seen, "gw-a", name, sha256=None, readable=False)


def _unreadable(name: str) -> Change:
    return lambda seen: alter_file(seen, "gw-a", name, readable=False)


def _holds(**content: object) -> Change:
    return lambda seen: alter_files(seen, "gw-a", **content)


def test_a_node_that_runs_with_what_lies_there_may_be_restarted() -> None:
    assert found(healthy(runs=SHARED), "gw-a", "gw-b", "gw-c") == ()


def test_a_node_that_never_had_files_stays_on_the_builtin_pair() -> None:
    assert found(healthy()) == ()


@pytest.mark.parametrize(
    ("change", "name", "says"),
    [
        pytest.param(_absent(KEY_FILE), "start-fallback", "Cluster_key.pem is missing", id="no key"),
        pytest.param(
            _absent(CERT_FILE), "start-fallback", "Cluster_cert.pem is missing", id="no certificate"
        ),
        pytest.param(
            _unreadable(KEY_FILE), "start-fallback", "cannot be read by the service user", id="mode"
        ),
        pytest.param(
            lambda seen: _absent(KEY_FILE)(_absent(CERT_FILE)(seen)),
            "start-fallback",
            "are missing",
            id="none",
        ),
        pytest.param(_absent(CA_FILE), "start-alone", "Cluster_cafile.pem is missing", id="no CA"),
        pytest.param(_unreadable(CA_FILE), "start-alone", "cannot be read", id="CA mode"),
        pytest.param(_holds(ca_pem=b"garbage"), "start-dead", "no certificate is in it", id="CA garbage"),
        pytest.param(
            _holds(ca_pem=SHARED.ca_pem + SHARED.ca_pem[:99]),
            "start-dead",
            "listen on nothing",
            id="CA cut off",
        ),
        pytest.param(
            _holds(ca_pem=made().pem()), "start-alone", "only a revocation list", id="CA file of a list"
        ),
        pytest.param(_holds(cert_pem=b"garbage"), "start-dead", "listen on nothing (T1)", id="cert garbage"),
        pytest.param(
            _holds(others=()), "start-unreachable", "no AdminDefaultCert.pem and AdminDef", id="T11"
        ),
        pytest.param(_holds(keystore=None), "start-unreachable", "names no KeyStore", id="no keystore"),
    ],
)
def test_a_disk_that_would_not_work_forbids_the_restart(change: Change, name: str, says: str) -> None:
    (one,) = found(change(healthy(runs=SHARED)))
    assert (one.name, one.where) == (name, "gw-a")
    assert says in one.problem


def test_one_file_alone_is_refused_on_the_builtin_pair_too() -> None:
    (one,) = found(alter_file(healthy(), "gw-a", CERT_FILE, sha256="ab", readable=True))
    assert one.problem.startswith("Cluster_key.pem is missing: a restart would fall back")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (KeyLook.OTHER, "Cluster_key.pem does not belong to Cluster_cert.pem"),
        (KeyLook.ENCRYPTED, "Cluster_key.pem is encrypted"),
        (KeyLook.BROKEN, "cannot be read by OpenSSL"),
    ],
)
def test_a_key_that_cannot_work_forbids_the_restart(key: KeyLook, says: str) -> None:
    (one,) = found(healthy(runs=SHARED), key=key)
    assert one.name == "start-dead"
    assert says in one.problem


def test_without_openssl_on_the_node_a_pair_in_use_is_proven_by_its_use() -> None:
    assert found(healthy(runs=SHARED), key=KeyLook.UNSEEN) == ()


@pytest.mark.parametrize("name", [CERT_FILE, KEY_FILE])
def test_without_openssl_a_file_changed_since_the_start_is_unproven(name: str) -> None:
    (one,) = found(alter_file(healthy(runs=SHARED), "gw-a", name, changed_at=FRESH), key=KeyLook.UNSEEN)
    assert one.name == "key-unproven"


def test_a_standby_without_openssl_is_proven_by_its_primary() -> None:
    synced = healthy(PAIR, runs=SHARED)
    for name in (CERT_FILE, KEY_FILE):
        synced = alter_file(synced, "gw-d2", name, changed_at=FRESH)  # as every sync leaves them
    assert found(synced, "gw-d2", key=KeyLook.UNSEEN) == ()
    other = alter_file(synced, "gw-d2", KEY_FILE, sha256="ab")
    assert [one.name for one in found(other, "gw-d2", key=KeyLook.UNSEEN)] == ["key-unproven"]


# --- what a start makes of a revocation list, and of chain, EKU and dates


def with_list(data: bytes, **state: object) -> Snapshot:
    """A cluster under one CA, and on gw-a this list."""
    lies = FileState(TRUSTSTORE / "Cluster_crl/crl.pem", sha256(data).hexdigest(), readable=True)
    lies = replace(lies, **state)  # type: ignore[arg-type]
    return alter_files(healthy(runs=OWN.sets), "gw-a", crl_present=True, crl=data, crl_file=lies)


@pytest.mark.parametrize(
    ("data", "state", "says"),
    [
        pytest.param(
            b"garbage", {}, "crl.pem: it holds no -----BEGIN line, and no list is in it", id="garbage"
        ),
        pytest.param(b"", {}, "Cluster_crl/crl.pem is empty", id="empty"),
        pytest.param(made().pem(), {"readable": False}, "cannot be read by the service user", id="mode"),
    ],
)
def test_a_list_that_cannot_be_loaded_forbids_the_restart(
    data: bytes, state: Mapping[str, object], says: str
) -> None:
    (one,) = found(with_list(data, **state))
    assert one.name == "start-dead"
    assert says in one.problem
    assert one.remedy.startswith("fab credentials.crl --place")


@pytest.mark.parametrize("data", [made().pem(), made().der], ids=["PEM", "DER"])
def test_a_list_that_can_be_loaded_does_not(data: bytes) -> None:
    assert found(with_list(data)) == ()


def set_of(recipe: Recipe, key: PrivateKey | None = None) -> CredentialSet:
    """A leaf of the cluster's own CA."""
    key = key or new_key()
    leaf = issue(recipe, key, issuer=OWN.issuer)
    return credential_set("x", key, chain=(leaf,), ca=(OWN.issuer.certificate,))


def on_disk(one: CredentialSet) -> Snapshot:
    """gw-a runs with a good leaf, and this lies on its disk."""
    return alter_files(healthy(runs=OWN.sets), "gw-a", cert_pem=one.cert_pem, ca_pem=one.ca_pem)


GOOD = Recipe(Subject("x"), NOW - timedelta(days=9), NOW + timedelta(days=90))


@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(
            set_of(replace(GOOD, not_after=NOW - timedelta(days=1))), "certificate has expired", id="expired"
        ),
        pytest.param(
            set_of(replace(GOOD, not_before=NOW + timedelta(days=1))), "not yet valid", id="not yet valid"
        ),
        pytest.param(
            replace(OTHER_SHARED, ca=SHARED.ca, ca_pem=SHARED.ca_pem),
            "it refuses the client: ",
            id="another's CA file",
        ),
    ],
)
def test_what_would_connect_with_nobody_forbids_the_restart(one: CredentialSet, says: str) -> None:
    alone = [f for f in found(on_disk(one)) if f.name == "start-alone"]
    assert len(alone) == 1
    assert says in alone[0].problem
    assert "connect it with nobody, not even with their own kind" in alone[0].problem


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(set_of(GOOD), id="another leaf of the CA"),
        pytest.param(OTHER_SHARED, id="a set that only its own kind trusts"),
    ],
)
def test_what_connects_with_its_own_kind_at_least_is_no_concern_here(one: CredentialSet) -> None:
    assert found(on_disk(one)) == ()


def test_an_eku_for_one_side_connects_by_one_direction_and_is_named_as_that() -> None:
    one_sided = set_of(replace(GOOD, usages=(ExtendedKeyUsageOID.CLIENT_AUTH,)))
    assert [f.name for f in found(on_disk(one_sided))] == ["eku-one-sided"]


def test_dates_are_judged_by_the_clock_of_the_node() -> None:
    ahead = alter_files(healthy(runs=OWN.sets), "gw-a", clock_offset_s=400 * 86400.0)
    (one,) = found(ahead)
    assert (one.name, one.where) == ("start-alone", "gw-a")
    assert found(ahead, "gw-b") == ()


def test_a_chain_with_a_weak_certificate_in_it_is_a_dead_start() -> None:
    weak = set_of(GOOD, private_key(rsa.generate_private_key(65537, 1024)))
    names = [(f.name, "key too weak" in f.problem) for f in found(on_disk(weak))]
    assert names[0] == ("start-dead", True)
    assert "too-weak" not in [name for name, _ in names]


def test_the_only_member_of_a_cluster_has_nobody_to_be_connected_with() -> None:
    late = alter_files(healthy(cluster("gw-a"), runs=SHARED), "gw-a", clock_offset_s=400 * 86400.0)
    assert found(late) == ()


# --- what a restart would change


def test_nothing_is_pending_where_disk_and_process_agree() -> None:
    for snapshot in (healthy(runs=SHARED), healthy(WITH_PAIR, runs=OWN.sets), healthy()):
        assert [
            pending(snapshot, member) for member in snapshot.cluster.members if pending(snapshot, member)
        ] == []


def test_another_certificate_on_disk_is_pending() -> None:
    snapshot = alter(healthy(runs=SHARED), "gw-a", wire=wire(OTHER_SHARED))
    leaf, ca = pending(snapshot, THREE.member("gw-a"))
    assert leaf.startswith(f"serves {OTHER_SHARED.leaf.sha256[:8]} (CN=another")
    assert f"after a restart {SHARED.leaf.sha256[:8]} (CN=production" in leaf
    assert "Cluster_cafile.pem holds another CA" in ca


def test_a_member_on_the_builtin_pair_beside_files_is_pending() -> None:
    snapshot = alter(healthy(runs=SHARED), "gw-a", wire=healthy().nodes["gw-a"].wire)
    assert "(BUILT-IN), after a restart" in pending(snapshot, THREE.member("gw-a"))[0]


def test_another_ca_alone_is_pending() -> None:
    snapshot = alter_files(healthy(runs=SHARED), "gw-a", ca_pem=OTHER_SHARED.ca_pem)
    (one,) = pending(snapshot, THREE.member("gw-a"))
    assert one.endswith("after a restart: CN=another")


def test_a_ca_file_written_since_is_only_mentioned() -> None:
    snapshot = alter_file(healthy(runs=SHARED), "gw-a", CA_FILE, changed_at=FRESH)
    assert "was written after its process started" in rewritten(snapshot, THREE.member("gw-a"))
    assert pending(snapshot, THREE.member("gw-a")) == ()
    assert rewritten(healthy(runs=SHARED), THREE.member("gw-a")) == ""
    synced = alter_file(healthy(PAIR, runs=SHARED), "gw-d1", CA_FILE, changed_at=FRESH)
    assert rewritten(synced, PAIR.member("gw-d")) == ""


def test_a_standby_with_other_files_is_pending_and_healed_by_the_sync() -> None:
    snapshot = alter_file(healthy(PAIR, runs=SHARED), "gw-d2", CERT_FILE, sha256="ab")
    assert pending(snapshot, PAIR.member("gw-d")) == ("on gw-d2 other files than on gw-d1: Cluster_cert.pem",)
    assert list(unsynced(snapshot, PAIR.member("gw-d"))) == []


def test_a_standby_with_other_files_outside_the_synced_tree_is_refused() -> None:
    snapshot = alter_file(healthy(PAIR, runs=SHARED), "gw-d2", CERT_FILE, sha256="ab")
    outside = alter_files(snapshot, "gw-d1", keystore=PurePosixPath("/srv/keys"))
    (one,) = unsynced(outside, PAIR.member("gw-d"))
    assert one.name == "pair-files-differ"
