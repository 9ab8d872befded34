"""Certificates, lists and files that end when a test wants it; and a request."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tasks.core.certificates import Certificate
from tasks.core.expiry import ExpiryReport, Limits, expiry_report
from tasks.core.held import HERE, Held, Source
from tasks.core.issuing import Issuer, Recipe, Subject, issue, new_ca, new_key
from tasks.core.material import Material, read_material
from tasks.core.private_keys import PrivateKey
from tasks.core.revocation import RevocationList, Revoked, next_list
from tasks.core.snapshot import Unseen
from tests.core.certs import NOW

DAY = timedelta(days=1)
LIMITS = Limits(30, 7)
CA = new_ca(Subject("the CA", organization="Org"), days=3650, now=NOW)
NODES = ("gw-a", "gw-b")


def certificate(name: str, days: float, *, begins: float = -100.0, issuer: Issuer | None = CA) -> Certificate:
    """Ends so many days from now; negative: ago."""
    recipe = Recipe(Subject(name), NOW + begins * DAY, NOW + days * DAY)
    return issue(recipe, new_key(), issuer=issuer)


def revocation_list(days: int, *, revoked: int = 1) -> RevocationList:
    """Issued now."""
    entries = [Revoked(number, NOW) for number in range(1, revoked + 1)]
    return next_list(CA, before=None, add=entries, drop=(), days=days, now=NOW)


def request(encoding: Encoding = Encoding.PEM, *, key: PrivateKey | None = None) -> bytes:
    """For CN=gw-a, with two DNS names."""
    key = key or new_key()
    names = x509.SubjectAlternativeName([x509.DNSName("gw-a.example.com"), x509.DNSName("gw-a")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(Subject("gw-a").name())
    signed = builder.add_extension(names, critical=False).sign(key.for_tls(), hashes.SHA256())
    return signed.public_bytes(encoding)


def served(node: str, *chain: Certificate) -> Held:
    return Held(node, Source.SERVED, "port 9104", Material(certificates=chain), NOW)


def on_disk(node: str, *found: Certificate, file: str = "Cluster_cert.pem") -> Held:
    return Held(node, Source.DISK, file, Material(certificates=found), NOW)


def list_on_disk(node: str, one: RevocationList) -> Held:
    return Held(node, Source.DISK, "Cluster_crl/crl.pem", Material(lists=(one,)), NOW)


def here(file: str, *found: Certificate) -> Held:
    return Held(HERE, Source.LOCAL, file, Material(certificates=found), NOW)


def garbage(node: str) -> Held:
    return Held(node, Source.DISK, "Cluster_cafile.pem", read_material(b"nonsense"), NOW)


def dead(node: str) -> Held:
    return Held(node, None, "", Material(), NOW, Unseen("no route to host", "is it up?"))


def judged(*found: Held, limits: Limits = LIMITS, silent: tuple[str, ...] = ()) -> ExpiryReport:
    return expiry_report("production", found, nodes=NODES, serving_nothing=silent, limits=limits, at=NOW)
