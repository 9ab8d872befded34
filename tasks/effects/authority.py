"""A CA on this machine, opened to sign with."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tasks.core.authorities import authority_faults, chain_of
from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.issuing import Issuer
from tasks.core.model import Cluster, PromptSecret, SecretRef
from tasks.core.private_keys import (
    PrivateKey,
    UnreadableKey,
    count_keys,
    needs_passphrase,
    read_encrypted_key,
    read_private_key,
)
from tasks.core.secret import SecretStr
from tasks.effects.ca_files import CaFiles, look_into, made_here, own_folder
from tasks.effects.credential_files import typed_path
from tasks.effects.secrets import origin

Resolve = Callable[[SecretRef], SecretStr]

_OTHERS_MAY_LOOK = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA that is fit to issue leafs.

    Args:
        issuer: What signs: the root, or the intermediate.
        above: From the issuer's parent up to the self-signed root, as far as it is in the folder; () if
            the issuer is the root.
    """

    folder: Path
    issuer: Issuer
    above: tuple[Certificate, ...]

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """The issuer's own certificate, and what is above it."""
        return (self.issuer.certificate, *self.above)


def open_authority(cluster: Cluster, *, use: str, from_ca: str, secrets: Resolve) -> Authority:
    """The CA that signs for a cluster: found by what its files hold, its key opened.

    Args:
        use: "cluster", or "ha" for the HA channel of pairs: which CA of the cluster's own.
        from_ca: "" for the cluster's own; else a folder with one CA key and its certificate.
        secrets: Asked for the passphrase, where the key is encrypted.

    Raises:
        UsageError: Every reason why this CA cannot issue, each with what to do; or no passphrase.
    """
    folder = typed_path(from_ca) if from_ca else own_folder(cluster, use)
    files = look_into(folder)
    key, key_faults = _only_key(folder, files, cluster=cluster, secrets=secrets)
    now = datetime.now(UTC)
    chain = chain_of(key, files.certificates, at=now) if key else ()
    faults = [*files.faults, *key_faults, *(authority_faults(chain, at=now) if chain else ())]
    if key and not chain:
        faults.append(f"{folder} holds no certificate of its key -> put the CA's certificate beside the key")
    if key is None or not chain or faults:
        missing = not from_ca and not made_here(folder)
        raise UsageError(
            "\n".join(faults),
            remedy=_make(use) if missing else f"correct that in {folder}, then repeat the command",
        )
    return Authority(folder, Issuer(chain[0], key), chain[1:])


def _make(use: str) -> str:
    option = " --use ha" if use == "ha" else ""
    return f"fab credentials.create --kind ca{option} makes a CA; --from-ca DIR takes another one"


def _only_key(
    folder: Path, files: CaFiles, *, cluster: Cluster, secrets: Resolve
) -> tuple[PrivateKey | None, tuple[str, ...]]:
    """The one key that is there, opened; or None and why not."""
    if not folder.is_dir():
        why = "it is no folder" if folder.exists() else "no such folder"
        return None, (f"there is no CA in {folder}: {why} -> make one, or name another CA's",)
    number = sum(map(count_keys, files.keys.values()))
    if number == 0:
        return None, (f"{folder} holds no private key to sign with (PEM) -> put the CA's key there, 0600",)
    if number > 1:
        listed = ", ".join(path.name for path in files.keys)
        text = f"{folder} holds {number} private keys ({listed})"
        return None, (f"{text} -> a folder with the key of the issuing CA alone",)
    ((path, pem),) = files.keys.items()
    read = _opened(path, pem, cluster=cluster, secrets=secrets)
    return (read, ()) if isinstance(read, PrivateKey) else (None, (read,))


def _opened(path: Path, pem: bytes, *, cluster: Cluster, secrets: Resolve) -> PrivateKey | str:
    if needs_passphrase(pem):
        return _decrypted(path, pem, cluster=cluster, secrets=secrets)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS_MAY_LOOK:
        return f"{path} is not encrypted and has mode {mode:04o}: others can use it -> chmod 600 {path}"
    read = read_private_key(pem)
    return f"{path} cannot be used: {read.reason} -> replace it" if isinstance(read, UnreadableKey) else read


def _decrypted(path: Path, pem: bytes, *, cluster: Cluster, secrets: Resolve) -> PrivateKey | str:
    ref = cluster.ca_passphrase or PromptSecret(f"the passphrase of {path}")
    read = read_encrypted_key(pem, secrets(ref))
    if not isinstance(read, UnreadableKey):
        return read
    remedy = "repeat, with the right one"
    if cluster.ca_passphrase is not None:
        remedy = f"correct clusters.{cluster.key}.ca.passphrase; without it you are asked"
    return f"{path}: {read.reason} ({origin(ref)}) -> {remedy}"
