"""The judge of the verdict: Debian's own OpenSSL, called as the server calls it, with real handshakes.

The same functions in the same order as the product's ssl.c (a context for the accepting side, one for the
dialing side, files by name) and ConnectionHandler.c (the dialer asks for the result afterwards). Nothing
here knows a rule: it says what came out. Left out is one call of the dialing side, for the CAs that the system
trusts: they know none of these certificates, and loading them takes longer than all the rest.

Source: Eclipse Amlen, server_utils/src/ssl.c, server_spidercast ConnectionHandler.c.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, c_char_p, c_int, c_long, c_ulong, c_void_p
from dataclasses import dataclass
from pathlib import Path

TLS12, TLS13 = 0x0303, 0x0304
_CIPHER = b"ECDHE-ECDSA-AES128-GCM-SHA256"
_SUITES = (
    b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
    b"TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)
_SECURITY_LEVEL = 2  # Debian's default
_P256 = 415  # NID_X9_62_prime256v1
_PEM = 1  # SSL_FILETYPE_PEM
_SET_TMP_ECDH, _MIN_PROTO, _MAX_PROTO = 4, 123, 124
_VERIFY_NONE, _VERIFY_PEER, _FAIL_IF_NO_PEER_CERT, _CLIENT_ONCE = 0, 1, 2, 4
_CRL_CHECK = 0x4
_WANT_READ, _WANT_WRITE = 2, 3
_SELF_SIGNED_LEAF = 18
_PasswordCallback = CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_void_p)


def _library(name: str) -> ctypes.CDLL:
    found = ctypes.util.find_library(name)
    if found is None:
        raise RuntimeError(f"lib{name} is missing; apt-get install openssl")
    return ctypes.CDLL(found)


_ssl, _crypto = _library("ssl"), _library("crypto")


def _declare(library: ctypes.CDLL, result: object, *names: str, takes: tuple[object, ...]) -> None:
    for name in names:
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(takes)


_declare(_ssl, c_void_p, "TLS_server_method", "TLS_client_method", takes=())
_declare(
    _ssl,
    c_void_p,
    "SSL_CTX_new",
    "SSL_new",
    "SSL_CTX_get_cert_store",
    "SSL_CTX_get0_param",
    takes=(c_void_p,),
)
_declare(
    _ssl, None, "SSL_CTX_free", "SSL_free", "SSL_set_connect_state", "SSL_set_accept_state", takes=(c_void_p,)
)
_declare(
    _ssl,
    c_int,
    "SSL_CTX_check_private_key",
    "SSL_do_handshake",
    takes=(c_void_p,),
)
_declare(_ssl, c_int, "SSL_CTX_set_cipher_list", "SSL_CTX_set_ciphersuites", takes=(c_void_p, c_char_p))
_declare(_ssl, c_int, "SSL_CTX_use_certificate_chain_file", takes=(c_void_p, c_char_p))
_declare(_ssl, c_int, "SSL_CTX_use_PrivateKey_file", takes=(c_void_p, c_char_p, c_int))
_declare(_ssl, c_int, "SSL_CTX_load_verify_locations", takes=(c_void_p, c_char_p, c_char_p))
_declare(_ssl, c_void_p, "SSL_load_client_CA_file", takes=(c_char_p,))
_declare(_ssl, None, "SSL_CTX_set_client_CA_list", takes=(c_void_p, c_void_p))
_declare(_ssl, None, "SSL_CTX_set_verify", takes=(c_void_p, c_int, c_void_p))
_declare(_ssl, None, "SSL_CTX_set_security_level", takes=(c_void_p, c_int))
_declare(_ssl, None, "SSL_CTX_set_default_passwd_cb", takes=(c_void_p, _PasswordCallback))
_declare(_ssl, c_long, "SSL_CTX_ctrl", "SSL_ctrl", takes=(c_void_p, c_int, c_long, c_void_p))
_declare(_ssl, None, "SSL_set_bio", takes=(c_void_p, c_void_p, c_void_p))
_declare(_ssl, c_int, "SSL_get_error", takes=(c_void_p, c_int))
_declare(_ssl, c_long, "SSL_get_verify_result", takes=(c_void_p,))
_declare(_crypto, c_void_p, "EC_KEY_new_by_curve_name", takes=(c_int,))
_declare(_crypto, None, "EC_KEY_free", "X509_CRL_free", takes=(c_void_p,))
_declare(_crypto, c_void_p, "BIO_s_mem", takes=())
_declare(_crypto, c_void_p, "BIO_new", takes=(c_void_p,))
_declare(_crypto, c_void_p, "BIO_new_file", takes=(c_char_p, c_char_p))
_declare(_crypto, c_int, "BIO_up_ref", "BIO_free", takes=(c_void_p,))
_declare(_crypto, c_long, "BIO_ctrl", takes=(c_void_p, c_int, c_long, c_void_p))
_declare(_crypto, c_void_p, "PEM_read_bio_X509_CRL", takes=(c_void_p, c_void_p, c_void_p, c_void_p))
_declare(_crypto, c_void_p, "d2i_X509_CRL_bio", takes=(c_void_p, c_void_p))
_declare(_crypto, c_int, "X509_STORE_add_crl", takes=(c_void_p, c_void_p))
_declare(_crypto, c_int, "X509_VERIFY_PARAM_set_flags", takes=(c_void_p, c_ulong))
_declare(_crypto, c_ulong, "ERR_get_error", takes=())
_declare(_crypto, c_char_p, "ERR_reason_error_string", takes=(c_ulong,))
_declare(_crypto, None, "ERR_clear_error", takes=())
_declare(_crypto, c_char_p, "X509_verify_cert_error_string", "OpenSSL_version", takes=(c_long,))


@_PasswordCallback  # type: ignore[untyped-decorator] # ctypes
def _no_password(_buffer: int, _size: int, _writing: int, _data: int) -> int:
    return -1


class NoContext(Exception):
    """OpenSSL makes no context of these files; the message is its reason."""


@dataclass(frozen=True, slots=True)
class Dialed:
    """What came of one dial.

    Args:
        accepted: The accepting side finished the handshake: it trusts its client.
        result: What the dialing side thinks of the server's certificate, 0 for all well.
        reason: The first failure in OpenSSL's words; "" if there is none.
    """

    accepted: bool
    result: int
    reason: str

    @property
    def up(self) -> bool:
        """As ConnectionHandler.c decides: a lone self-signed certificate is forgiven."""
        return self.accepted and self.result in (0, _SELF_SIGNED_LEAF)


class Member:
    """One process of the server with its two contexts; use as a context manager.

    Raises:
        NoContext: One of them cannot be made (T1).
    """

    def __init__(
        self, *, certificate: Path, key: Path, truststore: Path, own_trust: Path | None = None
    ) -> None:
        """`own_trust` is the built-in certificate, which that pair's accepting side trusts alone."""
        self._made: list[int] = []
        self._pair = (certificate, key)
        self._truststore = truststore
        try:
            self.acceptor = self._acceptor(own_trust)
            self.dialer = self._dialer()
        except NoContext:
            self.close()
            raise

    def __enter__(self) -> Member:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        while self._made:
            _ssl.SSL_CTX_free(self._made.pop())

    def _context(self, method: int) -> int:
        context: int = _ssl.SSL_CTX_new(method)
        self._made.append(context)
        _ssl.SSL_CTX_set_security_level(context, _SECURITY_LEVEL)
        _ssl.SSL_CTX_ctrl(context, _MIN_PROTO, TLS12, None)
        _require(_ssl.SSL_CTX_set_cipher_list(context, _CIPHER))
        _require(_ssl.SSL_CTX_set_ciphersuites(context, _SUITES))
        curve = _crypto.EC_KEY_new_by_curve_name(_P256)
        _require(_ssl.SSL_CTX_ctrl(context, _SET_TMP_ECDH, 0, curve))
        _crypto.EC_KEY_free(curve)
        _ssl.SSL_CTX_set_default_passwd_cb(context, _no_password)
        certificate, key = self._pair
        _require(_ssl.SSL_CTX_use_certificate_chain_file(context, bytes(certificate)))
        _require(_ssl.SSL_CTX_use_PrivateKey_file(context, bytes(key), _PEM))
        _require(_ssl.SSL_CTX_check_private_key(context))
        return context

    def _acceptor(self, own_trust: Path | None) -> int:
        context = self._context(_ssl.TLS_server_method())
        ca_file, ca_path = self._places() if own_trust is None else (bytes(own_trust), None)
        _require(_ssl.SSL_CTX_load_verify_locations(context, ca_file, ca_path))
        if own_trust is None:
            if ca_file is not None:
                _ssl.SSL_CTX_set_client_CA_list(context, _ssl.SSL_load_client_CA_file(ca_file))
            self._revoke(context)
        _ssl.SSL_CTX_set_verify(context, _VERIFY_PEER | _CLIENT_ONCE | _FAIL_IF_NO_PEER_CERT, None)
        _crypto.ERR_clear_error()
        return context

    def _dialer(self) -> int:
        context = self._context(_ssl.TLS_client_method())
        _ssl.SSL_CTX_load_verify_locations(context, *self._places())  # its failure is passed over
        _ssl.SSL_CTX_set_verify(context, _VERIFY_NONE, None)
        _crypto.ERR_clear_error()
        return context

    def _places(self) -> tuple[bytes | None, bytes]:
        file = self._truststore / "Cluster_cafile.pem"
        return (bytes(file) if file.exists() else None), bytes(self._truststore / "Cluster_capath")

    def _revoke(self, context: int) -> None:
        path = self._truststore / "Cluster_crl" / "crl.pem"
        if not path.exists():
            return
        found = _read_crl(path, _crypto.PEM_read_bio_X509_CRL, None, None) or _read_crl(
            path, _crypto.d2i_X509_CRL_bio
        )
        if not found:
            raise NoContext(_reason())
        _crypto.X509_STORE_add_crl(_ssl.SSL_CTX_get_cert_store(context), found)
        _crypto.X509_CRL_free(found)
        _crypto.X509_VERIFY_PARAM_set_flags(_ssl.SSL_CTX_get0_param(context), _CRL_CHECK)


