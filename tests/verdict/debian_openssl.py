"""The oracle: what a server does with given files, by Debian's own OpenSSL and real handshakes.

Calls what the server calls, in its order; a context is made at a start, a handshake for each connection.

Source:
    Eclipse Amlen, ssl.c, ism_common_create_ssl_ctxpw; ConnectionHandler.c, cip_ssl_handshake.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.verdict import libssl
from tests.verdict.libssl import crypto, no_passphrase, ssl

_OPTIONS = libssl.OP_ALL | libssl.OP_NO_SSLV3 | libssl.OP_NO_COMPRESSION | libssl.OP_NO_TLSV1 | libssl.OP_NO_TLSV1_1
_CIPHER = b"ECDHE-ECDSA-AES128-GCM-SHA256"
_SUITES = (
    b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
    b"TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)
_SECURITY_LEVEL = 2  # what Debian sets
_TAKEN = (0, 18)  # X509_V_OK, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
_PEER = libssl.VERIFY_PEER | libssl.VERIFY_CLIENT_ONCE | libssl.VERIFY_FAIL_IF_NO_PEER_CERT
_BUFFER_BYTES = 1 << 16
_ROUNDS = 40


class NoContext(Exception):
    """OpenSSL makes no context; the message is its reason."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a start made of a member's files: "loaded", "built-in" or "dead", and OpenSSL's reason."""

    kind: str
    reason: str
    acceptor: int
    dialer: int


@dataclass(frozen=True, slots=True)
class Dialed:
    """One handshake: whether the connection comes up, and both ends' reasons if not."""

    comes_up: bool
    reason: str


@contextmanager
def started(folder: Path, builtin: tuple[bytes, bytes]) -> Iterator[Started]:
    """The contexts of a member whose keystore and truststore are `folder`.

    Args:
        builtin: Certificate and key that the server holds in memory, PEM.
    """
    own = all(_opens(folder / name) for name in ("Cluster_cert.pem", "Cluster_key.pem"))
    made: list[int] = []
    kind, reason = ("loaded" if own else "built-in"), ""
    try:
        for is_server in (True, False):
            context = ssl.SSL_CTX_new(ssl.TLS_server_method() if is_server else ssl.TLS_client_method())
            made.append(context)
            _set_up(context)
            (_own_pair(context, folder) if own else _built_in_pair(context, *builtin))
            if is_server:
                _trust_clients(context, folder, None if own else builtin[0])
            else:
                _trust_servers(context, folder)
            crypto.ERR_clear_error()
    except NoContext as fault:
        kind, reason = "dead", str(fault)
    try:
        yield Started(kind, reason, *(made if kind != "dead" else (0, 0)))
    finally:
        for context in made:
            ssl.SSL_CTX_free(context)


def dial(dialer: Started, acceptor: Started, *, dialer_version: int, acceptor_version: int) -> Dialed:
    """One connection from `dialer` to `acceptor`; the versions are the highest that each end speaks."""
    if "dead" in (dialer.kind, acceptor.kind):
        return Dialed(False, "no context")
    client, server = ssl.SSL_new(dialer.dialer), ssl.SSL_new(acceptor.acceptor)
    try:
        for end, version in ((client, dialer_version), (server, acceptor_version)):
            ssl.SSL_ctrl(end, libssl.CTRL_SET_MAX_PROTO_VERSION, version, None)
        _join(client, server)
        reasons = _shake(client, server)
        result = ssl.SSL_get_verify_result(client)
        if not reasons and result not in _TAKEN:
            reasons = ["the dialer: " + crypto.X509_verify_cert_error_string(result).decode()]
        return Dialed(not reasons, "; ".join(reasons))
    finally:
        ssl.SSL_free(client)
        ssl.SSL_free(server)
        crypto.ERR_clear_error()


def _opens(path: Path) -> bool:
    with suppress(OSError), path.open("rb"):
        return True
    return False


def _wanted(result: object) -> None:
    if not result:
        raise NoContext(_reason())


def _reason() -> str:
    text = crypto.ERR_reason_error_string(crypto.ERR_peek_last_error())
    crypto.ERR_clear_error()
    return text.decode() if text else "no reason given"


def _set_up(context: int) -> None:
    ssl.SSL_CTX_set_options(context, _OPTIONS)
    ssl.SSL_CTX_set_security_level(context, _SECURITY_LEVEL)
    assert ssl.SSL_CTX_set_cipher_list(context, _CIPHER)
    assert ssl.SSL_CTX_set_ciphersuites(context, _SUITES)
    curve = crypto.EC_KEY_new_by_curve_name(libssl.NID_P256)
    assert ssl.SSL_CTX_ctrl(context, libssl.CTRL_SET_TMP_ECDH, 0, curve)
    crypto.EC_KEY_free(curve)
    ssl.SSL_CTX_set_default_passwd_cb(context, no_passphrase)


