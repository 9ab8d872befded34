"""Certificates: read as OpenSSL reads them, judged as its handshakes judge them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tasks.core.certificates import (
    Certificate,
    CertificateFault,
    is_builtin,
    parse_pem_chain,
)
from tasks.core.credential_set import CredentialSet
from tasks.core.issuing import Issuer, Recipe, Subject, credential_set, issue, new_ca, new_key, private_key
from tasks.core.peers import Purpose, verify
from tasks.core.private_keys import SigningKey
from tests.core.handshakes import handshake_refusal

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
ROOT = new_ca(Subject("root"), days=1000, now=NOW)
OTHER_ROOT = new_ca(Subject("root"), days=1000, now=NOW)  # same name, another key
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def made(
    subject: Subject | None = None, *, issuer: Issuer | None = None, key: SigningKey | None = None
) -> Certificate:
    recipe = Recipe(subject or Subject("x"), NOW - DAY, NOW + DAY)
    return issue(recipe, private_key(key) if key else new_key(), issuer=issuer)


LEAF = made(issuer=ROOT)


def test_the_facts_of_a_leaf_are_in_plain_words() -> None:
    leaf = made(Subject("gw-a", organization="Org"), issuer=ROOT)
    assert (leaf.subject, leaf.issuer) == ("CN=gw-a,O=Org", "CN=root")
    assert (leaf.not_before, leaf.not_after) == (NOW - DAY, NOW + DAY)
    assert (leaf.key_kind, leaf.signature_hash) == ("EC P-256", "sha256")
    assert leaf.eku == {"serverAuth", "clientAuth"}
    assert (leaf.self_signed, leaf.is_ca) == (False, False)
    assert (ROOT.certificate.self_signed, ROOT.certificate.is_ca) == (True, True)
    assert len(leaf.sha256) == 64
    assert leaf.sha256 == leaf.sha256.upper()


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        pytest.param(ec.generate_private_key(ec.SECP384R1()), "EC P-384", id="P-384"),
        pytest.param(ec.generate_private_key(ec.SECP256K1()), "EC secp256k1", id="another curve"),
        pytest.param(rsa.generate_private_key(65537, 2048), "RSA 2048", id="RSA"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), "Ed25519", id="Ed25519"),
    ],
)
def test_the_kind_of_a_key_is_named(key: SigningKey, kind: str) -> None:
    assert made(key=key).key_kind == kind


def test_equal_names_without_the_signature_are_not_self_signed() -> None:
    forged = made(Subject("root"), issuer=ROOT)
    assert forged.subject == forged.issuer
    assert not forged.self_signed


def test_certificates_are_equal_by_their_bytes_alone() -> None:
    assert Certificate.from_der(LEAF.der) == LEAF
    assert made(issuer=ROOT) != LEAF


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(LEAF.pem(), id="plain"),
        pytest.param(LEAF.pem().replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"Bag Attributes: x\nsubject=CN=x\n" + LEAF.pem() + b"trailing\n", id="text around it"),
        pytest.param(LEAF.pem().replace(b"-----\n", b"-----   \n"), id="blanks after the dashes"),
        pytest.param(LEAF.pem().rstrip(b"\n"), id="no final line end"),
        pytest.param(new_key().file_bytes() + LEAF.pem(), id="after a block of another kind"),
        pytest.param(LEAF.pem().replace(b" CERTIFICATE-", b" X509 CERTIFICATE-"), id="old label"),
    ],
)
def test_what_openssl_reads_is_read(data: bytes) -> None:
    assert parse_pem_chain(data) == (LEAF,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "it is empty, and no certificate", id="empty"),
        pytest.param(b" \n", "it is empty", id="blank"),
        pytest.param(b"hello\n", "no -----BEGIN line", id="garbage"),
        pytest.param(LEAF.der, r"binary \(DER or PKCS#12\)", id="DER"),
        pytest.param(LEAF.pem().decode().encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(LEAF.pem().replace(b"\n", b"\r"), "end in CR alone", id="CR"),
        pytest.param(b"  " + LEAF.pem(), "indented", id="indented"),
        pytest.param(new_key().file_bytes(), "no certificate is in it", id="a key"),
        pytest.param(LEAF.pem()[:200], "certificate 1 in it is broken", id="cut off"),
        pytest.param(
            LEAF.pem() + LEAF.pem().replace(b"M", b"!"), "certificate 2 in it is broken", id="bad 2nd"
        ),
        pytest.param(LEAF.pem().replace(b" CERT", b" TRUSTED CERT"), "TRUSTED CERTIFICATE", id="trusted"),
    ],
)
def test_what_openssl_does_not_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(CertificateFault, match=reason):
        parse_pem_chain(data)


def test_bytes_that_are_no_certificate_are_refused() -> None:
    with pytest.raises(CertificateFault, match=r"not a well-formed X\.509 certificate"):
        Certificate.from_der(LEAF.der[:-1])


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_leaf_is_trusted_under_its_root_and_under_no_other(purpose: Purpose) -> None:
    assert verify(LEAF, intermediates=(), trusted=(ROOT.certificate,), purpose=purpose, at=NOW) is None
    for trusted in ((), (OTHER_ROOT.certificate,), (LEAF,)):
        assert verify(LEAF, intermediates=(), trusted=trusted, purpose=purpose, at=NOW) is not None


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        pytest.param(NOW, None, id="within its dates"),
        pytest.param(NOW + 2 * DAY, "expired", id="after"),
        pytest.param(NOW - 2 * DAY, "not yet valid", id="before"),
        pytest.param(None, None, id="dates aside"),
    ],
)
def test_dates_are_those_of_the_clock_that_is_given(at: datetime | None, reason: str | None) -> None:
    root = issue(
        Recipe(Subject("r"), NOW - 9 * DAY, NOW + 9 * DAY, is_ca=True), key := new_key(), issuer=None
    )
    leaf = made(issuer=Issuer(root, key))
    verdict = verify(leaf, intermediates=(), trusted=(root,), purpose="client", at=at)
    assert verdict == reason or (reason is not None and reason in str(verdict))


def test_a_clock_in_another_zone_is_the_same_instant() -> None:
    edge = (NOW + DAY - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=9)))
    ask = partial(verify, LEAF, intermediates=(), trusted=(ROOT.certificate,), purpose="client")
    assert ask(at=edge) is None
    assert ask(at=edge + timedelta(minutes=2)) is not None


def deep_chain(*, path_length: int | None) -> tuple[Certificate, Certificate, Certificate]:
    """Leaf, intermediate, root."""
    root_key, middle_key = new_key(), new_key()
    long = (NOW - DAY, NOW + 9 * DAY)
    top = Recipe(Subject("top"), *long, usages=(), is_ca=True, path_length=path_length)
    root = issue(top, root_key, issuer=None)
    middle_recipe = Recipe(Subject("middle"), *long, usages=(), is_ca=True)
    middle = issue(middle_recipe, middle_key, issuer=Issuer(root, root_key))
    return made(issuer=Issuer(middle, middle_key)), middle, root


@pytest.mark.parametrize(
    ("sends", "trusts", "accepted"),
    [
        pytest.param((), ("middle", "root"), True, id="leaf only, root and intermediate"),
        pytest.param(("middle",), ("root",), True, id="leaf and intermediate, root"),
        pytest.param((), ("root",), False, id="leaf only, root only"),
        pytest.param(("middle",), ("middle",), False, id="intermediate alone"),
        pytest.param((), ("middle",), False, id="leaf only, intermediate alone"),
    ],
)
def test_the_chain_must_reach_a_self_signed_root(
    sends: tuple[str, ...], trusts: tuple[str, ...], accepted: bool
) -> None:
    leaf, middle, root = deep_chain(path_length=1)
    named = {"middle": middle, "root": root}
    verdict = verify(
        leaf,
        intermediates=[named[name] for name in sends],
        trusted=[named[name] for name in trusts],
        purpose="client",
        at=NOW,
    )
    assert (verdict is None) is accepted


def test_a_root_whose_path_length_is_passed_is_refused() -> None:
    leaf, middle, root = deep_chain(path_length=0)
    verdict = verify(leaf, intermediates=(middle,), trusted=(root,), purpose="client", at=NOW)
    assert "path length" in str(verdict)


KINDS = {
    "good": Recipe(Subject("x"), NOW - DAY, NOW + DAY),
    "no EKU": Recipe(Subject("x"), NOW - DAY, NOW + DAY, usages=()),
    "server only": Recipe(Subject("x"), NOW - DAY, NOW + DAY, usages=BOTH[:1]),
    "client only": Recipe(Subject("x"), NOW - DAY, NOW + DAY, usages=BOTH[1:]),
    "expired": Recipe(Subject("x"), NOW - 2 * DAY, NOW - DAY),
    "not yet": Recipe(Subject("x"), NOW + DAY, NOW + 2 * DAY),
}


@pytest.mark.parametrize("root", [ROOT, OTHER_ROOT], ids=["its root", "another root"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_is_that_of_a_real_handshake(kind: str, root: Issuer) -> None:
    key = new_key()
    leaf = issue(KINDS[kind], key, issuer=ROOT)
    good_key = new_key()
    good = credential_set(
        "good",
        good_key,
        chain=(issue(KINDS["good"], good_key, issuer=ROOT),),
        ca=(root.certificate,),
    )
    tried = credential_set("tried", key, chain=(leaf,), ca=(ROOT.certificate,))
    asked: tuple[tuple[Purpose, CredentialSet, CredentialSet], ...] = (
        ("client", tried, good),
        ("server", good, tried),
    )
    for purpose, dialer, acceptor in asked:
        verdict = verify(leaf, intermediates=(), trusted=good.ca, purpose=purpose, at=NOW)
        assert (verdict is None) == (handshake_refusal(dialer, acceptor, at=NOW) is None), verdict


def test_a_weak_key_is_refused_at_the_servers_security_level() -> None:
    weak = made(key=rsa.generate_private_key(65537, 1024), issuer=ROOT)
    verdict = verify(weak, intermediates=(), trusted=(ROOT.certificate,), purpose="client", at=NOW)
    assert verdict == "key too weak (RSA 1024; at least RSA 2048 is wanted)"


@pytest.mark.parametrize(
    ("subject", "builtin"),
    [
        pytest.param(Subject("cluster", organization="IBM"), True, id="O=IBM"),
        pytest.param(Subject("cluster", organization="Eclipse", unit="Amlen"), True, id="OU=Amlen"),
        pytest.param(Subject("cluster"), False, id="the name alone"),
        pytest.param(Subject("cluster", organization="Amlen"), False, id="Amlen as organization"),
        pytest.param(Subject("gw-a", organization="IBM"), False, id="another name"),
        pytest.param(Subject("Cluster", unit="Amlen"), False, id="another case"),
    ],
)
def test_the_builtin_certificate_is_known_by_its_subject(subject: Subject, builtin: bool) -> None:
    assert is_builtin(made(subject)) is builtin


def test_a_leaf_of_a_ca_is_never_builtin() -> None:
    assert not is_builtin(made(Subject("cluster", unit="Amlen"), issuer=ROOT))


def altered(certificate: Certificate, old: bytes, new: bytes) -> bytes:
    """Its bytes with one object identifier in place of another; the signature no longer fits."""
    assert old in certificate.der
    return certificate.der.replace(old, new, 1)


KEY_USAGE, EXTENDED_KEY_USAGE = b"\x06\x03\x55\x1d\x0f", b"\x06\x03\x55\x1d\x25"
EC_KEY, NO_KEY = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", b"\x06\x07\x2a\x86\x48\xce\x3d\x22\x01"


def test_an_extension_that_is_there_twice_is_refused_with_the_reason() -> None:
    with pytest.raises(CertificateFault, match="not a well-formed"):
        Certificate.from_der(altered(LEAF, KEY_USAGE, EXTENDED_KEY_USAGE))
    assert Certificate.from_der(LEAF.der) == LEAF


def test_a_version_that_does_not_exist_is_refused_with_the_reason() -> None:
    with pytest.raises(CertificateFault, match="not a well-formed"):
        Certificate.from_der(altered(LEAF, b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"))


def test_a_key_of_an_unknown_kind_belongs_to_nothing() -> None:
    key = new_key()
    mine = issue(Recipe(Subject("x"), NOW - DAY, NOW + DAY), key, issuer=ROOT)
    unknown = Certificate.from_der(altered(mine, EC_KEY, NO_KEY))
    assert (unknown.key_kind, unknown.public_key_der()) == ("unknown key", b"")
    assert (key.matches(mine), key.matches(unknown)) == (True, False)


def test_a_name_that_openssl_cannot_read_is_refused_at_once() -> None:
    """cryptography would take it, and whoever asks OpenSSL for its verdict would fail."""
    utf8, octets = b"\x0c\x04root", b"\x04\x04root"
    assert x509.load_der_x509_certificate(altered(LEAF, utf8, octets))
    with pytest.raises(CertificateFault, match="not a well-formed"):
        Certificate.from_der(altered(LEAF, utf8, octets))
