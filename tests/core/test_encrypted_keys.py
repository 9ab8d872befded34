"""Keys of CAs: encrypted as no server's key may be, and opened by their passphrase alone."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tasks.core.issuing import new_key
from tasks.core.private_keys import (
    PrivateKey,
    UnreadableKey,
    encrypted,
    needs_passphrase,
    read_encrypted_key,
    read_private_key,
)
from tasks.core.secret import SecretStr

KEY = new_key()
RIGHT, WRONG = SecretStr("correct horse bättery"), SecretStr("wrong horse")
HIDDEN = encrypted(KEY, RIGHT)
OLD = KEY.for_tls().private_bytes(
    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"correct horse")
)


def test_an_encrypted_key_is_the_same_key_in_another_file() -> None:
    assert HIDDEN.file_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert HIDDEN.for_tls() is KEY.for_tls()
    opened = read_encrypted_key(HIDDEN.file_bytes(), RIGHT)
    assert isinstance(opened, PrivateKey)
    assert opened.for_tls().public_key() == KEY.for_tls().public_key()


def test_without_the_passphrase_nothing_opens_it() -> None:
    read = read_encrypted_key(HIDDEN.file_bytes(), WRONG)
    assert read == UnreadableKey("encrypted", "the passphrase does not open it, or the file is broken")
    assert isinstance(read_private_key(HIDDEN.file_bytes()), UnreadableKey)
    with pytest.raises(TypeError, match="Password was not given"):
        load_pem_private_key(HIDDEN.file_bytes(), None)


@pytest.mark.parametrize(
    ("pem", "needs"),
    [(HIDDEN.file_bytes(), True), (OLD, True), (KEY.file_bytes(), False), (b"", False)],
    ids=["PKCS#8", "the older form", "plain", "nothing"],
)
def test_it_is_seen_whether_a_passphrase_is_needed(pem: bytes, needs: bool) -> None:
    assert needs_passphrase(pem) is needs


def test_the_older_form_is_opened_too_and_what_is_broken_is_not() -> None:
    assert isinstance(read_encrypted_key(OLD, SecretStr("correct horse")), PrivateKey)
    assert isinstance(read_encrypted_key(HIDDEN.file_bytes()[:-60], RIGHT), UnreadableKey)


@pytest.mark.parametrize(
    "text", ["bättery horse", "\udce4 typed in Latin-1", "x" * 1023], ids=["UTF-8", "not UTF-8", "long"]
)
def test_any_passphrase_that_can_be_typed_will_do(text: str) -> None:
    hidden = encrypted(KEY, SecretStr(text)).file_bytes()
    assert isinstance(read_encrypted_key(hidden, SecretStr(text)), PrivateKey)
    assert isinstance(read_encrypted_key(hidden, SecretStr(text[1:])), UnreadableKey)


def test_nothing_of_key_or_passphrase_shows() -> None:
    shown = f"{HIDDEN!r} {RIGHT!r} {read_encrypted_key(HIDDEN.file_bytes(), WRONG)!r}"
    assert "horse" not in shown
    assert "BEGIN" not in shown
