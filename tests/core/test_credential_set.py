"""Credential sets: every fault of AMLEN.md §2 by its name, all at once, and never a byte of the key."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from tasks.core.credential_set import CredentialSet, judge_sets, load
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.issuing import (
    Issuer,
    Recipe,
    Subject,
    ca_with_leafs,
    credential_set,
    issue,
    leaf_set,
    new_ca,
    new_key,
    private_key,
    shared_self_signed,
)
from tasks.core.key_exchange import Capability
from tasks.core.private_keys import PrivateKey, SigningKey
from tasks.core.server_tls import context_refusal
from tests.core.handshakes import TLS12, TLS13, handshake_refusal

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SHARED = shared_self_signed(Subject("production"), days=365, now=NOW)
OTHER = shared_self_signed(Subject("other"), days=365, now=NOW)
CA = new_ca(Subject("CA"), days=3650, now=NOW)
LEAF = leaf_set("gw-a", CA, subject=Subject("gw-a"), days=365, now=NOW)
FILES = SHARED.files()
KEY_PEM = FILES[KEY_FILE]


def names(files: Mapping[str, bytes]) -> list[str]:
    return [finding.name for finding in load(files, label="gw-a", at=NOW)[1]]


def made(
    recipe: Recipe | None = None, *, key: SigningKey | None = None, issuer: Issuer | None = CA
) -> CredentialSet:
    pair = private_key(key) if key else new_key()
    leaf = issue(recipe or Recipe(Subject("x"), NOW - DAY, NOW + 300 * DAY), pair, issuer=issuer)
    ca = issuer.certificate if issuer else leaf
    return credential_set("x", pair, chain=(leaf,), ca=(ca,))


def recipe(
    *, usages: tuple[object, ...] | None = None, first: int = -1, last: int = 300, **subject: str
) -> Recipe:
    chosen = Recipe(
        Subject(subject.get("cn", "x"), unit=subject.get("ou", "")), NOW + first * DAY, NOW + last * DAY
    )
    if usages is None:
        return chosen
    return Recipe(chosen.subject, chosen.not_before, chosen.not_after, usages=usages)  # type: ignore[arg-type]


@pytest.mark.parametrize("good", [SHARED, LEAF], ids=["shared self-signed", "leaf of a CA"])
def test_a_good_set_has_no_finding_and_keeps_every_byte(good: CredentialSet) -> None:
    one, findings = load(good.files(), label="gw-a", at=NOW)
    assert findings == ()
    assert one is not None
    assert one.files() == good.files()
    assert list(one.files()) == [CA_FILE, CERT_FILE, KEY_FILE]
    assert one.sha256 == good.sha256


ENCRYPTED = (
    new_key().for_tls().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw"))
)
OLD_ENCRYPTED = KEY_PEM.replace(b"KEY-----\n", b"KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\n", 1)
X25519 = x25519.X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({KEY_FILE: None}, ["key-missing"], id="no key"),
        pytest.param({CERT_FILE: None}, ["cert-missing"], id="no certificate"),
        pytest.param({CA_FILE: None}, ["ca-missing"], id="no CA file (T3)"),
        pytest.param({KEY_FILE: b""}, ["key-unreadable"], id="empty key"),
        pytest.param({KEY_FILE: b"junk\n"}, ["key-unreadable"], id="garbage key"),
        pytest.param({KEY_FILE: b"\xef\xbb\xbf" + KEY_PEM}, ["byte-order-mark"], id="key after a BOM"),
        pytest.param({KEY_FILE: KEY_PEM * 2}, ["several-keys"], id="two keys"),
        pytest.param(
            {KEY_FILE: new_key().file_bytes() + KEY_PEM},
            ["several-keys", "key-mismatch"],
            id="the wrong one first",
        ),
        pytest.param({KEY_FILE: KEY_PEM[:100]}, ["key-unreadable"], id="cut-off key"),
        pytest.param({KEY_FILE: ENCRYPTED}, ["key-encrypted"], id="encrypted PKCS#8"),
        pytest.param({KEY_FILE: OLD_ENCRYPTED}, ["key-encrypted"], id="encrypted, traditional"),
        pytest.param({KEY_FILE: X25519}, ["key-type-unsupported"], id="a key that cannot sign"),
        pytest.param({KEY_FILE: new_key().file_bytes()}, ["key-mismatch"], id="another's key"),
        pytest.param({CERT_FILE: b"junk\n"}, ["cert-unreadable"], id="garbage certificate"),
        pytest.param({CA_FILE: b""}, ["ca-unreadable"], id="empty CA file"),
        pytest.param({CA_FILE: b" " + FILES[CA_FILE]}, ["ca-unreadable"], id="indented CA file"),
        pytest.param(
            {CERT_FILE: KEY_PEM + FILES[CERT_FILE]}, ["key-in-cert-file"], id="key in the certificate file"
        ),
        pytest.param({CA_FILE: OTHER.files()[CA_FILE]}, ["chain-incomplete"], id="another's CA file"),
        pytest.param(
            {KEY_FILE: None, CERT_FILE: b"", CA_FILE: b""},
            ["key-missing", "cert-unreadable", "ca-unreadable"],
            id="all at once",
        ),
    ],
)
def test_each_fault_of_a_file_is_found_by_name(
    change: Mapping[str, bytes | None], expected: list[str]
) -> None:
    changed = {**FILES, **change}
    files = {name: content for name, content in changed.items() if content is not None}
    assert names(files) == expected


SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
P384, P521 = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP521R1())
RSA_2048, RSA_1024 = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 1024)
K1, ED = ec.generate_private_key(ec.SECP256K1()), ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(made(), [], id="good"),
        pytest.param(made(recipe(usages=())), [], id="no EKU"),
        pytest.param(made(recipe(usages=(SERVER_AUTH,))), ["eku-one-sided"], id="serverAuth only"),
        pytest.param(made(recipe(usages=(CLIENT_AUTH,))), ["eku-one-sided"], id="clientAuth only"),
        pytest.param(
            made(recipe(usages=(CLIENT_AUTH,)), issuer=None), ["eku-one-sided"], id="self-signed, one side"
        ),
        pytest.param(made(recipe(first=-9, last=-1)), ["expired"], id="expired"),
        pytest.param(made(recipe(first=1)), ["not-yet-valid"], id="not yet valid"),
        pytest.param(made(recipe(last=29)), ["expires-soon"], id="29 days left"),
        pytest.param(made(recipe(last=31)), [], id="31 days left"),
        pytest.param(
            made(recipe(cn="cluster", ou="Amlen"), issuer=None),
            ["builtin-credentials", "builtin-in-ca"],
            id="built-in",
        ),
        pytest.param(made(key=RSA_1024), ["too-weak"], id="RSA 1024"),
        pytest.param(made(key=RSA_2048), ["rsa-needs-tls13"], id="RSA 2048"),
        pytest.param(made(key=P384), ["curve-needs-tls13"], id="P-384"),
        pytest.param(made(key=P521), ["curve-needs-tls13"], id="P-521"),
        pytest.param(made(key=ED), ["key-type-unproven"], id="Ed25519"),
        pytest.param(made(key=K1), ["key-type-unsupported"], id="another curve"),
        pytest.param(
            made(recipe(usages=(SERVER_AUTH,), first=-9, last=-1), key=RSA_2048),
            ["eku-one-sided", "rsa-needs-tls13", "expired"],
            id="all at once",
        ),
    ],
)
def test_each_fault_of_a_certificate_is_found_by_name(one: CredentialSet, expected: list[str]) -> None:
    assert names(one.files()) == expected


@pytest.mark.parametrize(
    ("key", "tls12", "tls13"),
    [
        pytest.param(None, True, True, id="P-256"),
        pytest.param(RSA_2048, False, True, id="RSA 2048"),
        pytest.param(P384, False, True, id="P-384"),
        pytest.param(P521, False, True, id="P-521"),
        pytest.param(K1, False, False, id="secp256k1"),
        pytest.param(ED, True, True, id="Ed25519"),
    ],
)
def test_the_rules_on_key_types_are_what_real_handshakes_do(
    key: SigningKey | None, tls12: bool, tls13: bool
) -> None:
    one = made(key=key)
    assert (handshake_refusal(one, one, at=NOW, protocol=TLS12) is None) is tls12
    assert (handshake_refusal(one, one, at=NOW, protocol=TLS13) is None) is tls13


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**FILES, KEY_FILE: new_key().file_bytes()}, id="mismatch (T1)"),
        pytest.param(made(key=RSA_1024).files(), id="RSA 1024 (T1)"),
        pytest.param({**FILES, KEY_FILE: ENCRYPTED}, id="encrypted key (T1)"),
        pytest.param({**FILES, CA_FILE: b""}, id="empty CA file (T1)"),
        pytest.param({KEY_FILE: KEY_PEM, CA_FILE: FILES[CA_FILE]}, id="fallback (T2)"),
        pytest.param({KEY_FILE: KEY_PEM, CERT_FILE: FILES[CERT_FILE]}, id="no CA file (T3)"),
    ],
)
def test_what_would_leave_a_server_deaf_or_alone_is_no_set(files: Mapping[str, bytes]) -> None:
    assert load(files, label="gw-a", at=NOW)[0] is None


def test_openssl_itself_refuses_what_is_called_deaf() -> None:
    weak = made(key=RSA_1024)
    assert context_refusal(weak.key, chain=weak.chain, ca=weak.ca) == "ee key too small"
    mismatched = context_refusal(new_key(), chain=SHARED.chain, ca=SHARED.ca)
    assert mismatched == "key values mismatch"
    assert context_refusal(SHARED.key, chain=SHARED.chain, ca=SHARED.ca) is None


def test_a_set_that_is_only_expired_can_still_be_looked_at() -> None:
    one, findings = load(made(recipe(first=-9, last=-1)).files(), label="gw-a", at=NOW)
    assert one is not None
    assert findings[0].severity is Severity.ERROR
    assert "expired on 2026-11-21T12:00:00Z by the clock of this machine" in findings[0].problem


def test_a_chain_with_its_leaf_last_names_the_place_of_the_leaf() -> None:
    files = {**LEAF.files(), CERT_FILE: CA.certificate.pem() + LEAF.files()[CERT_FILE]}
    finding = next(f for f in load(files, label="gw-a", at=NOW)[1] if f.name == "key-mismatch")
    assert finding.remedy.startswith("put certificate 2 of Cluster_cert.pem first")


def test_an_expired_ca_is_found_though_the_leaf_is_good() -> None:
    root_key = new_key()
    root = issue(Recipe(Subject("old CA"), NOW - 9 * DAY, NOW - DAY, is_ca=True), root_key, issuer=None)
    findings = load(made(issuer=Issuer(root, root_key)).files(), label="gw-a", at=NOW)[1]
    assert [finding.name for finding in findings] == ["expired"]
    assert "its CA CN=old CA" in findings[0].problem


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(KEY_PEM.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"text before\n" + KEY_PEM + b"text after\n", id="text around it"),
        pytest.param(
            new_key().for_tls().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
            id="traditional form",
        ),
    ],
)
def test_a_key_file_that_openssl_reads_is_read(content: bytes) -> None:
    assert not {"key-unreadable", "key-encrypted"} & set(names({**FILES, KEY_FILE: content}))


def test_nothing_of_the_key_shows() -> None:
    one, findings = load({**FILES, KEY_FILE: KEY_PEM}, label="gw-a", at=NOW)
    secret = KEY_PEM.splitlines()[1].decode()
    assert one is not None
    assert secret not in f"{one!r} {one} {one.key!r} {findings!r}"
    assert "hidden" in repr(one)


@pytest.mark.parametrize(
    "broken", [KEY_PEM.replace(b"\n", b"\r"), KEY_PEM.replace(b"-----\n", b"----- \r"), KEY_PEM[:-20]]
)
def test_nothing_of_a_broken_key_shows_in_its_findings(broken: bytes) -> None:
    findings = load({KEY_FILE: broken, CERT_FILE: broken, CA_FILE: broken}, label="gw-a", at=NOW)[1]
    assert findings
    assert KEY_PEM.splitlines()[1].decode()[:20] not in repr(findings)


@pytest.mark.parametrize("leak", [copy.deepcopy, copy.copy, pickle.dumps])
def test_a_key_is_neither_copied_nor_pickled(leak: object) -> None:
    key = SHARED.key
    assert isinstance(key, PrivateKey)
    with pytest.raises(TypeError, match="neither copied nor pickled"):
        leak(key)  # type: ignore[operator]


def judged(sets: Mapping[str, CredentialSet], **clocks: datetime) -> tuple[Finding, ...]:
    return judge_sets(sets, at_by_node=clocks or {"gw-a": NOW})


def test_members_with_one_set_or_one_ca_trust_each_other() -> None:
    assert judged({"gw-a": SHARED, "gw-b": SHARED}) == ()
    own = ca_with_leafs(Subject("CA"), members={m: Subject(m) for m in "ab"}, days=300, ca_days=900, now=NOW)
    assert judged(own.sets) == ()


def test_members_that_do_not_trust_each_other_are_named_in_both_directions() -> None:
    found = judged({"gw-a": SHARED, "gw-b": LEAF})
    assert [(f.name, f.where) for f in found] == [
        ("leaf-not-trusted-by", "gw-b"),
        ("leaf-not-trusted-by", "gw-a"),
    ]
    assert "certificate of gw-a (CN=production) as client" in found[0].problem
    assert "certificate of gw-a (CN=production) as client and server" not in found[0].problem
    assert "certificate of gw-b (CN=gw-a) as client and server" in found[1].problem


def test_trust_in_one_direction_only_is_found() -> None:
    both = credential_set("gw-b", LEAF.key, chain=LEAF.chain, ca=(*LEAF.ca, *SHARED.ca))
    assert [f.where for f in judged({"gw-a": SHARED, "gw-b": both})] == ["gw-a"]


def test_dates_are_judged_by_the_clock_of_every_node() -> None:
    late, later = NOW + 400 * DAY, NOW + 401 * DAY
    found = judged({"gw-a": SHARED, "gw-b": SHARED}, good=NOW, late=late, later=later)
    assert [finding.name for finding in found] == ["expired"]
    assert "by the clock of late (2027-12-27T12:00:00Z), later (2027-12-28T12:00:00Z)" in found[0].problem
    assert judged({"gw-a": SHARED}, behind=NOW - DAY)[0].name == "not-yet-valid"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param({KEY_FILE: new_key().file_bytes()}, "dead admin API", id="another's key (T1)"),
        pytest.param({CA_FILE: b""}, "dead admin API", id="empty CA file (T1)"),
        pytest.param({KEY_FILE: None}, "silently never connects", id="no key (T2)"),
        pytest.param({CA_FILE: None}, "silently never connects", id="no CA file (T3)"),
        pytest.param({CA_FILE: OTHER.files()[CA_FILE]}, "silently never connects", id="another's CA file"),
        pytest.param({KEY_FILE: KEY_PEM * 2}, "connects", id="two keys"),
    ],
)
def test_a_finding_says_what_the_server_would_do(change: Mapping[str, bytes | None], outcome: str) -> None:
    changed = {**FILES, **change}
    files = {name: content for name, content in changed.items() if content is not None}
    _, findings = load(files, label="gw-a", at=NOW)
    assert {finding.outcome for finding in findings} == {outcome}


def test_where_one_member_only_knows_the_other_the_connection_has_one_direction() -> None:
    one = credential_set("gw-a", SHARED.key, chain=SHARED.chain, ca=(*SHARED.ca, *OTHER.ca))
    found = judge_sets({"gw-a": one, "gw-b": OTHER}, at_by_node={})
    assert {(f.where, f.outcome) for f in found if f.name == "leaf-not-trusted-by"} == {
        ("gw-b", "connects by one direction only")
    }


def test_a_key_that_wants_tls_13_is_refused_where_a_member_speaks_12_only() -> None:
    one = made(key=RSA_2048)
    old = {"gw-a": Capability(tls13=True), "gw-b": Capability(tls13=False)}
    (found,) = (
        f for f in judge_sets({"gw-a": one}, at_by_node={}, capabilities=old) if f.name == "key-needs-tls13"
    )
    assert "gw-b speak TLS 1.2 only" in found.problem
    assert not judge_sets({"gw-a": one}, at_by_node={}, capabilities={"gw-a": Capability()})
    assert not judge_sets({"gw-a": made()}, at_by_node={}, capabilities=old)


def test_trust_settings_are_refused_and_nothing_is_claimed_of_them() -> None:
    trusted = FILES[CERT_FILE].replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE")
    one, findings = load({**FILES, CERT_FILE: trusted}, label="gw-a", at=NOW)
    assert one is None
    assert {(finding.name, finding.outcome) for finding in findings} == {("cert-unreadable", "not judged")}


def test_a_certificate_with_a_key_of_an_unknown_kind_is_found_and_no_traceback() -> None:
    der = bytes(LEAF.leaf.der).replace(b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2a\x86\x48\xce\x3d\x22\x01", 1)
    pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    found, findings = load({**LEAF.files(), CERT_FILE: pem}, label="gw-a", at=NOW)
    assert found is None
    assert {"key-mismatch", "key-type-unsupported"} <= {finding.name for finding in findings}
