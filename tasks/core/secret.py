"""A secret in memory: a text that shows itself to nobody who does not ask for it by name.

Pydantic has such a type; to import it takes longer than to log in at a node.
"""

from __future__ import annotations

from typing import NoReturn


class SecretStr:
    """Password or passphrase; in messages, logs and tracebacks it reads `**********`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "SecretStr('**********')"

    def __str__(self) -> str:
        return "**********"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretStr) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        """It is in no file: neither pickled nor copied."""
        raise TypeError("a secret is not written down")
