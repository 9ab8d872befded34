"""The corpus: everything that a credential file can be, as the files of two members A and B.

Where nothing else is said, B has the good files that belong to A's: the other leaf under A's root, or, of a
shared set, the very same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from tests.verdict.by_openssl import Made, explicit_p256, rsa_pss, sha1_p256, signed_by_openssl
from tests.verdict.ground import BOM, GARBAGE, Files, Ground, Row, Variant, below, both, files
from tests.verdict.making import (
    BARE,
    BOTH,
    CA,
    CLIENT,
    LEAF,
    SELF,
    SERVER,
    SIGNS,
    Issued,
    Key,
    curve,
    issue,
    revocations,
    rsa_key,
)
from tests.verdict.odd_texts import (
    lists_below_an_intermediate,
    odd_lists,
    odd_texts_of_cas,
    odd_texts_of_certificates,
    odd_texts_of_keys,
    own_lists,
)
from tests.verdict.oddities import (
    beside_the_builtin_pair,
    odd_extensions,
    odd_keys,
    odd_names,
    odd_roots,
    weak_signers,
)


def corpus(builtin: Issued) -> tuple[Variant, ...]:
    """All variants, for servers with that built-in pair; every key of them is new."""
    made = tuple(Variant(*row) for make in _PARTS for row in make(Ground(builtin)))
    assert len({variant.id for variant in made}) == len(made), "two variants of one name"
    return made


def _sets(on: Ground) -> Iterator[Row]:
    other = issue("other", SELF)
    builtin_like = issue("cluster", SELF)
    yield both("a shared self-signed set", on.same)
    yield "leafs of one CA", on.good_a, on.good_b
    yield "two shared sets that do not know each other", on.same, files(other, other.pem)
    yield (
        "two shared sets that trust each other",
        *(files(one, on.shared.pem + other.pem) for one in (on.shared, other)),
    )
    yield (
        "two shared sets of which one trusts both",
        files(on.shared, on.shared.pem + other.pem),
        files(other, other.pem),
    )
    yield (
        "a shared set beside a leaf that it trusts",
        files(on.shared, on.shared.pem + on.root.pem),
        on.good_b,
    )
    yield (
        "a shared set beside a leaf that trusts it",
        on.same,
        replace(on.good_b, ca=on.root.pem + on.shared.pem),
    )
    yield both("a shared certificate named as the built-in one is", files(builtin_like, builtin_like.pem))
    for what, kind in {
        "without basicConstraints": replace(SELF, ca=None),
        "with CA:FALSE": replace(SELF, ca=False),
        "with CA:FALSE and keyUsage digitalSignature": replace(SELF, ca=False, usages=SIGNS),
        "without any extension": BARE,
        "without keyCertSign": replace(SELF, usages=SIGNS),
        "without digitalSignature": replace(SELF, usages=frozenset({"key_cert_sign"})),
        "for serverAuth only": replace(SELF, eku=(SERVER,)),
        "for clientAuth only": replace(SELF, eku=(CLIENT,)),
        "that has expired": replace(SELF, starts=-9, ends=-2),
        "that is not valid yet": replace(SELF, starts=2),
        "with path length 0": replace(SELF, path_length=0),
    }.items():
        one = issue("shared", kind)
        yield both(f"a shared certificate {what}", files(one, one.pem))


def _missing(on: Ground) -> Iterator[Row]:
    yield both("a shared set without the CA file anywhere", replace(on.same, ca=None))
    yield "a shared set without the CA file on one member", replace(on.same, ca=None), on.same
    yield "leafs without the CA file on one member", *on.a_with(ca=None)
    yield "no key", *on.a_with(key=None)
    yield "no certificate", *on.a_with(cert=None)
    yield "neither key nor certificate", *on.a_with(key=None, cert=None)
    yield both("nothing at all, on both", Files(None, None, None))
    yield both("the built-in pair beside a CA file, on both", Files(None, None, on.root.pem))


def _keys(on: Ground) -> Iterator[Row]:
    for form, what in (
        (PrivateFormat.TraditionalOpenSSL, "SEC1"),
        (PrivateFormat.PKCS8, "PKCS#8"),
    ):
        yield f"an EC key as {what}", *on.a_with(key=on.a.encoded(form))
    rsa = issue("rsa", SELF, key=rsa_key(2048))
    yield both(
        "an RSA key as PKCS#1",
        replace(files(rsa, rsa.pem), key=rsa.encoded(PrivateFormat.TraditionalOpenSSL)),
    )
    yield both("RSA 2048", files(rsa, rsa.pem))
    kinds: dict[str, Key] = {
        "RSA 1024": rsa_key(1024),
        "RSA 3072": rsa_key(3072),
        "RSA 4096": rsa_key(4096),
        "EC P-384": curve("P-384"),
        "EC P-521": curve("P-521"),
        "EC P-224": curve("P-224"),
        "Ed25519": ed25519.Ed25519PrivateKey.generate(),
        "Ed448": ed448.Ed448PrivateKey.generate(),
    }
    for what, key in kinds.items():
        one = issue("shared", SELF, key=key)
        yield both(what, files(one, one.pem))
    pss = rsa_pss()
    yield both("an RSA-PSS key", files(pss, pss.pem))
    explicit = explicit_p256()
    yield both("EC P-256 by explicit parameters", files(explicit, explicit.pem))
    for what, key in {"P-384": curve("P-384"), "P-224": curve("P-224"), "Ed25519": kinds["Ed25519"]}.items():
        yield (
            f"a leaf of {what} beside a good one",
            files(issue("a", by=on.root, key=key), on.root.pem),
            on.good_b,
        )
    top = issue("p-384 root", CA, key=curve("P-384"))
    yield "EC leafs under a P-384 root", *(files(issue(n, by=top), top.pem) for n in "ab")
    dsa_like = issue("leaf of an RSA root", by=issue("rsa root", CA, key=rsa_key(3072)))
    yield "an EC leaf whose root nobody has", files(dsa_like, on.root.pem), on.good_b
    rsa_root = issue("rsa root", CA, key=rsa_key(2048))
    yield "EC leafs under an RSA root", *(files(issue(n, by=rsa_root), rsa_root.pem) for n in "ab")
    rsa_leaf = issue("a", by=on.root, key=rsa_key(2048))
    yield "an RSA leaf beside an EC leaf", files(rsa_leaf, on.root.pem), on.good_b
    weak = issue("a", by=on.root, key=rsa_key(1024))
    yield "a leaf of RSA 1024 beside a good one", files(weak, on.root.pem), on.good_b
    yield "the key of another certificate", *on.a_with(key=on.b.key_pem)
    yield "the RSA key beside an EC certificate", *on.a_with(key=rsa.key_pem)
    yield "an encrypted key", *on.a_with(key=on.a.encrypted)
    yield "a garbage key", *on.a_with(key=GARBAGE)
    yield "an empty key file", *on.a_with(key=b"")
    yield "a cut key", *on.a_with(key=on.a.key_pem[:90])
    yield "a key in DER", *on.a_with(key=on.a.encoded(PrivateFormat.PKCS8, encoding=Encoding.DER))
    yield "a public key in place of the key", *on.a_with(key=on.a.pem)


def _key_texts(on: Ground) -> Iterator[Row]:
    key, other = on.a.key_pem, on.b.key_pem
    yield "two keys, the right one first", *on.a_with(key=key + other)
    yield "two keys, the right one last", *on.a_with(key=other + key)
    yield "a key with text around it", *on.a_with(key=b"Bag Attributes\n  x: y\n" + key + b"the end\n")
    yield (
        "a key with EC PARAMETERS before it",
        *on.a_with(key=_parameters() + on.a.encoded(PrivateFormat.TraditionalOpenSSL)),
    )
    yield "a key with CRLF", *on.a_with(key=key.replace(b"\n", b"\r\n"))
    yield "a key with a byte order mark", *on.a_with(key=BOM + key)
    yield "a key behind a certificate", *on.a_with(key=on.a.pem + key)
    yield "an indented key", *on.a_with(key=b"".join(b"  " + line for line in key.splitlines(keepends=True)))
    yield "an encrypted key before the right one", *on.a_with(key=on.a.encrypted + key)
    yield "a key with spaces behind its lines", *on.a_with(key=key.replace(b"\n", b"  \n"))
    yield "a key without a last line end", *on.a_with(key=key.rstrip(b"\n"))


def _parameters() -> bytes:
    return b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def _cert_texts(on: Ground) -> Iterator[Row]:
    cert = on.a.pem
    yield "a certificate with text around it", *on.a_with(cert=b"subject=a\n" + cert + b"\nthe end\n")
    yield "a certificate with CRLF", *on.a_with(cert=cert.replace(b"\n", b"\r\n"))
    yield "a certificate with a byte order mark", *on.a_with(cert=BOM + cert)
    yield "a certificate with a byte order mark and text before it", *on.a_with(cert=BOM + b"text\n" + cert)
    yield "a certificate in DER", *on.a_with(cert=on.a.der)
    yield "an empty certificate file", *on.a_with(cert=b"")
    yield "a garbage certificate file", *on.a_with(cert=GARBAGE)
    yield "a cut certificate", *on.a_with(cert=cert[:200])
    yield "a key before the certificate", *on.a_with(cert=on.a.key_pem + cert)
    yield "a key behind the certificate", *on.a_with(cert=cert + on.a.key_pem)
    yield "the root before the leaf", *on.a_with(cert=on.root.pem + cert)
    yield "the root behind the leaf", *on.a_with(cert=cert + on.root.pem)
    yield "a stranger behind the leaf", *on.a_with(cert=cert + on.shared.pem)
    yield "garbage between the leaf and the root", *on.a_with(cert=cert + GARBAGE + on.root.pem)
    yield "a broken certificate behind the leaf", *on.a_with(cert=cert + _broken(on.root.pem))
    yield "the leaf twice", *on.a_with(cert=cert + cert)
    yield (
        "a certificate under its old label",
        *on.a_with(cert=cert.replace(b"CERTIFICATE", b"X509 CERTIFICATE")),
    )
    one = on.shared
    yield both("a shared certificate with a stranger behind it", replace(on.same, cert=one.pem + on.root.pem))
    yield (
        "a shared certificate with a stranger behind it, without the CA file on one member",
        replace(on.same, ca=None),
        replace(on.same, cert=one.pem + on.root.pem),
    )


def _broken(pem: bytes) -> bytes:
    """A block whose base64 is cut in the middle."""
    first, _, end = pem.partition(b"-----END")
    return first[: len(first) // 2] + b"\n-----END" + end


def _cas(on: Ground) -> Iterator[Row]:
    root = on.root.pem
    yield "an empty CA file", *on.a_with(ca=b"")
    yield "a garbage CA file", *on.a_with(ca=GARBAGE)
    yield "a CA file in DER", *on.a_with(ca=on.root.der)
    yield "a CA file with CRLF", *on.a_with(ca=root.replace(b"\n", b"\r\n"))
    yield "a CA file with a byte order mark", *on.a_with(ca=BOM + root)
    yield (
        "a CA file with a byte order mark and a second certificate",
        *on.a_with(ca=BOM + root + on.shared.pem),
    )
    yield "a CA file with text around", *on.a_with(ca=b"# root\n" + root + b"\n# end\n")
    yield "the root twice in the CA file", *on.a_with(ca=root + root)
    yield "unrelated certificates in the CA file", *on.a_with(ca=on.shared.pem + root + issue("x", CA).pem)
    yield "only an unrelated certificate in the CA file", *on.a_with(ca=on.shared.pem)
    yield "a broken certificate behind the root in the CA file", *on.a_with(ca=root + _broken(on.shared.pem))
    yield "a key in the CA file", *on.a_with(ca=root + on.root.key_pem)
    yield "an encrypted key in the CA file", *on.a_with(ca=root + on.root.encrypted)
    yield "a list of revocations in the CA file", *on.a_with(ca=root + revocations(on.root, on.b))
    yield "the peer's leaf in place of the root", *on.a_with(ca=on.b.pem)
    yield "the own leaf in place of the root", *on.a_with(ca=on.a.pem)
    yield "two roots of one subject, the right one last", *on.a_with(ca=issue("root", CA).pem + root)
    twin = issue("root", replace(CA, named=False))
    plain = issue("root", replace(CA, named=False))
    leafs = [issue(n, replace(LEAF, named=False), by=plain) for n in "ab"]
    yield (
        "two roots of one subject without key identifiers, the right one last",
        files(leafs[0], twin.pem + plain.pem),
        files(leafs[1], plain.pem),
    )
    one, two = (issue("shared", SELF) for _ in range(2))
    yield "equal subjects with different keys", files(one, one.pem), files(two, two.pem)
    yield (
        "equal subjects with different keys that trust each other",
        *(files(s, one.pem + two.pem) for s in (one, two)),
    )
    bare = replace(SELF, named=False)
    one, two = (issue("shared", bare) for _ in range(2))
    yield (
        "equal subjects without key identifiers that trust each other",
        *(files(s, one.pem + two.pem) for s in (one, two)),
    )
    for what, named in (("with", True), ("without", False)):
        ca, kind = issue("one name", replace(CA, named=named)), replace(LEAF, named=named)
        yield (
            f"leafs named as their CA is, {what} key identifiers",
            *(files(issue("one name", kind, by=ca), ca.pem) for _ in range(2)),
        )
        yield (
            f"a leaf named as its CA is, {what} key identifiers, before a stranger",
            files(issue("one name", kind, by=ca), ca.pem + on.root.pem),
            replace(on.good_b, ca=on.root.pem),
        )
    serial = replace(LEAF, serial=4711)
    yield "leafs with the same serial", *(files(issue(n, serial, by=on.root), root) for n in "ab")


def _chains(on: Ground) -> Iterator[Row]:
    root, middle, low = _hierarchy(on)
    for sent, ca, what in (
        ((), (root,), "leaf, CA file root"),
        ((middle,), (root,), "leaf and intermediate, CA file root"),
        ((), (root, middle), "leaf, CA file root and intermediate"),
        ((), (middle, root), "leaf, CA file intermediate and root"),
        ((), (middle,), "leaf, CA file intermediate alone"),
        ((middle,), (middle,), "leaf and intermediate, CA file intermediate alone"),
        ((middle, root), (root,), "leaf, intermediate and root, CA file root"),
        ((root, middle), (root,), "leaf, root and intermediate, CA file root"),
    ):
        a, b = (issue(n, by=middle) for n in "ab")
        yield what, *(files(leaf, _joined(*ca), *sent) for leaf in (a, b))
    for sent, what in (
        ((low, middle), "both intermediates sent"),
        ((middle, low), "both intermediates sent in the wrong order"),
        ((low,), "the upper intermediate missing"),
        ((middle,), "the lower intermediate missing"),
    ):
        a, b = (issue(n, by=low) for n in "ab")
        yield f"two intermediates: {what}", *(files(leaf, root.pem, *sent) for leaf in (a, b))
    a, b = (issue(n, by=low) for n in "ab")
    yield (
        "two intermediates: one sent, one in the CA file",
        *(files(leaf, root.pem + middle.pem, low) for leaf in (a, b)),
    )
    a, b = (issue(n, by=middle) for n in "ab")
    yield "the intermediate sent by one member only", files(a, root.pem, middle), files(b, root.pem)
    yield (
        "the intermediate in the CA file of one member only",
        files(a, root.pem + middle.pem),
        files(b, root.pem),
    )


def _joined(*issued: Issued) -> bytes:
    return b"".join(each.pem for each in issued)


def _hierarchy(on: Ground) -> tuple[Issued, Issued, Issued]:
    middle = issue("intermediate", CA, by=on.root)
    return on.root, middle, issue("lower intermediate", CA, by=middle)


def _authorities(on: Ground) -> Iterator[Row]:
    yield "an intermediate with CA:FALSE", *below(replace(CA, ca=False))
    yield "an intermediate without basicConstraints", *below(replace(CA, ca=None))
    yield "an intermediate without keyCertSign", *below(replace(CA, usages=frozenset({"crl_sign"})))
    yield "an intermediate without keyUsage", *below(replace(CA, usages=None))
    yield "an intermediate for serverAuth only", *below(replace(CA, eku=(SERVER,)))
    yield "an intermediate for both", *below(replace(CA, eku=BOTH))
    yield "a root that allows no intermediate", *below(CA, root=replace(CA, path_length=0))
    yield "an intermediate with path length 0", *below(replace(CA, path_length=0))
    yield "an expired intermediate", *below(replace(CA, starts=-9, ends=-2))
    yield "an intermediate that is not valid yet", *below(replace(CA, starts=2))
    yield "an expired root above an intermediate", *below(CA, root=replace(CA, starts=-9, ends=-2))
    yield (
        "an intermediate that constrains names, leafs within",
        *below(replace(CA, permitted="example.com"), leaf=replace(LEAF, names=("gw.example.com",))),
    )
    yield (
        "an intermediate that constrains names, leafs outside",
        *below(replace(CA, permitted="example.com"), leaf=replace(LEAF, names=("gw.example.org",))),
    )
    for what, kind in {
        "a root with CA:FALSE": replace(CA, ca=False),
        "a root without basicConstraints": replace(CA, ca=None),
        "a root without basicConstraints and keyUsage": replace(CA, ca=None, usages=None),
        "a root without keyCertSign": replace(CA, usages=frozenset({"crl_sign"})),
        "an expired root": replace(CA, starts=-9, ends=-2),
        "a root that is not valid yet": replace(CA, starts=2),
        "a root for serverAuth only": replace(CA, eku=(SERVER,)),
    }.items():
        root = issue("root", kind)
        yield what, *(files(issue(n, by=root), root.pem) for n in "ab")
    old, new = issue("root", CA), issue("new root", CA)
    crossed = issue("new root", CA, by=old, key=new.key)
    a, b = issue("a", by=new), issue("b", by=old)
    yield (
        "cross-signed: the new root under the old one is sent",
        files(a, old.pem, crossed),
        files(b, old.pem),
    )
    yield "cross-signed: the old side does not get it", files(a, old.pem + new.pem), files(b, old.pem)
    yield (
        "cross-signed: in the CA file of the old side",
        files(a, old.pem + new.pem),
        files(b, old.pem + crossed.pem),
    )
    a, b = (issue(n, by=new) for n in "ab")
    yield (
        "cross-signed and expired, the new root itself in the CA files",
        *(
            files(leaf, new.pem, issue("new root", replace(CA, starts=-9, ends=-2), by=old, key=new.key))
            for leaf in (a, b)
        ),
    )
    leaf = issue("leaf as a CA", by=on.root)
    yield "a leaf used as a CA", files(issue("a", by=leaf), on.root.pem, leaf), on.good_b


def _leafs(on: Ground) -> Iterator[Row]:
    for what, kind in {
        "no EKU": replace(LEAF, eku=None),
        "both EKUs": LEAF,
        "serverAuth only": replace(LEAF, eku=(SERVER,)),
        "clientAuth only": replace(LEAF, eku=(CLIENT,)),
        "an expired leaf": replace(LEAF, starts=-9, ends=-2),
        "a leaf that is not valid yet": replace(LEAF, starts=2),
        "keyUsage without digitalSignature": replace(LEAF, usages=frozenset({"key_encipherment"})),
        "keyUsage with keyAgreement only": replace(LEAF, usages=frozenset({"key_agreement"})),
        "no keyUsage": replace(LEAF, usages=None),
        "no basicConstraints": replace(LEAF, ca=None),
        "a leaf with CA:TRUE": replace(LEAF, ca=True),
        "a leaf without key identifiers": replace(LEAF, named=False),
        "a leaf with names": replace(LEAF, names=("gw-a.example.com",)),
    }.items():
        yield what, files(issue("a", kind, by=on.root), on.root.pem), on.good_b
    yield (
        "serverAuth only beside clientAuth only",
        *(
            files(issue(n, replace(LEAF, eku=(usage,)), by=on.root), on.root.pem)
            for n, usage in (("a", SERVER), ("b", CLIENT))
        ),
    )
    for digest in ("sha1", "sha384"):
        signed = Made(on.a.key_pem, signed_by_openssl(on.a, on.root, digest=f"-{digest}"))
        yield f"a leaf signed with {digest}", files(signed, on.root.pem), on.good_b
    middle = issue("intermediate", CA, by=on.root)
    weak = signed_by_openssl(middle, on.root, digest="-sha1")
    leaf = issue("a", by=middle)
    yield (
        "an intermediate signed with sha1",
        replace(files(leaf, on.root.pem), cert=leaf.pem + weak),
        on.good_b,
    )
    one = sha1_p256()
    yield both("a shared certificate signed with sha1", files(one, one.pem))
    rsa_root = issue("rsa root", CA, key=rsa_key(2048))
    yield (
        "leafs signed by RSA-PSS",
        *(files(issue(n, replace(LEAF, pss=True), by=rsa_root), rsa_root.pem) for n in "ab"),
    )
    weak_root = issue("weak root", CA, key=rsa_key(1024))
    yield "leafs under a root of RSA 1024", *(files(issue(n, by=weak_root), weak_root.pem) for n in "ab")


def _lists(on: Ground) -> Iterator[Row]:
    def with_list(crl: bytes) -> tuple[Files, Files]:
        return replace(on.good_a, crl=crl), replace(on.good_b, crl=crl)

    good = revocations(on.root)
    yield "a list that revokes nobody", *with_list(good)
    yield "a list that revokes one member", *with_list(revocations(on.root, on.a))
    yield "a list that revokes both", *with_list(revocations(on.root, on.a, on.b))
    yield "a list on one member that revokes the other", *on.a_with(crl=revocations(on.root, on.b))
    yield "an expired list", *with_list(revocations(on.root, starts=-9, ends=-2))
    yield "a list that is not valid yet", *with_list(revocations(on.root, starts=2))
    yield "an expired list on one member", *on.a_with(crl=revocations(on.root, starts=-9, ends=-2))
    yield "the list of a stranger", *with_list(revocations(issue("x", CA)))
    yield "a list of the root's name by another key", *with_list(revocations(issue("root", CA)))
    yield "a garbage list", *on.a_with(crl=GARBAGE)
    yield "an empty list file", *on.a_with(crl=b"")
    yield "a list in DER", *with_list(_der(good))
    yield "a list with a byte order mark", *with_list(BOM + good)
    yield "a list by a root without cRLSign", *_unable_root()
    yield both("a shared set with a list of its own", replace(on.same, crl=revocations(on.shared)))
    yield "the list of the root where leafs hang on an intermediate", *_list_of_root(on)
    yield "the right list second in the file", *with_list(revocations(issue("x", CA)) + good)


def _der(pem: bytes) -> bytes:
    from cryptography import x509

    return x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)


def _unable_root() -> tuple[Files, Files]:
    root = issue("root", replace(CA, usages=frozenset({"key_cert_sign"})))
    return tuple(  # type: ignore[return-value]
        replace(files(issue(n, by=root), root.pem), crl=revocations(root)) for n in "ab"
    )


def _list_of_root(on: Ground) -> tuple[Files, Files]:
    middle = issue("intermediate", CA, by=on.root)
    return tuple(  # type: ignore[return-value]
        replace(files(issue(n, by=middle), on.root.pem, middle), crl=revocations(on.root)) for n in "ab"
    )


_PARTS: tuple[Callable[[Ground], Iterator[Row]], ...] = (
    _sets,
    _missing,
    _keys,
    _key_texts,
    _cert_texts,
    _cas,
    _chains,
    _authorities,
    _leafs,
    _lists,
    odd_names,
    weak_signers,
    odd_keys,
    odd_extensions,
    odd_roots,
    beside_the_builtin_pair,
    odd_texts_of_keys,
    odd_texts_of_certificates,
    odd_texts_of_cas,
    odd_lists,
    lists_below_an_intermediate,
    own_lists,
)