def _read_crl(path: Path, read: ctypes._NamedFuncPointer, *more: None) -> int | None:
    bio = _crypto.BIO_new_file(bytes(path), b"rb")
    try:
        found: int | None = read(bio, None, *more)
        return found
    finally:
        _crypto.BIO_free(bio)


def dial(dialer: Member, acceptor: Member, *, most: int = TLS13) -> Dialed:
    """One handshake in memory; `most` is the highest protocol of one end."""
    with _connection(dialer.dialer, most) as client, _connection(acceptor.acceptor, most) as server:
        to_server, to_client = (_crypto.BIO_new(_crypto.BIO_s_mem()) for _ in range(2))
        for bio in (to_server, to_client):
            _crypto.BIO_up_ref(bio)
        _ssl.SSL_set_bio(client, to_client, to_server)
        _ssl.SSL_set_bio(server, to_server, to_client)
        _ssl.SSL_set_connect_state(client)
        _ssl.SSL_set_accept_state(server)
        reason = _converse(client, server)
        return Dialed(not reason, _ssl.SSL_get_verify_result(client), reason)


def _converse(client: int, server: int) -> str:
    """Until both have finished, or one gives up: its reason."""
    for _ in range(20):
        done = 0
        for end in (client, server):
            _crypto.ERR_clear_error()
            outcome = _ssl.SSL_do_handshake(end)
            if outcome == 1:
                done += 1
            elif _ssl.SSL_get_error(end, outcome) not in (_WANT_READ, _WANT_WRITE):
                return _reason()
        if done == 2:
            return ""
    raise RuntimeError("the handshake does not end")


@contextmanager
def _connection(context: int, most: int) -> Iterator[int]:
    made = _ssl.SSL_new(context)
    _ssl.SSL_ctrl(made, _MAX_PROTO, most, None)
    try:
        yield made
    finally:
        _ssl.SSL_free(made)


def _require(outcome: int) -> None:
    if outcome != 1:
        raise NoContext(_reason())


def _reason() -> str:
    """The first error in the queue, which is emptied."""
    code = _crypto.ERR_get_error()
    text = _crypto.ERR_reason_error_string(code)
    _crypto.ERR_clear_error()
    return text.decode() if text else f"error {code:#x}"


def explain(result: int) -> str:
    """OpenSSL's words for a verify result."""
    text: bytes = _crypto.X509_verify_cert_error_string(result)
    return text.decode()


def version() -> str:
    text: bytes = _crypto.OpenSSL_version(0)
    return text.decode()
