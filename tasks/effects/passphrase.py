"""The passphrase of a CA's keys that are about to be made."""

from __future__ import annotations

from collections.abc import Callable

from tasks.core.errors import UsageError
from tasks.core.model import Cluster, PromptSecret, SecretRef
from tasks.core.secret import SecretStr
from tasks.effects.secrets import origin

LEAST_LENGTH = 8  # a judgement: OpenSSL itself takes four characters
MOST_BYTES = 1023  # what OpenSSL reads


def new_passphrase(cluster: Cluster, secrets: Callable[[SecretRef], SecretStr]) -> SecretStr:
    """The passphrase that the inventory points to, else what the operator types, twice the same.

    Raises:
        UsageError: It cannot be had, is too short or too long, or differs the second time.
    """
    ref = cluster.ca_passphrase or PromptSecret(f"a passphrase for the CA's keys of {cluster.key}")
    found = secrets(ref)
    _refuse_unfit(found, origin(ref))
    if isinstance(ref, PromptSecret):
        again = secrets(PromptSecret(f"{ref.label}, again"))
        if again.get_secret_value() != found.get_secret_value():
            raise UsageError("the two passphrases differ; nothing was made", remedy="repeat the command")
    return found


def _refuse_unfit(found: SecretStr, source: str) -> None:
    text = found.get_secret_value()
    if len(text) < LEAST_LENGTH or len(text.encode("utf-8", "surrogateescape")) > MOST_BYTES:
        raise UsageError(
            f"{source} gives no usable passphrase for a CA's keys: at least {LEAST_LENGTH} characters, "
            f"at most {MOST_BYTES} bytes",
            remedy="a longer one, then repeat the command; --plain-ca-key leaves the keys unencrypted",
        )
