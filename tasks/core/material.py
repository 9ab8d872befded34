"""What a file holds, whatever it is: certificates, requests, revocation lists, keys; PEM or DER."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tasks.core import x509_facts
from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.dataclass import dataclass
from tasks.core.pem import PemBlock, describe_without_blocks, hidden_blocks, pem_blocks
from tasks.core.private_keys import PrivateKey, UnreadableKey, read_private_key
from tasks.core.revocation import ListFault, RevocationList, parse_list

_REQUESTS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_PASSED_OVER = ("EC PARAMETERS", "DH PARAMETERS")
_UNKNOWN_DER = (
    "it is binary, and neither a certificate, a request nor a revocation list: a key in DER or a PKCS#12 file "
    "cannot be shown, and the server reads neither"
)


@dataclass(frozen=True, slots=True)
class Request:
    """A certificate signing request.

    Args:
        subject: RFC 4514 text.
        names: Subject alternative names, as `alternative_names` writes them.
        signed: Its own key really made its signature.
    """

    subject: str
    names: tuple[str, ...]
    key_kind: str
    public_key_der: bytes
    signed: bool


@dataclass(frozen=True, slots=True)
class Material:
    """Everything found in one file, each in its order; `faults` say what is there and of no use."""

    certificates: tuple[Certificate, ...] = ()
    requests: tuple[Request, ...] = ()
    lists: tuple[RevocationList, ...] = ()
    keys: tuple[PrivateKey | UnreadableKey, ...] = ()
    faults: tuple[str, ...] = ()


Part = Certificate | Request | RevocationList | PrivateKey | UnreadableKey | str


def read_material(data: bytes) -> Material:
    """Read a file as far as it goes: one broken block does not hide the others."""
    blocks = pem_blocks(data)
    if not blocks:
        return _sorted([_from_der(data)])
    ends = [*(block.start for block in blocks[1:]), len(data)]
    parts = [
        part
        for block, end in zip(blocks, ends, strict=True)
        for part in _from_block(block, data[block.start : end])
    ]
    if fault := hidden_blocks(data):
        parts.append(fault)
    return _sorted(parts)


def alternative_names(found: x509.Certificate | x509.CertificateSigningRequest) -> tuple[str, ...]:
    """Subject alternative names: "DNS:gw-a.example.com", "IP:10.0.1.4"."""
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *x509_facts.MALFORMED):
        return ()
    return tuple(map(_name_text, names))


def _name_text(name: x509.GeneralName) -> str:
    match name:
        case x509.DNSName():
            return f"DNS:{name.value}"
        case x509.IPAddress():
            return f"IP:{name.value}"
        case x509.UniformResourceIdentifier():
            return f"URI:{name.value}"
        case x509.RFC822Name():
            return f"email:{name.value}"
        case x509.DirectoryName():
            return f"name:{name.value.rfc4514_string()}"
        case _:
            return "other name"


def _sorted(parts: list[Part]) -> Material:
    return Material(
        certificates=tuple(part for part in parts if isinstance(part, Certificate)),
        requests=tuple(part for part in parts if isinstance(part, Request)),
        lists=tuple(part for part in parts if isinstance(part, RevocationList)),
        keys=tuple(part for part in parts if isinstance(part, PrivateKey | UnreadableKey)),
        faults=tuple(dict.fromkeys(part for part in parts if isinstance(part, str))),
    )


def _from_block(block: PemBlock, data: bytes) -> Iterator[Part]:
    """What one PEM block is; a block of another kind is named."""
    label = block.label
    if block.is_private_key:
        yield read_private_key(data)
    elif label.endswith("CERTIFICATE"):
        yield from _certificate(data)
    elif label in _REQUESTS:
        yield _request_or_fault(data)
    elif label == "X509 CRL":
        yield _list_or_fault(data)
    elif label not in _PASSED_OVER:
        yield f"a block {label}, which is not shown"


def _certificate(data: bytes) -> tuple[Certificate, ...] | tuple[str]:
    try:
        return parse_pem_chain(data)
    except CertificateFault as fault:
        return (fault.reason.replace("certificate 1 in it", "a certificate in it"),)


def _request_or_fault(pem: bytes) -> Request | str:
    try:
        return _request(x509.load_pem_x509_csr(pem))
    except x509_facts.MALFORMED:
        return "a certificate request in it is not well-formed"


def _list_or_fault(data: bytes) -> RevocationList | str:
    try:
        return parse_list(data)
    except ListFault as fault:
        return f"a revocation list in it is of no use: {fault.reason}"


def _from_der(data: bytes) -> Part:
    if data[:1] != b"\x30":
        return describe_without_blocks(data)
    readers: tuple[Callable[[bytes], Part], ...] = (Certificate.from_der, _der_request, parse_list)
    found = (part for read in readers if (part := _tried(read, data)) is not None)
    return next(found, _UNKNOWN_DER)


def _tried(read: Callable[[bytes], Part], data: bytes) -> Part | None:
    try:
        return read(data)
    except (CertificateFault, ListFault, *x509_facts.MALFORMED):
        return None


def _der_request(data: bytes) -> Request:
    return _request(x509.load_der_x509_csr(data))


def _request(found: x509.CertificateSigningRequest) -> Request:
    """Raises one of x509_facts.MALFORMED where a field is so."""
    try:
        key = found.public_key()
        public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        kind, signed = x509_facts.key_kind(key), found.is_signature_valid
    except UnsupportedAlgorithm:
        public, kind, signed = b"", "unknown key", False
    return Request(found.subject.rfc4514_string(), alternative_names(found), kind, public, signed)
