"""Secrets without questions: what would ask is not fetched, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from tasks.core.doctor import Row
from tasks.core.doctor_secrets import asked_row, asks, secret_row, wanted
from tasks.core.errors import UsageError
from tasks.core.model import Cluster, SecretRef
from tasks.core.secret import SecretStr
from tasks.effects.secrets import Secrets, origin

_LIMIT_S = 20.0


class QuietSecrets:
    """As `Secrets`, but nobody is asked: not an operator, not a keyring, and a program has no terminal."""

    def __init__(self) -> None:
        self._secrets = Secrets(limit_s=_LIMIT_S, detached=True)

    def resolve(self, ref: SecretRef) -> SecretStr:
        """Raises UsageError if it cannot be had, or not without asking."""
        if asks(ref):
            raise UsageError(f"{origin(ref)} is not asked for here", remedy="fab status asks for it")
        return self._secrets.resolve(ref)


def secret_rows(clusters: Iterable[Cluster], secrets: QuietSecrets) -> Iterator[Row]:
    for ref, uses in wanted(clusters).items():
        if asks(ref):
            yield asked_row(uses, ref, keyring_there=find_spec("keyring") is not None)
        else:
            yield secret_row(uses, origin=origin(ref), trouble=_trouble(ref, secrets))


def _trouble(ref: SecretRef, secrets: QuietSecrets) -> tuple[str, str] | None:
    try:
        secrets.resolve(ref)
    except UsageError as error:
        return error.problem, error.remedy
    return None
