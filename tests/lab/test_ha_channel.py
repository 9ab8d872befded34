"""The HA channel: mutual TLS, trusted in both directions, or the nodes stay apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab.gateways import LabCluster, LabGateway, wait
from tests.lab.pairs import (
    HA_PORT,
    SECURED,
    ask_restart,
    pair_apart_from_clusters,
    place_ha,
    standing,
    start,
    wait_refused,
    wait_synced,
)
from tests.lab.pems import Issued, Kind, issue, revocations

Prepare = Callable[[LabGateway, LabGateway], None]
ROOT = issue(Kind(name="ha root", authority=True))
LEAF, OTHER = issue(Kind(name="ha")), issue(Kind(name="other ha"))
FIRST, SECOND = issue(Kind(name="d1"), by=ROOT), issue(Kind(name="d2"), by=ROOT)


@pytest.fixture
def secured() -> Iterator[LabCluster]:
    """A pair in sync on the built-in pair; d1 leads."""
    with pair_apart_from_clusters(**SECURED) as cluster:
        start(cluster)
        wait_synced(cluster, primary="d1")
        yield cluster


def both(leaf: Issued, *, ca: bytes | None) -> Prepare:
    def prepare(*gateways: LabGateway) -> None:
        for gateway in gateways:
            place_ha(gateway, leaf, ca=ca)

    return prepare


def leafs_under_one_ca(first: LabGateway, second: LabGateway) -> None:
    place_ha(first, FIRST, ca=ROOT.cert_pem)
    place_ha(second, SECOND, ca=ROOT.cert_pem)


def unreadable_keys(*gateways: LabGateway) -> None:
    for gateway in gateways:
        place_ha(gateway, LEAF, ca=LEAF.cert_pem)
        gateway.write(gateway.keystore / "HA_key.pem", LEAF.key_pem, mode=0)


@pytest.mark.parametrize(
    ("prepare", "served"),
    [
        pytest.param(both(LEAF, ca=LEAF.cert_pem), LEAF, id="one self-signed set"),
        pytest.param(leafs_under_one_ca, FIRST, id="leafs under one CA"),
        pytest.param(unreadable_keys, None, id="unreadable keys: the built-in pair"),
    ],
)
def test_nodes_that_trust_each_other_are_in_sync(prepare: Prepare, served: Issued | None) -> None:
    with pair_apart_from_clusters(**SECURED) as cluster:
        prepare(cluster["d1"], cluster["d2"])
        start(cluster)
        wait_synced(cluster, primary="d1")
        shown = cluster["d1"].probe(HA_PORT).fingerprint
        assert shown == (served or cluster.builtin).fingerprint


def no_ca_file(position: int) -> Prepare:
    def prepare(*gateways: LabGateway) -> None:
        for index, gateway in enumerate(gateways):
            place_ha(gateway, LEAF, ca=None if index == position else LEAF.cert_pem)

    return prepare


def foreign(position: int) -> Prepare:
    """One has a set of its own, and trusts both; the other one trusts only itself."""

    def prepare(*gateways: LabGateway) -> None:
        for index, gateway in enumerate(gateways):
            mine = OTHER if index == position else LEAF
            place_ha(gateway, mine, ca=LEAF.cert_pem + (OTHER.cert_pem if index == position else b""))

    return prepare


def only_the_first(first: LabGateway, _second: LabGateway) -> None:
    place_ha(first, LEAF, ca=LEAF.cert_pem)


def one_key_unreadable(first: LabGateway, second: LabGateway) -> None:
    both(LEAF, ca=LEAF.cert_pem)(first, second)
    second.write(second.keystore / "HA_key.pem", LEAF.key_pem, mode=0)


def an_expired_crl(first: LabGateway, second: LabGateway) -> None:
    leafs_under_one_ca(first, second)
    first.write(first.truststore / "HA_crl" / "crl.pem", revocations(ROOT, ends_days=-2))


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(no_ca_file(0), id="no CA file at the first"),
        pytest.param(no_ca_file(1), id="no CA file at the second"),
        pytest.param(foreign(0), id="trust in one direction, the first trusts both"),
        pytest.param(foreign(1), id="trust in one direction, the second trusts both"),
        pytest.param(only_the_first, id="a user's set beside the built-in pair"),
        pytest.param(one_key_unreadable, id="an unreadable key: the built-in pair"),
        pytest.param(an_expired_crl, id="an expired CRL"),
    ],
)
def test_nodes_that_do_not_trust_each_other_both_give_up_after_the_discovery(prepare: Prepare) -> None:
    with pair_apart_from_clusters(**SECURED, DiscoveryTimeout=20) as cluster:
        prepare(cluster["d1"], cluster["d2"])
        start(cluster)
        for gateway in cluster.gateways.values():
            wait_refused(gateway, reason=2)
            assert (standing(gateway), gateway.listens(HA_PORT)) == (("UNSYNC_ERROR", 1, 0, -1), False)


def test_tls_and_clear_text_stay_apart_and_two_clear_ones_do_not() -> None:
    with pair_apart_from_clusters() as cluster:
        start(cluster)
        wait_synced(cluster, primary="d1")
        change = {"HighAvailability": {"UseSecuredConnections": True, "DiscoveryTimeout": 20}}
        assert cluster["d2"].post("configuration", change).status == 200
        ask_restart(cluster["d2"])
        wait_refused(cluster["d2"], reason=2)
        assert standing(cluster["d1"]) == ("PRIMARY", 1, 1, -1)


def test_the_documented_way_leaves_no_standby_until_the_primary_restarted(secured: LabCluster) -> None:
    first, second = secured["d1"], secured["d2"]
    place_ha(second, LEAF, ca=LEAF.cert_pem)
    ask_restart(second)
    wait(lambda: second.state() == 11, "State 11")
    time.sleep(0.3)  # 12 simulated seconds, in which it dials every second
    shown = second.availability()
    assert (standing(second), shown["ReasonCode"], second.state()) == (("UNSYNC", 0, 0, -1), 0, 11)
    assert (standing(first), first.state()) == (("PRIMARY", 1, 1, -1), 1)
    assert (second.keystore / "HA_cert.pem").read_bytes() == LEAF.cert_pem
    assert "certFile=HA_cert.pem" in second.log("imatrace.log")
    place_ha(first, LEAF, ca=LEAF.cert_pem)
    ask_restart(first)
    wait_synced(secured, primary="d1")
    wait(lambda: (first.state(), second.state()) == (1, 10), "both to settle")
    assert first.probe(HA_PORT).fingerprint == LEAF.fingerprint


def test_three_rounds_with_overlapping_trust_keep_the_pair_in_sync_before_every_restart() -> None:
    with pair_apart_from_clusters(**SECURED) as cluster:
        both(LEAF, ca=LEAF.cert_pem)(cluster["d1"], cluster["d2"])
        start(cluster)
        wait_synced(cluster, primary="d1")
        names = ("d1", "d2")
        for leaf, ca in (
            (LEAF, LEAF.cert_pem + OTHER.cert_pem),
            (OTHER, LEAF.cert_pem + OTHER.cert_pem),
            (OTHER, OTHER.cert_pem),
        ):
            primary, standby = names
            both(leaf, ca=ca)(cluster[primary], cluster[standby])
            ask_restart(cluster[standby])
            wait_synced(cluster, primary=primary)
            ask_restart(cluster[primary])
            wait_synced(cluster, primary=standby)
            names = (standby, primary)
        assert cluster[names[0]].probe(HA_PORT).fingerprint == OTHER.fingerprint


def test_files_on_the_primary_alone_reach_the_standby_too_late_for_its_own_start(secured: LabCluster) -> None:
    """A store reads its HA files before it is synchronized: the standby runs one restart behind."""
    first, second = secured["d1"], secured["d2"]
    place_ha(first, LEAF, ca=LEAF.cert_pem + secured.builtin.cert_pem)
    ask_restart(second)
    wait_synced(secured, primary="d1")
    assert (second.keystore / "HA_cert.pem").read_bytes() == LEAF.cert_pem
    assert second.probe(HA_PORT).fingerprint == secured.builtin.fingerprint


@pytest.mark.parametrize(
    ("key", "ca", "reason"),
    [
        pytest.param(OTHER.key_pem, LEAF.cert_pem, "key values mismatch", id="the key of another one"),
        pytest.param(LEAF.key_pem, b"garbage\n", "no certificate or crl found", id="a garbage CA file"),
    ],
)
def test_files_that_make_no_context_mean_maintenance_with_error_509(
    secured: LabCluster, key: bytes, ca: bytes, reason: str
) -> None:
    first, second = secured["d1"], secured["d2"]
    place_ha(second, LEAF, ca=ca, key=key)
    ask_restart(second)
    second.wait_settled()
    seen = second.server()
    assert (seen["State"], seen["ErrorCode"], standing(second)) == (9, 509, ("UNSYNC", 0, 0, -1))
    log = second.log("imaserver-default.log")
    assert 'Endpoint="HA_Incoming"' in log
    assert reason in log
    assert standing(first) == ("PRIMARY", 1, 1, -1)


def test_a_visitor_without_a_certificate_sees_the_served_one(secured: LabCluster) -> None:
    seen = secured["d1"].probe(HA_PORT)
    assert seen.fingerprint == secured.builtin.fingerprint
    assert "certificate required" in seen.outcome
    assert secured["d1"].probe(HA_PORT, client=secured.builtin).outcome == "open"
