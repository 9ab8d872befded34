"""What `fab credentials.inspect` says of each certificate, request, list and key: facts, and no key bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tasks.core.certificates import Certificate, is_builtin
from tasks.core.dataclass import dataclass
from tasks.core.material import Request, alternative_names
from tasks.core.private_keys import PrivateKey, UnreadableKey
from tasks.core.revocation import RevocationList, serial_of, serial_text

BOTH = frozenset({"serverAuth", "clientAuth"})


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """One certificate, however many places it was found at.

    Args:
        number: What the trees call it: [1].
        names: Subject alternative names.
        eku: By name or dotted OID; empty where the extension is missing.
        serial: As it can be typed again: "0x1A2B".
    """

    number: int
    subject: str
    issuer: str
    self_signed: bool
    builtin: bool
    is_ca: bool
    key_kind: str
    signature_hash: str
    names: tuple[str, ...]
    eku: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    serial: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A private key: its kind, or why it cannot be used, and what it belongs to.

    Args:
        certificate: Number of the certificate.
        request: File of the request; "" where none is of this key.
    """

    file: str
    kind: str
    trouble: str
    certificate: int | None
    request: str


@dataclass(frozen=True, slots=True)
class ShownRequest:
    file: str
    subject: str
    names: tuple[str, ...]
    key_kind: str
    signed: bool


@dataclass(frozen=True, slots=True)
class ShownList:
    """A revocation list; days by the clock of the place, None where it has no nextUpdate.

    Args:
        signer: Number of the certificate that signed it; None if that is not in the files.
    """

    file: str
    issuer: str
    signer: int | None
    this_update: datetime
    next_update: datetime | None
    days_left: int | None
    revoked: int
    others: int


def shown_certificate(number: int, found: Certificate) -> ShownCertificate:
    return ShownCertificate(
        number=number,
        subject=found.subject,
        issuer=found.issuer,
        self_signed=found.self_signed,
        builtin=is_builtin(found),
        is_ca=found.is_ca,
        key_kind=found.key_kind,
        signature_hash=found.signature_hash,
        names=alternative_names(x509.load_der_x509_certificate(found.der)),
        eku=tuple(sorted(found.eku)),
        not_before=found.not_before,
        not_after=found.not_after,
        serial=serial_text(serial_of(found)),
        sha256=found.sha256,
    )


def shown_key(
    file: str,
    key: PrivateKey | UnreadableKey,
    numbers: Mapping[Certificate, int],
    beside: Sequence[Certificate],
    *,
    asked: Mapping[str, bytes],
) -> ShownKey:
    """A key beside the certificates of its place.

    Args:
        asked: Public keys of the requests there, DER by file name.
    """
    if isinstance(key, UnreadableKey):
        return ShownKey(file, "encrypted" if key.kind == "encrypted" else "", key.reason, None, "")
    owned = next((numbers[one] for one in beside if key.matches(one)), None)
    public = key.for_tls().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    request = next((name for name, wanted in asked.items() if wanted == public), "")
    return ShownKey(file, key.kind, "", owned, request)


def shown_request(file: str, request: Request) -> ShownRequest:
    return ShownRequest(file, request.subject, request.names, request.key_kind, request.signed)


def shown_list(
    file: str,
    found: RevocationList,
    numbers: Mapping[Certificate, int],
    beside: Sequence[Certificate],
    *,
    at: datetime,
) -> ShownList:
    """A list beside the certificates of its place."""
    ends = found.next_update
    return ShownList(
        file=file,
        issuer=found.issuer,
        signer=next((numbers[one] for one in beside if found.signed_by(one)), None),
        this_update=found.this_update,
        next_update=ends,
        days_left=None if ends is None else (ends - at).days,
        revoked=len(found.revoked),
        others=found.others,
    )
