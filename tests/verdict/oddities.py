"""Variants with certificates, keys and CA files that nobody would make on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.verdict.by_openssl import explicit_p256, plainly, rsa_pss, signed_by_openssl
from tests.verdict.ground import GARBAGE, Files, Ground, Row, below, both, files
from tests.verdict.making import (
    BARE,
    BOTH,
    CA,
    LEAF,
    SELF,
    curve,
    issue,
    name,
    printable,
    revocations,
    rsa_key,
)

ENDED = replace(CA, starts=-9, ends=-2)


def odd_names(on: Ground) -> Iterator[Row]:
    root, kind = issue("same", replace(CA, named=False)), replace(LEAF, named=False)
    forged, b = issue("same", kind, by=root), issue("b", kind, by=root)
    for what, peer in {
        "a leaf of another name": files(b, root.pem),
        "a leaf of another name that has no CA file": files(b, None),
        "a leaf of another CA": on.good_b,
    }.items():
        yield (
            f"a leaf named as its CA is, without key identifiers, beside {what}",
            files(forged, root.pem),
            peer,
        )
    named = files(issue("root", by=on.root), on.root.pem)
    yield "a leaf named as its CA is, with key identifiers, beside a leaf of another name", named, on.good_b
    yield "a leaf named as its CA is, with key identifiers, beside a shared certificate", named, on.same
    for what, issuer, kind in (
        ("in capitals", name("ROOT"), replace(BARE, ca=False)),
        ("as a PrintableString", printable("root"), replace(BARE, ca=False)),
        ("behind a blank", name(" root"), BARE),
    ):
        leaf = issue("a", kind, by=on.root, issuer=issuer)
        yield f"a leaf that names its issuer {what}", files(leaf, on.root.pem), on.good_b
    yield (
        "an intermediate that constrains names, one of each leaf's outside",
        *below(
            replace(CA, permitted="example.com"), leaf=replace(LEAF, names=("x.example.com", "y.example.org"))
        ),
    )


def weak_signers(on: Ground) -> Iterator[Row]:
    root = on.root.pem
    middle = issue("intermediate", CA, by=on.root)
    sha1 = signed_by_openssl(middle, on.root, digest="-sha1")
    a, b = (issue(n, by=middle) for n in "ab")
    yield "an intermediate signed with sha1 in the CA files only", *(files(n, root + sha1) for n in (a, b))
    yield (
        "an intermediate signed with sha1 in the CA file of one member, a good one sent by the other",
        files(a, root + sha1),
        files(b, root, middle),
    )
    weak = issue("weak intermediate", CA, by=on.root, key=rsa_key(1024))
    leafs = [issue(n, by=weak) for n in "ab"]
    yield "an intermediate of RSA 1024 in the CA files only", *(files(n, root + weak.pem) for n in leafs)
    yield "an intermediate of RSA 1024 that is sent", *(files(n, root, weak) for n in leafs)
    stranger = issue("weak", CA, key=rsa_key(1024))
    yield "an unrelated root of RSA 1024 in the CA file", *on.a_with(ca=root + stranger.pem)
    yield "an unrelated root of RSA 1024 behind the leaf", *on.a_with(cert=on.a.pem + stranger.pem)


def odd_keys(on: Ground) -> Iterator[Row]:
    for what in ("secp256k1", "Brainpool P-256", "P-192", "Brainpool P-384"):
        key = curve(what)
        one = issue("shared", SELF, key=key)
        yield both(f"EC {what}", files(one, one.pem))
        leaf = issue("a", by=on.root, key=key)
        yield f"a leaf of {what} beside a good one", files(leaf, on.root.pem), on.good_b
    pss, explicit = rsa_pss(), explicit_p256()
    yield (
        "an RSA-PSS certificate beside its key as plain RSA",
        files(plainly(pss), pss.pem),
        files(pss, pss.pem),
    )
    yield (
        "a certificate with explicit parameters beside its key of a named curve",
        files(plainly(explicit), explicit.pem),
        files(explicit, explicit.pem),
    )
    one = issue("explicit", SELF, key=plainly(explicit).key)
    yield (
        "a certificate of a named curve beside its key with explicit parameters",
        replace(files(one, one.pem), key=explicit.key_pem),
        files(one, one.pem),
    )
    agreeing = x25519.X25519PrivateKey.generate()
    yield (
        "a key of X25519",
        *on.a_with(key=agreeing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
    )
    sealed = on.a.encoded(PrivateFormat.TraditionalOpenSSL, encryption=BestAvailableEncryption(b"secret"))
    yield "an encrypted key as SEC1", *on.a_with(key=sealed)


def odd_extensions(on: Ground) -> Iterator[Row]:
    for what, kind in {
        "a critical extension that nobody knows": replace(BARE, unknown=True),
        "an extension that nobody knows": replace(BARE, unknown=False),
        "the EKU for anything": replace(LEAF, eku=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
        "the EKU for code signing only": replace(LEAF, eku=(ExtendedKeyUsageOID.CODE_SIGNING,)),
        "both EKUs and code signing": replace(LEAF, eku=(*BOTH, ExtendedKeyUsageOID.CODE_SIGNING)),
    }.items():
        yield f"a leaf with {what}", files(issue("a", kind, by=on.root), on.root.pem), on.good_b
    one = issue("shared", replace(BARE, unknown=True))
    what = "a shared certificate with a critical extension that nobody knows"
    yield both(what, files(one, one.pem))
    yield f"{what}, without the CA file on one member", files(one, None), files(one, one.pem)


def odd_roots(on: Ground) -> Iterator[Row]:
    root = on.root.pem
    yield "a CA file that holds a list only", *on.a_with(ca=revocations(on.root, number=None))
    yield "the own leaf before the root in the CA file", *on.a_with(ca=on.a.pem + root)
    one = issue("s", SELF)
    yield (
        "a self-signed certificate and the peer's root in the CA file",
        files(one, one.pem + root),
        on.good_b,
    )
    bare, kind = replace(CA, named=False), replace(LEAF, named=False)
    right = issue("twin", bare)
    other, ended = issue("twin", bare), issue("twin", replace(ENDED, named=False))
    a, b = (issue(n, kind, by=right) for n in "ab")
    for what, ca in {
        "the right one first": right.pem + other.pem,
        "an expired one first": ended.pem + right.pem,
        "an expired one last": right.pem + ended.pem,
    }.items():
        yield (
            f"two roots of one subject without key identifiers, {what}",
            files(a, ca),
            files(b, right.pem),
        )
    yield (
        "two roots of one subject, an expired one of another key first",
        *on.a_with(ca=issue("root", ENDED).pem + root),
    )
    before = issue("root", ENDED, key=on.root.key)
    yield "a renewed root behind the expired one of its key", *on.a_with(ca=before.pem + root)
    yield "the expired root of a renewed one's key alone", *on.a_with(ca=before.pem)
    yield "the expired root of a renewed one's key behind the leaf", *on.a_with(cert=on.a.pem + before.pem)


def beside_the_builtin_pair(on: Ground) -> Iterator[Row]:
    root, pair = on.root.pem, on.builtin
    leaf = replace(on.good_b, ca=root + pair.pem)
    shared = files(on.shared, on.shared.pem + pair.pem)
    none = Files(None, None, None)
    yield "no pair, but a garbage list", Files(None, None, root, GARBAGE), on.good_b
    yield "nothing at all beside a leaf that trusts the built-in pair", none, leaf
    yield "a CA file alone beside a leaf that trusts the built-in pair", replace(none, ca=root), leaf
    yield "nothing at all beside a shared set that trusts the built-in pair", none, shared
    yield (
        "a garbage CA file alone beside a set that trusts the built-in pair",
        replace(none, ca=GARBAGE),
        shared,
    )
    placed = files(pair, pair.pem)
    yield both("the built-in pair placed as a set, on both", placed)
    yield "the built-in pair placed as a set beside nothing at all", placed, none
    yield (
        "the built-in pair placed with a leaf's root beside that leaf, which trusts it",
        files(pair, root),
        leaf,
    )