def _own_pair(context: int, folder: Path) -> None:
    _wanted(ssl.SSL_CTX_use_certificate_chain_file(context, bytes(folder / "Cluster_cert.pem")) == 1)
    _wanted(
        ssl.SSL_CTX_use_PrivateKey_file(context, bytes(folder / "Cluster_key.pem"), libssl.FILETYPE_PEM) == 1
    )
    _wanted(ssl.SSL_CTX_check_private_key(context) == 1)


def _built_in_pair(context: int, certificate_pem: bytes, key_pem: bytes) -> None:
    certificate, bio = _certificate(certificate_pem), crypto.BIO_new_mem_buf(key_pem, len(key_pem))
    key = crypto.PEM_read_bio_PrivateKey(bio, None, None, None)
    crypto.BIO_free(bio)
    assert ssl.SSL_CTX_use_certificate(context, certificate) == 1
    assert ssl.SSL_CTX_use_PrivateKey(context, key) == 1
    crypto.X509_free(certificate)
    crypto.EVP_PKEY_free(key)
    _wanted(ssl.SSL_CTX_check_private_key(context) == 1)


def _certificate(pem: bytes) -> int:
    bio = crypto.BIO_new_mem_buf(pem, len(pem))
    certificate = crypto.PEM_read_bio_X509(bio, None, None, None)
    crypto.BIO_free(bio)
    assert certificate
    return int(certificate)


def _trust_clients(context: int, folder: Path, builtin_pem: bytes | None) -> None:
    if builtin_pem is not None:
        certificate = _certificate(builtin_pem)
        crypto.X509_STORE_add_cert(ssl.SSL_CTX_get_cert_store(context), certificate)
        crypto.X509_free(certificate)
    else:
        ca_file = _ca_file(folder)
        _wanted(
            ssl.SSL_CTX_load_verify_locations(context, ca_file, bytes(folder / "Cluster_capath")) == 1
        )
        ssl.SSL_CTX_set_client_CA_list(context, ssl.SSL_load_client_CA_file(ca_file) if ca_file else None)
        _check_revocation(context, folder / "Cluster_crl" / "crl.pem")
    ssl.SSL_CTX_set_verify(context, _PEER, None)


def _check_revocation(context: int, path: Path) -> None:
    if not path.exists():
        return
    bio = crypto.BIO_new_file(bytes(path), b"rb")
    assert bio, path
    found = crypto.PEM_read_bio_X509_CRL(bio, None, None, None)
    if not found:
        crypto.BIO_ctrl(bio, libssl.BIO_CTRL_RESET, 0, None)
        found = crypto.d2i_X509_CRL_bio(bio, None)
    crypto.BIO_free(bio)
    _wanted(found)
    crypto.X509_STORE_add_crl(ssl.SSL_CTX_get_cert_store(context), found)
    crypto.X509_CRL_free(found)
    crypto.X509_VERIFY_PARAM_set_flags(ssl.SSL_CTX_get0_param(context), libssl.FLAG_CRL_CHECK)


def _trust_servers(context: int, folder: Path) -> None:
    """A failure is passed over here, as the server does; by default nothing is verified."""
    ssl.SSL_CTX_load_verify_locations(context, _ca_file(folder), bytes(folder / "Cluster_capath"))
    ssl.SSL_CTX_set_default_verify_paths(context)


def _ca_file(folder: Path) -> bytes | None:
    path = folder / "Cluster_cafile.pem"
    return bytes(path) if _opens(path) else None


def _join(client: int, server: int) -> None:
    one, other = ctypes.c_void_p(), ctypes.c_void_p()
    made = crypto.BIO_new_bio_pair(ctypes.byref(one), _BUFFER_BYTES, ctypes.byref(other), _BUFFER_BYTES)
    assert made == 1
    ssl.SSL_set_bio(client, one, one)
    ssl.SSL_set_bio(server, other, other)
    ssl.SSL_set_connect_state(client)
    ssl.SSL_set_accept_state(server)


def _shake(client: int, server: int) -> list[str]:
    """Why the handshake failed, as each end saw it; nothing where both ends finished it."""
    reasons: dict[int, str] = {}
    for _ in range(_ROUNDS):
        finished = [_step(end, reasons) for end in (client, server)]
        if all(finished) or reasons:
            break
    else:
        raise AssertionError("the handshake neither ends nor fails")
    return [f"the {'acceptor' if end == server else 'dialer'}: {text}" for end, text in reasons.items()]


def _step(end: int, reasons: dict[int, str]) -> bool:
    crypto.ERR_clear_error()
    done = ssl.SSL_do_handshake(end)
    if done == 1:
        return True
    if ssl.SSL_get_error(end, done) not in (libssl.ERROR_WANT_READ, libssl.ERROR_WANT_WRITE):
        reasons[end] = _reason()
    return False
