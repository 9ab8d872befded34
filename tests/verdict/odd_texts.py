"""Variants with odd texts in the files, and with odd revocation lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cryptography import x509

from tests.verdict.ground import BOM, Files, Ground, Row, both, files
from tests.verdict.making import (
    CA,
    ISSUES,
    SELF,
    SIGNS,
    UNKNOWN,
    Issued,
    issue,
    name,
    only_for,
    revocations,
)


def odd_texts_of_keys(on: Ground) -> Iterator[Row]:
    key = on.a.key_pem
    for what, text in {
        "a key with its base64 in one line": _in_one_line(key),
        "a key with CR for line ends": key.replace(b"\n", b"\r"),
        "a key in UTF-16": key.decode().encode("utf-16"),
        "a key with blank lines": key.replace(b"\n", b"\n\n"),
        "an encrypted key behind the right one": key + on.a.encrypted,
        "a cut key before the right one": key[:90] + b"\n" + key,
        "an empty block before the key": _block("PRIVATE KEY", "") + key,
        "a block that holds no key before the key": _block("PRIVATE KEY", "AAAA\n") + key,
    }.items():
        yield what, *on.a_with(key=text)


def odd_texts_of_certificates(on: Ground) -> Iterator[Row]:
    cert, root, key = on.a.pem, on.root.pem, on.a.key_pem
    begin, end = b"BEGIN CERTIFICATE", b"END CERTIFICATE"
    assert begin in cert
    for what, text in {
        "a certificate with its base64 in one line": _in_one_line(cert),
        "a certificate with CR for line ends": cert.replace(b"\n", b"\r"),
        "a certificate in UTF-16": cert.decode().encode("utf-16"),
        "a quoted certificate": b"> " + cert,
        "a certificate with blank lines": cert.replace(b"\n", b"\n\n"),
        "a certificate with its label in small letters": cert.replace(b"CERTIFICATE", b"certificate"),
        "a certificate that ends with its old label": cert.replace(end, b"END X509 CERTIFICATE"),
        "a certificate under the label PKCS7": cert.replace(b"CERTIFICATE", b"PKCS7"),
        "a list between the leaf and the root": cert + revocations(on.root, number=None) + root,
        "a cut key behind the leaf": cert + key[:60],
        "NUL bytes before the certificate": b"\0\0\n" + cert,
        "a blank before the root behind the leaf": cert + b" " + root,
    }.items():
        yield what, *on.a_with(cert=text)


def odd_texts_of_cas(on: Ground) -> Iterator[Row]:
    for what, behind in {
        "a cut key": on.a.key_pem[:60],
        "a cut list": revocations(on.root, number=None)[:40] + b"\n-----END X509 CRL-----\n",
        "a block that holds no key": _block("EC PRIVATE KEY", "AAAA\n"),
    }.items():
        yield f"{what} behind the root in the CA file", *on.a_with(ca=on.root.pem + behind)


def _in_one_line(pem: bytes) -> bytes:
    first, *body, last = pem.splitlines()
    return b"\n".join((first, b"".join(body), last, b""))


def _block(label: str, body: str) -> bytes:
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def odd_lists(on: Ground) -> Iterator[Row]:
    root = on.root
    number = (x509.CRLNumber(2), False)
    right, wrong = (
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(each.key.public_key()), False)
        for each in (root, on.a)
    )
    plain = revocations(root, number=None)
    for what, crl in {
        "for authorities only": _with(root, (only_for(authorities=True), True)),
        "for users only": _with(root, (only_for(users=True), True)),
        "without a number": plain,
        "with a critical extension that nobody knows": _with(root, (UNKNOWN, True)),
        "of changes only": _with(root, number, (x509.DeltaCRLIndicator(1), True)),
        "with its issuer's key identifier": _with(root, right, number),
        "with another key identifier": _with(root, wrong, number),
        "that names its issuer in capitals": revocations(root, number=None, issuer=name("ROOT")),
        "with text around it": b"x\n" + plain + b"y\n",
        "without a number, with a byte order mark": BOM + plain,
        "that is cut": plain[:150],
        "behind a certificate": root.pem + plain,
    }.items():
        yield f"a list {what}", *(replace(each, crl=crl) for each in (on.good_a, on.good_b))


def _with(by: Issued, *more: tuple[x509.ExtensionType, bool]) -> bytes:
    return revocations(by, number=None, more=more)


def lists_below_an_intermediate(on: Ground) -> Iterator[Row]:
    middle = issue("intermediate", CA, by=on.root)
    a, b = (issue(n, by=middle) for n in "ab")
    for what, crl in {
        "a list of the intermediate": revocations(middle),
        "a list of the intermediate that revokes one member": revocations(middle, a),
        "lists of both CAs, the root's revokes the intermediate": revocations(middle)
        + revocations(on.root, middle),
    }.items():
        yield what, *(replace(files(leaf, on.root.pem, middle), crl=crl) for leaf in (a, b))


def own_lists(on: Ground) -> Iterator[Row]:
    """A shared certificate beside lists that it signed itself: OpenSSL 3.0 wants one, later ones do not."""
    able = issue("shared", replace(SELF, usages=SIGNS | ISSUES))
    twin = issue("shared", replace(SELF, usages=SIGNS | ISSUES))
    silent = issue("shared", replace(SELF, usages=None))
    for what, one, crl in (
        ("revokes nobody", able, revocations(able)),
        ("revokes it", able, revocations(able, able)),
        ("has expired", able, revocations(able, starts=-9, ends=-2)),
        ("is not valid yet", able, revocations(able, starts=2)),
        ("is of another key", able, revocations(twin)),
        ("revokes nobody, without keyUsage", silent, revocations(silent)),
    ):
        yield both(f"a list of a shared certificate's own that {what}", _beside(one, crl))


def _beside(one: Issued, crl: bytes) -> Files:
    return replace(files(one, one.pem), crl=crl)
