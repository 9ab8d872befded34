"""What a start of the server makes of the files that it finds: its credentials, the built-in pair, or nothing.

Read as its OpenSSL reads them, block by block; nothing here is an opinion of ours about them.
"""

from __future__ import annotations

from dataclasses import field

from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.dataclass import dataclass
from tasks.core.key_exchange import MODERN, Capability
from tasks.core.pem import broken_block, describe_without_blocks, pem_blocks
from tasks.core.private_keys import PrivateKey, needs_passphrase, read_private_key
from tasks.core.revocation_reading import ListFault, parse_list
from tasks.core.server_rules import SERVER, ServerRules
from tasks.core.trust import Loaded


@dataclass(frozen=True, slots=True)
class Found:
    """What lies where one server looks; None where the file is missing or cannot be opened.

    Args:
        key, cert: In the keystore.
        ca, crl: In the truststore.
    """

    key: bytes | None = field(repr=False)
    cert: bytes | None = field(repr=False)
    ca: bytes | None = field(repr=False)
    crl: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Started:
    """It listens with these."""

    loaded: Loaded


@dataclass(frozen=True, slots=True)
class FellBack:
    """It listens with its built-in pair and says nothing (T2); `loaded` is that pair beside the CA file."""

    loaded: Loaded
    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """No TLS context, and so no admin API (T1).

    Args:
        file: "key", "cert", "ca", "crl", or "pair" where key and certificate do not go together.
    """

    file: str
    reason: str


Start = Started | FellBack | Dead
_OLD_KEYS = frozenset({"RSA PRIVATE KEY", "DSA PRIVATE KEY", "EC PRIVATE KEY"})


def start_with(
    found: Found,
    *,
    builtin: tuple[Certificate, ...],
    capability: Capability = MODERN,
    rules: ServerRules = SERVER,
) -> Start:
    """What a process that starts now would run with.

    Args:
        builtin: The pair that is built into this server, leaf first; public.
    """
    trusted = _ca_file(found.ca)
    if rules.missing_pair_falls_back and (found.key is None or found.cert is None):
        lacking = " and ".join(n for n, c in (("key", found.key), ("certificate", found.cert)) if c is None)
        known = () if isinstance(trusted, Dead) else trusted
        return FellBack(
            Loaded(builtin, known, capability=capability, builtin=True), f"{lacking} cannot be opened"
        )
    chain = _chain(found.cert or b"", rules)
    if isinstance(chain, Dead):
        return chain
    key = _key(found.key or b"")
    if isinstance(key, Dead):
        return key
    if isinstance(trusted, Dead):
        return trusted
    if not key.matches(chain[0]):
        return Dead("pair", f"the key ({key.kind}) is not that of the first certificate")
    crl = _list(found.crl)
    return crl if isinstance(crl, Dead) else Started(Loaded(chain, trusted, crl, capability, builtin=False))


def _chain(data: bytes, rules: ServerRules) -> tuple[Certificate, ...] | Dead:
    try:
        chain = parse_pem_chain(data)
    except CertificateFault as fault:
        return Dead("cert", fault.reason)
    weak = next((c.level_fault for c in chain if c.level_fault), None)
    return Dead("cert", weak) if weak and rules.weak_is_refused else chain


def _key(data: bytes) -> PrivateKey | Dead:
    key = read_private_key(data)
    return key if isinstance(key, PrivateKey) else Dead("key", key.reason)


def _ca_file(data: bytes | None) -> tuple[Certificate, ...] | Dead:
    """A missing one is none (T3); one that holds neither certificate nor list makes no context."""
    if data is None:
        return ()
    labels = {block.label for block in pem_blocks(data)}
    if not any(label.endswith("CERTIFICATE") or label == "X509 CRL" for label in labels):
        return Dead("ca", f"{describe_without_blocks(data)}, and no certificate is in it")
    broken = broken_block(data) or _broken_content(data)
    if broken:
        return Dead("ca", broken)
    if labels == {"X509 CRL"}:
        return ()
    try:
        return parse_pem_chain(data)
    except CertificateFault as fault:
        return Dead("ca", fault.reason)


def _broken_content(data: bytes) -> str | None:
    """Lists, and keys in the old forms, are read as well where they lie in a CA file."""
    for block in pem_blocks(data):
        if block.label == "X509 CRL":
            try:
                parse_list(data[block.start :])
            except ListFault as fault:
                return f"a revocation list in it cannot be read: {fault.reason}"
        if block.label in _OLD_KEYS and not needs_passphrase(data[block.start :]):
            key = read_private_key(data[block.start :])
            if not isinstance(key, PrivateKey):
                return f"a private key in it cannot be read: {key.reason}"
    return None


def _list(data: bytes | None) -> bytes | Dead | None:
    if data is None:
        return None
    try:
        return parse_list(data).der
    except ListFault as fault:
        return Dead("crl", fault.reason)
