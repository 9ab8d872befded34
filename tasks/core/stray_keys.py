"""Keys of CAs that lie among credential sets, where they must not be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath

from tasks.core.bundles import certificates_in, holds_certificates
from tasks.core.certificates import Certificate, CertificateFault
from tasks.core.file_names import CLUSTER, HA
from tasks.core.pem import pem_blocks
from tasks.core.private_keys import PrivateKey, needs_passphrase, read_private_key

_NAMES_OF_CA_KEYS = ("ca_key.pem", "root_key.pem", "intermediate_key.pem")
_KEYS_OF_SETS = (CLUSTER.key.lower(), HA.key.lower())  # a self-signed set's own key is a CA's by its flags


def ca_keys_in(contents: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Each file that holds a CA's key, and whose it is: known by a CA's certificate among the files, or by name.

    Args:
        contents: By path: everything in the folder of the sets and in the members' folders.
    """
    keys = {path: content for path, content in contents.items() if _may_be_a_cas(path, content)}
    authorities = [one for one in _certificates(contents) if one.is_ca] if keys else []
    for path, content in keys.items():
        if (whose := _owner(path, content, authorities)) is not None:
            yield path, whose


def _may_be_a_cas(path: str, content: bytes) -> bool:
    return PurePath(path).name.lower() not in _KEYS_OF_SETS and any(
        block.is_private_key for block in pem_blocks(content)
    )


def _owner(path: str, content: bytes, authorities: list[Certificate]) -> str | None:
    key = None if needs_passphrase(content) else read_private_key(content)
    if isinstance(key, PrivateKey):
        for one in authorities:
            if one.key_kind == key.kind and key.matches(one):
                return f"the CA {one.subject}"
    return "a CA, by its name" if PurePath(path).name in _NAMES_OF_CA_KEYS else None


def _certificates(contents: Mapping[str, bytes]) -> Iterator[Certificate]:
    for content in contents.values():
        try:
            yield from certificates_in(content) if holds_certificates(content) else ()
        except CertificateFault:
            continue  # `load` names what is broken of a set
