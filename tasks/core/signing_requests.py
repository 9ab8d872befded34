"""Requests to a PKI: what is asked for, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.model import Cluster
from tasks.core.order import (
    leaf_name,
    no_pair,
    owners,
    subject,
    unfit_organization,
    unknown_kind,
    unknown_use,
)
from tasks.core.private_keys import PrivateKey
from tasks.core.subjects import Subject
from tasks.core.text_table import TextTable
from tasks.core.usages import BOTH_USAGES, key_usage

SHARED = "all members"  # a label that no member can have
KINDS = ("shared", "member")


@dataclass(frozen=True, slots=True)
class RequestWish:
    """What is to be asked for.

    Args:
        kind: "shared": one certificate for all members; "member": one for each.
        use: "cluster", or "ha": one for each pair, whatever the kind.
        organization: O of every subject; "" for none.
    """

    kind: str = "member"
    use: str = "cluster"
    organization: str = ""

    @property
    def names(self) -> FileNames:
        return HA if self.use == "ha" else CLUSTER

    def refuse_impossible(self, cluster: Cluster) -> None:
        """Raises UsageError with everything that cannot be."""
        unknown = () if self.kind in KINDS else (unknown_kind(self.kind, KINDS),)
        rest = (*unknown_use(self.use), *unfit_organization(self.organization), *no_pair(cluster, self.use))
        if unknown or rest:
            raise UsageError("\n".join((*unknown, *rest)), remedy="fab --help credentials.request")


def wanted_subjects(cluster: Cluster, wish: RequestWish) -> Mapping[str, Subject]:
    """By label: the subject, and the nodes' hosts as names beside it."""
    if wish.kind == "shared" and wish.use != "ha":
        hosts = (node.host for node in cluster.nodes)
        return {SHARED: subject(cluster.cluster_name, wish.organization, tuple(dict.fromkeys(hosts)))}
    return {
        name: subject(
            leaf_name(cluster, name, wish.use),
            wish.organization,
            tuple(dict.fromkeys(node.host for node in cluster.member(name).nodes)),
        )
        for name in owners(cluster, wish.use)
    }


def signing_request(wanted: Subject, key: PrivateKey) -> bytes:
    """A PKCS#10 request, PEM: subject, names, digitalSignature, serverAuth and clientAuth."""
    signer = key.for_tls()
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ValueError(f"a request is made for an EC key, and not for {key.kind}")
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(wanted.name())
        .add_extension(key_usage(signs=True, issues=False, revokes=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(BOTH_USAGES), critical=False)
    )
    if names := wanted.alternatives():
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def csr_name(names: FileNames) -> str:
    """What the request's file is called."""
    return names.cert.removesuffix(".pem") + ".csr"


def requests_table(title: str, wanted: Mapping[str, Subject], files: Mapping[str, str]) -> TextTable:
    """One row per request; the file as seen from the folder in the title."""
    rows = tuple(
        (label, who.name().rfc4514_string(), ", ".join(who.alternative_names), files[label])
        for label, who in wanted.items()
    )
    return TextTable(title, ("FOR", "SUBJECT", "NAMES", "REQUEST"), rows)


def words_for_the_pki(use: str) -> Iterator[str]:
    """What to ask the PKI for, and the next command."""
    yield "Send each .csr to the PKI, and never a key. Ask it for"
    yield "  - certificates with both serverAuth and clientAuth, or without any EKU: one alone is refused;"
    yield "  - the key as it is: EC P-256, the only one that also members with TLS 1.2 take;"
    yield "  - every CA above them, up to the self-signed root: without the root nobody connects."
    yield "Whatever that CA issues can join: one that issues for this cluster alone is best."
    yield f"Then: fab credentials.import PATH{' --use ha' if use == 'ha' else ''}"
