"""Whom a certificate is for: the subject and the names beside it."""

from __future__ import annotations

from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import NameOID

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject: common name, organization and unit ("" for none), DNS names and IP addresses."""

    common_name: str
    organization: str = ""
    unit: str = ""
    alternative_names: tuple[str, ...] = ()

    def name(self) -> x509.Name:
        parts = (
            (NameOID.ORGANIZATION_NAME, self.organization),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit),
            (NameOID.COMMON_NAME, self.common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])

    def alternatives(self) -> tuple[x509.GeneralName, ...]:
        return tuple(map(_general_name, self.alternative_names))


@dataclass(frozen=True, slots=True)
class KeptSubject:
    """The subject and the alternative names of an earlier certificate, whatever they are."""

    kept: x509.Name
    names: tuple[x509.GeneralName, ...]

    def name(self) -> x509.Name:
        return self.kept

    def alternatives(self) -> tuple[x509.GeneralName, ...]:
        return self.names


def kept_subject(certificate: Certificate) -> KeptSubject:
    """The subject and names of a certificate, for the next one in its place."""
    before = x509.load_der_x509_certificate(certificate.der)
    try:
        names = before.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return KeptSubject(before.subject, ())
    return KeptSubject(before.subject, tuple(names))


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text.partition("%")[0]))
    except ValueError:
        return x509.DNSName(text)
