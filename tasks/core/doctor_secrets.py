"""Rules about secrets: which are wanted for what, and whether each can be had. None is ever shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tasks.core.doctor import Row, noted, well, wrong
from tasks.core.model import Cluster, KeyringSecret, PromptSecret, SecretRef


def wanted(clusters: Iterable[Cluster]) -> Mapping[SecretRef, tuple[str, ...]]:
    """Each secret once, with what it is for: "admin.password of gw-a"."""
    found: dict[SecretRef, list[str]] = {}
    for ref, use in (pair for cluster in clusters for pair in _of(cluster)):
        found.setdefault(ref, []).append(use)
    return {ref: tuple(uses) for ref, uses in found.items()}


def _of(cluster: Cluster) -> Iterator[tuple[SecretRef, str]]:
    for node in cluster.nodes:
        named = (
            ("ssh.password", node.ssh.password),
            ("ssh.passphrase", node.ssh.passphrase),
            ("ssh.sudo_password", node.ssh.sudo_password),
            ("admin.password", node.admin.password),
        )
        yield from ((ref, f"{name} of {node.name}") for name, ref in named if ref is not None)
    if cluster.ca_passphrase is not None:
        yield cluster.ca_passphrase, f"ca.passphrase of {cluster.key}"


def asks(ref: SecretRef) -> bool:
    """Whether somebody is asked for it: an operator, or the keyring, which may ask him."""
    return isinstance(ref, PromptSecret | KeyringSecret)


def secret_row(uses: tuple[str, ...], *, origin: str, trouble: tuple[str, str] | None) -> Row:
    """Of one that was fetched and forgotten.

    Args:
        origin: Where it comes from, in words.
        trouble: What went wrong, and the remedy; None if it could be had.
    """
    if trouble is None:
        return well("secret", _for(uses), f"can be had: {origin}")
    problem, remedy = trouble
    return wrong("secret", _for(uses), problem, remedy=remedy)


def asked_row(uses: tuple[str, ...], ref: SecretRef, *, keyring_there: bool) -> Row:
    """Of one that is not fetched here, because that may ask."""
    match ref:
        case PromptSecret(label):
            return noted("secret", _for(uses), f"an operator would be asked for: {label}")
        case KeyringSecret(service, user) if keyring_there:
            return noted("secret", _for(uses), f"the keyring would be asked for {service}/{user}")
        case KeyringSecret(service, user):
            text = f"{service}/{user} is in a keyring, and the package `keyring` is not installed"
            return wrong("secret", _for(uses), text, remedy=".venv/bin/python -m pip install keyring")
        case _:
            raise ValueError(f"nobody is asked for {type(ref).__name__}")


def _for(uses: tuple[str, ...]) -> str:
    return uses[0] if len(uses) == 1 else f"{uses[0]} and {len(uses) - 1} more"
