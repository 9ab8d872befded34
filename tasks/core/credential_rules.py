"""The rules that a credential set must meet, each as a function from values to findings.

A new rule is one more function here and one more line in `credential_set.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tasks.core.certificates import EXPIRES_SOON, Certificate, is_builtin
from tasks.core.file_names import CA_FILE, CLUSTER, FileNames
from tasks.core.findings import Finding, Severity
from tasks.core.peers import Purpose, trusted_path, verify
from tasks.core.pem import BYTE_ORDER_MARK
from tasks.core.private_keys import PrivateKey, count_keys
from tasks.core.server_tls import context_refusal

_PURPOSES: tuple[Purpose, ...] = ("client", "server")
_BOTH = frozenset({"serverAuth", "clientAuth"})
_ANY_PROTOCOL = frozenset({"EC P-256"})
_TLS13_CURVES = frozenset({"EC P-384", "EC P-521"})
_CREATE = "make a new set: fab credentials.create"


def error(name: str, where: str, problem: str, *, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)


def warning(name: str, where: str, problem: str, *, remedy: str) -> Finding:
    return Finding(name, Severity.WARNING, where, problem, remedy)


def pair_findings(
    label: str,
    key: PrivateKey,
    *,
    chain: Sequence[Certificate],
    ca: Sequence[Certificate],
    names: FileNames = CLUSTER,
) -> Iterator[Finding]:
    """What would leave the server without a TLS context, and so without its admin API (T1)."""
    if not key.matches(chain[0]):
        yield _mismatch(label, key, chain=chain, names=names)
        return
    refusal = context_refusal(key, chain=chain, ca=ca)
    if refusal and not any(certificate.level_fault for certificate in chain):
        text = f"OpenSSL makes no TLS context of key, certificate and CA file: {refusal} (T1)"
        yield error("context-refused", label, text, remedy=_CREATE)


def text_findings(label: str, *, files: Mapping[str, bytes], names: FileNames) -> Iterator[Finding]:
    """What OpenSSL passes over, and an older one or a reader might not."""
    count = count_keys(files.get(names.key, b""))
    if count > 1:
        text = f"{names.key} holds {count} private keys; the server takes the first"
        yield warning("several-keys", label, text, remedy=f"keep the one key of {names.cert} in it")
    for name in names.in_order:
        if files.get(name, b"").startswith(BYTE_ORDER_MARK):
            text = f"{name} starts with a byte order mark; OpenSSL before 3.0 passes over its first block"
            remedy = f"sed -i '1s/^\\xEF\\xBB\\xBF//' {name}"
            yield warning("byte-order-mark", label, text, remedy=remedy)


def needs_newer(label: str, leaf: Certificate, *, old: Sequence[str]) -> Finding:
    """A key that is no use to members below TLS 1.3."""
    why = leaf.key_kind if leaf.may_sign else "keyUsage without digitalSignature"
    text = f"{why}: {', '.join(old)} speak TLS 1.2 only and will not connect to it (no shared cipher)"
    remedy = "use EC P-256 with keyUsage digitalSignature: fab credentials.create, or renew"
    return replace(error("key-needs-tls13", label, text, remedy=remedy), outcome="silently never connects")


def leaf_findings(
    label: str, *, chain: Sequence[Certificate], names: FileNames = CLUSTER
) -> Iterator[Finding]:
    """What the certificate file alone shows."""
    leaf = chain[0]
    if is_builtin(leaf):
        text = f"{names.cert} is the product's built-in certificate; its private key is public"
        yield error("builtin-credentials", label, text, remedy=_CREATE)
    if leaf.eku and not leaf.eku >= _BOTH:
        text = f"{names.cert} is for {_listed(leaf.eku)} only; both serverAuth and clientAuth are needed"
        yield error("eku-one-sided", label, text, remedy="have it issued with both, or without any EKU")
    yield from _weak(label, names.cert, certificates=chain)
    if leaf.level_fault is None:
        yield from _key_type(label, leaf.key_kind)


def ca_findings(label: str, *, ca: Sequence[Certificate], names: FileNames = CLUSTER) -> Iterator[Finding]:
    """What the CA file alone shows."""
    if any(is_builtin(certificate) for certificate in ca):
        text = f"{names.ca} holds the product's built-in certificate: anybody could join"
        remedy = f"remove it from {names.ca}, unless it is there for the first round of a migration"
        yield error("builtin-in-ca", label, text, remedy=remedy)


def chain_findings(
    label: str,
    *,
    chain: Sequence[Certificate],
    ca: Sequence[Certificate],
    at: datetime,
    names: FileNames = CLUSTER,
) -> Iterator[Finding]:
    """Whether the set's own CA file trusts its certificate, as client and as server, dates aside."""
    reasons = {
        p: verify(chain[0], intermediates=chain[1:], trusted=ca, purpose=p, at=None) for p in _PURPOSES
    }
    refused = [purpose for purpose in _PURPOSES if reasons[purpose]]
    yield from date_findings(label, chain=chain, ca=ca, clocks={"this machine": at}, names=names)
    if not refused:
        return
    reason = str(reasons[refused[0]])
    already_said = "purpose" in reason and chain[0].eku and not chain[0].eku >= _BOTH
    if not already_said and not any(certificate.level_fault for certificate in chain):
        yield _untrusted(label, reason, purposes=refused, names=names)


