"""The single values of the `notify` section."""

from __future__ import annotations

from urllib.parse import urlsplit

from tasks.core.inventory_values import refusal, secret_ref
from tasks.core.model import PromptSecret, SecretRef

_ELSEWHERE = "{env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]} or {keyring: SERVICE/USER}"


def unasked(value: object) -> SecretRef:
    found = secret_ref(value)
    if isinstance(found, PromptSecret):
        raise refusal("nobody can be asked while a run is going on", f"write {_ELSEWHERE}")
    return found


def url(value: object) -> str | SecretRef:
    """The value is never shown: it may hold a token."""
    if not isinstance(value, str) or value == "prompt":
        return unasked(value)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and value.isprintable()
        usable = usable and " " not in value and (parts.port is None or parts.port > 0)
    except ValueError:  # brackets without an address, a port that is none
        usable = False
    if not usable:
        raise refusal(
            "must be a URL, or where one is found", f"https://HOST/PATH; with a token: {_ELSEWHERE}"
        )
    if parts.username is not None or parts.password is not None:
        raise refusal("a URL with a user or password is a secret", f"write {_ELSEWHERE}")
    return value
