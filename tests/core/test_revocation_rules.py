"""What a revocation list does where it is loaded: each fault by its name, beside the list that has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.findings import Finding, Severity
from tasks.core.issuing import Issuer, Recipe, Subject, issue, leaf_set, new_key
from tasks.core.revocation import RevocationList, parse_list
from tasks.core.revocation_rules import Acceptor, Client, garbage, judge_list
from tests.core.certs import BUILTIN, LEAF_A, LEAF_B, MEMBERS, NOW, OWN, SHARED
from tests.core.revocations import OTHER_CA, SAME_NAME, by_hand, made

CA = OWN.issuer.certificate
CLIENTS = tuple(Client(name, OWN.sets[name].chain) for name in MEMBERS)
OTHERS = leaf_set("gw-x", OTHER_CA, subject=Subject("gw-x"), days=300, now=NOW)
E, W = Severity.ERROR, Severity.WARNING


def judged(
    found: RevocationList,
    *,
    clients: tuple[Client, ...] = CLIENTS,
    at: datetime = NOW,
    trusted: tuple[object, ...] = (CA,),
    names: FileNames = CLUSTER,
) -> tuple[Finding, ...]:
    return judge_list(found, Acceptor("gw-a", trusted, at), clients, names=names)  # type: ignore[arg-type]


def test_a_list_that_is_in_order_has_no_fault() -> None:
    assert judged(made()) == ()
    assert judged(parse_list(by_hand())) == ()
    assert judged(made(), names=HA) == ()


@pytest.mark.parametrize(
    ("found", "clients", "name", "severity", "says"),
    [
        pytest.param(made(days=6), CLIENTS, "crl-expires", W, "expires in 6 days (2026-11-28", id="soon"),
        pytest.param(
            made(now=NOW - timedelta(days=40)), CLIENTS, "crl-expired", E, "no new connection", id="expired"
        ),
        pytest.param(
            made(now=NOW + timedelta(days=1)), CLIENTS, "crl-not-yet-valid", E, "not yet", id="not yet"
        ),
        pytest.param(
            made(issuer=OTHER_CA), CLIENTS, "crl-unknown-issuer", E, "signed by CN=another CA", id="foreign"
        ),
        pytest.param(
            made(issuer=SAME_NAME), CLIENTS, "crl-unknown-issuer", E, "holds no such key", id="same name"
        ),
        pytest.param(
            made(LEAF_A),
            CLIENTS,
            "crl-revokes-member",
            W,
            "revokes the certificate of gw-a",
            id="revokes one",
        ),
        pytest.param(
            parse_list(by_hand(critical=True)), CLIENTS, "crl-unusable", E, "critical", id="unknown extension"
        ),
        pytest.param(
            parse_list(made().pem() + made().pem()), CLIENTS, "crl-several", W, "holds 2 lists", id="several"
        ),
    ],
)
def test_each_fault_has_its_name(
    found: RevocationList, clients: tuple[Client, ...], name: str, severity: Severity, says: str
) -> None:
    (one,) = judged(found, clients=clients)
    assert (one.name, one.severity, one.where) == (name, severity, "gw-a")
    assert says in one.problem
    assert "fab credentials." in one.remedy or "one list" in one.remedy


def test_days_are_counted_by_the_nodes_own_clock() -> None:
    found = made(days=30)
    assert judged(found, at=NOW + timedelta(days=23)) == ()
    assert [f.name for f in judged(found, at=NOW + timedelta(days=23, seconds=1))] == ["crl-expires"]
    assert [f.name for f in judged(found, at=NOW + timedelta(days=30))] == ["crl-expired"]
    assert [f.name for f in judged(found, at=NOW - timedelta(minutes=6))] == ["crl-not-yet-valid"]


def test_a_list_without_an_end_never_expires() -> None:
    found = replace(made(), next_update=None)
    assert judged(found, at=NOW + timedelta(days=5000)) == ()


def test_a_member_of_another_issuer_is_kept_apart_by_any_list() -> None:
    both = (CA, OTHER_CA.certificate)
    clients = (*CLIENTS, Client("gw-x", OTHERS.chain))
    (one,) = judged(made(), clients=clients, trusted=both)
    assert (one.name, one.severity) == ("crl-foreign", E)
    assert "is not of the issuer of gw-x:" in one.problem
    assert judged(made(), trusted=both) == ()


@pytest.mark.parametrize("other", [SHARED.leaf, BUILTIN], ids=["shared self-signed", "built-in"])
def test_so_is_one_on_a_self_signed_certificate_that_is_trusted_meanwhile(other: object) -> None:
    clients = (*CLIENTS, Client("gw-x", (other,)))  # type: ignore[arg-type]
    (one,) = judged(made(), clients=clients, trusted=(CA, other))
    assert one.name == "crl-foreign"
    assert judged(made(), clients=clients, trusted=(CA,)) == ()  # refused without a list, too: said elsewhere


def test_two_revoked_members_have_no_direction_left_between_them() -> None:
    warned, apart = judged(made(LEAF_A, LEAF_B))
    assert (warned.name, apart.name, apart.severity) == ("crl-revokes-member", "crl-parts-members", E)
    assert "revokes gw-a, gw-b: with each other" in apart.problem
    assert "T12" in warned.problem
    assert "still dialed by the others, and shown connected" in warned.problem
    assert "change the CA" in warned.remedy


def test_an_issuer_without_the_usage_is_named_with_openssls_words() -> None:
    key = new_key()
    recipe = Recipe(Subject("no lists"), NOW, NOW + timedelta(days=300), is_ca=True)
    issuer = Issuer(issue(recipe, key, issuer=None), key)
    leaf = leaf_set("gw-a", issuer, subject=Subject("gw-a"), days=30, now=NOW)
    (one,) = judged(made(issuer=issuer), clients=(Client("gw-a", leaf.chain),), trusted=(issuer.certificate,))
    assert one.name == "crl-unusable"
    assert "CRL signing" in one.problem


def test_the_issuer_may_come_along_in_the_clients_chain() -> None:
    """Leaf and intermediate are served, the root alone is trusted: the list is the intermediate's."""
    root_key, key = new_key(), new_key()
    root = Issuer(
        issue(_ca("root", path_length=1), root_key, issuer=None),
        root_key,
    )
    middle = Issuer(issue(_ca("middle", path_length=0), key, issuer=root), key)
    leaf = leaf_set("gw-a", middle, subject=Subject("gw-a"), days=30, now=NOW).leaf
    clients = (Client("gw-a", (leaf, middle.certificate)),)
    assert judged(made(issuer=middle), clients=clients, trusted=(root.certificate,)) == ()
    (one,) = judged(made(issuer=root), clients=clients, trusted=(root.certificate,))
    assert one.name == "crl-foreign"  # a list of the root says nothing of leafs


def _ca(name: str, *, path_length: int) -> Recipe:
    return Recipe(
        Subject(name), NOW, NOW + timedelta(days=300), usages=(), is_ca=True, path_length=path_length
    )


def test_in_a_pairs_channel_a_revoked_certificate_keeps_the_nodes_apart() -> None:
    clients = (Client("gw-d1", OWN.sets["gw-d"].chain), Client("gw-d2", OWN.sets["gw-d"].chain))
    (one,) = judged(made(OWN.sets["gw-d"].leaf), clients=clients, names=HA)
    assert (one.name, one.severity) == ("ha-crl-revokes-pair", E)
    assert "HA_crl/crl.pem revokes the certificate of gw-d1, gw-d2" in one.problem
    assert judged(made(LEAF_A), clients=clients, names=HA) == ()
    assert "fab credentials.crl --use ha" in one.remedy


def test_a_file_without_a_list_is_t1() -> None:
    one = garbage("gw-a", "it is empty")
    assert (one.name, one.severity, one.where) == ("crl-garbage", E, "gw-a")
    assert one.problem == (
        "Cluster_crl/crl.pem cannot be read: it is empty: a restart would listen on nothing (T1)"
    )