def date_findings(
    label: str,
    *,
    chain: Sequence[Certificate],
    ca: Sequence[Certificate],
    clocks: Mapping[str, datetime],
    names: FileNames = CLUSTER,
) -> Iterator[Finding]:
    """Dates of the leaf and of what it hangs on, by each clock (name to time)."""
    seen: dict[tuple[str, Certificate], list[str]] = {}
    for clock, at in clocks.items():
        path = None
        for moment in (at, None):
            path = path or trusted_path(
                chain[0], intermediates=chain[1:], trusted=ca, purpose="client", at=moment
            )
        for certificate in path or chain[:1]:
            if (name := _out_of_date(certificate, at=at)) is not None:
                seen.setdefault((name, certificate), []).append(f"{clock} ({at:%Y-%m-%dT%H:%M:%SZ})")
    for (name, certificate), by in seen.items():
        what = names.cert if certificate == chain[0] else f"its CA {certificate.subject}"
        yield _date_finding(name, label, what, certificate=certificate, by=by)


def peer_findings(
    owner: str, verifier: str, *, chain: Sequence[Certificate], ca: Sequence[Certificate]
) -> Iterator[Finding]:
    """Whether the CA file of `verifier` trusts the certificate of `owner`, dates aside."""
    asked: tuple[Purpose, ...] = (
        ("client",) if chain[0].self_signed else _PURPOSES
    )  # dialers take any self-signed server
    reasons = {p: verify(chain[0], intermediates=chain[1:], trusted=ca, purpose=p, at=None) for p in asked}
    refused = [purpose for purpose, reason in reasons.items() if reason]
    if not refused:
        return
    text = (
        f"{CA_FILE} does not trust the certificate of {owner} ({chain[0].subject}) "
        f"as {' and '.join(refused)}: {reasons[refused[0]]}"
    )
    remedy = f"add the root of {owner}'s certificate to {CA_FILE} of {verifier}"
    yield error("leaf-not-trusted-by", verifier, text, remedy=remedy)


def _mismatch(label: str, key: PrivateKey, *, chain: Sequence[Certificate], names: FileNames) -> Finding:
    text = f"{names.key} ({key.kind}) is not the key of the first certificate in {names.cert}"
    remedy = (
        f"openssl pkey -in {names.key} -pubout, and openssl x509 -in {names.cert} -noout -pubkey, must agree"
    )
    place = next((n for n, certificate in enumerate(chain, 1) if key.matches(certificate)), None)
    if place is not None:
        remedy = (
            f"put certificate {place} of {names.cert} first: the key is its key, and the leaf comes first"
        )
    return error("key-mismatch", label, f"{text} (T1)", remedy=remedy)


def _untrusted(label: str, reason: str, *, purposes: Sequence[str], names: FileNames) -> Finding:
    text = f"{names.cert} is not trusted by its own {names.ca} as {' and '.join(purposes)}: {reason}"
    if any(word in reason for word in ("issuer", "self-signed", "self signed", "unable to verify")):
        remedy = f"put the self-signed root, and what stands between it and the leaf, into {names.ca}"
        return error("chain-incomplete", label, text, remedy=remedy)
    remedy = f"openssl verify -CAfile {names.ca} -untrusted {names.cert} {names.cert}"
    return error("chain-refused", label, text, remedy=remedy)


def _weak(label: str, file: str, *, certificates: Sequence[Certificate]) -> Iterator[Finding]:
    for certificate in certificates:
        if certificate.level_fault:
            text = f"{file}: {certificate.subject}: {certificate.level_fault}; the server refuses it (T1)"
            yield error("too-weak", label, text, remedy=_CREATE)


def _key_type(label: str, kind: str) -> Iterator[Finding]:
    remedy = "use EC P-256: fab credentials.create, or openssl ecparam -genkey -name prime256v1"
    if kind in _ANY_PROTOCOL:
        return
    if kind.startswith(("RSA ", "RSA-PSS ")):
        text = f"{kind}: members that speak TLS 1.2 only will not connect (no shared cipher)"
        yield warning("rsa-needs-tls13", label, text, remedy=remedy)
    elif kind in _TLS13_CURVES:
        text = f"{kind}: members that speak TLS 1.2 only will not connect (their curve is P-256)"
        yield warning("curve-needs-tls13", label, text, remedy=remedy)
    elif kind in ("Ed25519", "Ed448"):
        text = f"{kind}: the product documents no such key and was not seen to work with one"
        yield warning("key-type-unproven", label, text, remedy=remedy)
    else:
        yield error("key-type-unsupported", label, f"{kind}: the server cannot use such a key", remedy=remedy)


def _out_of_date(certificate: Certificate, *, at: datetime) -> str | None:
    if at > certificate.not_after:
        return "expired"
    if at < certificate.not_before:
        return "not-yet-valid"
    return "expires-soon" if certificate.not_after - at < EXPIRES_SOON else None


def _date_finding(
    name: str, label: str, what: str, *, certificate: Certificate, by: Sequence[str]
) -> Finding:
    clocks = f"by the clock of {', '.join(by)}"
    last = f"{certificate.not_after:%Y-%m-%dT%H:%M:%SZ}"
    if name == "expired":
        return error("expired", label, f"{what} expired on {last} {clocks}", remedy=_CREATE)
    if name == "not-yet-valid":
        text = f"{what} is not valid before {certificate.not_before:%Y-%m-%dT%H:%M:%SZ} {clocks}"
        return error("not-yet-valid", label, text, remedy="wait until then, or correct the clock (NTP)")
    text = f"{what} expires on {last}, in less than {EXPIRES_SOON.days} days {clocks}"
    return warning("expires-soon", label, text, remedy=_CREATE)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
