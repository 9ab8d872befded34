"""What a CA must be to issue leafs: found by its key, judged before it signs anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cryptography import x509

from tasks.core.certificates import Certificate
from tasks.core.chains import ends_at_root, path_up, valid_at
from tasks.core.private_keys import PrivateKey

Chain = tuple[Certificate, ...]


def chain_of(key: PrivateKey, certificates: Iterable[Certificate], *, at: datetime) -> Chain:
    """The certificate of this key and what is above it, up to the root as far as it is there; () for none.

    A key may have several certificates, e.g. of a renewed root: the best of them, by no order of files.
    """
    known = tuple(dict.fromkeys(certificates))
    own = [one for one in known if one.key_kind == key.kind and key.matches(one)]
    chains = [(one, *path_up(one, known, at=at)) for one in own]
    return max(chains, key=lambda chain: _worth(chain, at=at), default=())


def authority_faults(chain: Chain, *, at: datetime) -> Iterator[str]:
    """Why leafs under this CA would be refused; each with what to do. The issuer comes first.

    Args:
        at: Now.
    """
    issuer = chain[0]
    if not issuer.is_ca:
        yield f"{issuer.subject} is no CA (basicConstraints) -> name the folder of the CA's own certificate"
    elif (usage := _key_usage(issuer)) is not None and not usage.key_cert_sign:
        yield f"{issuer.subject} must not sign certificates (keyUsage) -> a CA whose keyUsage has keyCertSign"
    if issuer.key_kind.startswith("RSA-PSS"):
        text = f"{issuer.subject} has an {issuer.key_kind} key, and nothing is signed by such a one here"
        yield f"{text} -> let the CA sign itself: fab credentials.request, then credentials.import"
    for below, one in enumerate(chain):
        yield from _dates(one, at=at)
        limit = _path_length(one)
        if limit is not None and below > limit:
            text = f"{one.subject} allows {limit} CAs between itself and a leaf, and here are {below}"
            yield f"{text} (path length) -> issue with a CA that is nearer to it"


def ends_first(chain: Sequence[Certificate]) -> datetime:
    """When the first of the CAs ends: no leaf is of use for longer."""
    return min(one.not_after for one in chain)


def _dates(one: Certificate, *, at: datetime) -> Iterator[str]:
    if at > one.not_after:
        text = f"{one.subject} expired on {one.not_after:%Y-%m-%dT%H:%M:%SZ}"
        yield f"{text} -> a new CA: fab credentials.create --kind ca --force"
    elif at < one.not_before:
        text = f"{one.subject} is not valid before {one.not_before:%Y-%m-%dT%H:%M:%SZ}"
        yield f"{text} -> wait until then, or correct this machine's clock"


def _worth(chain: Chain, *, at: datetime) -> tuple[object, ...]:
    return (
        chain[0].is_ca,
        all(valid_at(one, at) for one in chain),
        ends_at_root(chain),
        ends_first(chain).timestamp(),
        chain[0].sha256,
    )


def _key_usage(certificate: Certificate) -> x509.KeyUsage | None:
    extensions = x509.load_der_x509_certificate(certificate.der).extensions
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _path_length(certificate: Certificate) -> int | None:
    extensions = x509.load_der_x509_certificate(certificate.der).extensions
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return None
