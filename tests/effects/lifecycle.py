"""A cluster whose credentials are made on this machine, and the passphrase of its CA."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from tasks.core.issuing import Issuer
from tasks.core.model import Admin, Cluster, Member, PromptSecret, SecretRef
from tasks.core.private_keys import encrypted
from tasks.core.secret import SecretStr
from tests.effects.local_remote import node

MEMBERS = ("gw-a", "gw-b", "gw-d")
PASSPHRASE = "correct horse battery"


def told(ref: SecretRef) -> SecretStr:
    """Whoever is asked, and for whatever."""
    return SecretStr(PASSPHRASE)


def answers(*texts: str) -> Callable[[SecretRef], SecretStr]:
    """An operator who is asked so many times, and no more."""
    left = list(texts)

    def asked(ref: SecretRef) -> SecretStr:
        assert isinstance(ref, PromptSecret)
        return SecretStr(left.pop(0))

    return asked


def cluster(folder: Path, *, name: str = "MyCluster") -> Cluster:
    return Cluster(
        key="production",
        cluster_name=name,
        credentials=folder / "credentials",
        members=tuple(Member(m, (node(Admin("127.0.0.1"), name=m),)) for m in MEMBERS),
        observer=None,
        retired=frozenset(),
        runs_dir=folder / "runs",
        inventory=folder / "inventory.yaml",
        ca_folder=folder / "ca",
    )


def pairs_in(folder: Path) -> Cluster:
    """A single member and two pairs."""
    whole = cluster(folder)
    pairs = tuple(
        Member(name, tuple(node(Admin("127.0.0.1"), name=f"{name}{n}") for n in (1, 2)))
        for name in ("gw-x", "gw-y")
    )
    return Cluster(
        whole.key, whole.cluster_name, whole.credentials, (whole.members[0], *pairs), None, frozenset(),
        whole.runs_dir, whole.inventory, whole.ca_folder,
    )  # fmt: skip


def files_in(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, by relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_ca(folder: Path, issuer: Issuer, *others: bytes, plain: bool = False) -> Path:
    """A folder with a CA in files of any names; returns that of its key."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "the-ca.crt").write_bytes(issuer.certificate.pem())
    for number, content in enumerate(others):
        (folder / f"other{number}.pem").write_bytes(content)
    key = issuer.key if plain else encrypted(issuer.key, SecretStr(PASSPHRASE))
    (folder / "the-ca.key").touch(mode=0o600)
    (folder / "the-ca.key").write_bytes(key.file_bytes())
    return folder / "the-ca.key"
