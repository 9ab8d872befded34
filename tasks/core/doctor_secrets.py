"""Rules about secrets: which are wanted for what, and whether each can be had. None is ever shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.doctor import Row, noted, together, well, wrong
from tasks.core.model import Cluster, KeyringSecret, PromptSecret, SecretRef


@dataclass(frozen=True, slots=True)
class Use:
    """What a secret is for."""

    key: str  # of the inventory: "admin.password"
    by: str  # node or cluster


def wanted(clusters: Iterable[Cluster]) -> Mapping[SecretRef, tuple[Use, ...]]:
    """Each secret once, with all that it is for."""
    found: dict[SecretRef, list[Use]] = {}
    for ref, use in (pair for cluster in clusters for pair in _of(cluster)):
        found.setdefault(ref, []).append(use)
    return {ref: tuple(uses) for ref, uses in found.items()}


def _of(cluster: Cluster) -> Iterator[tuple[SecretRef, Use]]:
    for node in cluster.nodes:
        named = (
            ("ssh.password", node.ssh.password),
            ("ssh.passphrase", node.ssh.passphrase),
            ("ssh.sudo_password", node.ssh.sudo_password),
            ("admin.password", node.admin.password),
        )
        yield from ((ref, Use(key, node.name)) for key, ref in named if ref is not None)
    if cluster.ca_passphrase is not None:
        yield cluster.ca_passphrase, Use("ca.passphrase", cluster.key)


def asks(ref: SecretRef) -> bool:
    """Whether somebody is asked for it: an operator, or the keyring, which may ask him."""
    return isinstance(ref, PromptSecret | KeyringSecret)


def secret_row(uses: tuple[Use, ...], *, origin: str, trouble: tuple[str, str] | None) -> Row:
    """Of one that was fetched and forgotten.

    Args:
        origin: Where it comes from, in words.
        trouble: What went wrong, and the remedy; None if it could be had.
    """
    if trouble is None:
        return well("secret", _key(uses), f"{_by(uses)}: {origin} gives it")
    problem, remedy = trouble
    return wrong("secret", _key(uses), f"{_by(uses)}: {problem}", remedy=remedy)


def asked_row(uses: tuple[Use, ...], ref: SecretRef, *, keyring_there: bool) -> Row:
    """Of one that is not fetched here, because that may ask."""
    match ref:
        case PromptSecret(label):
            return noted("secret", _key(uses), f"{_by(uses)}: an operator is asked for {label!r}")
        case KeyringSecret(service, user) if keyring_there:
            return noted("secret", _key(uses), f"{_by(uses)}: the keyring is asked for {service}/{user}")
        case KeyringSecret(service, user):
            text = (
                f"{_by(uses)}: {service}/{user} is in a keyring, and the package `keyring` is not installed"
            )
            return wrong("secret", _key(uses), text, remedy=".venv/bin/python -m pip install keyring")
        case _:
            raise ValueError(f"nobody is asked for {type(ref).__name__}")


def _key(uses: tuple[Use, ...]) -> str:
    return ", ".join(dict.fromkeys(use.key for use in uses))


def _by(uses: tuple[Use, ...]) -> str:
    return together([use.by for use in uses])
