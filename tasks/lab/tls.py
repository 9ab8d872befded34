"""The gateway's TLS contexts: which pair is loaded, whom each end trusts, and what is refused.

The accepting end verifies its client fully. The connecting end takes a valid chain or any
self-signed certificate, and never looks at a CRL.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto

from tasks.core.dataclass import dataclass
from tasks.lab.config_file import ServerConfig
from tasks.lab.strictness import own_list_allows, weak_signature

_SELF_SIGNED_LEAF = 18  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
_CIPHER = b"ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=2"  # the level that the servers' platform sets
_Judge = Callable[[SSL.Connection, crypto.X509, int, int, int], bool]


class ContextRefused(Exception):
    """OpenSSL makes no context of these files; the message is its reason."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files that a process start found. `user` is False for the built-in pair."""

    certificate: str
    key: str
    user: bool
    truststore: str | None
    prefix: str = "Cluster"  # of the file names: Cluster, or HA

    @property
    def certificate_label(self) -> str:
        """How the trace names it."""
        return Path(self.certificate).name if self.user else "memory"

    @property
    def key_label(self) -> str:
        return Path(self.key).name if self.user else "memory"

    def trace_line(self, endpoint: str, *, server: bool) -> str:
        """What the trace says when a context of these is made."""
        return (
            f"Create TLS context for: endpoint={endpoint} profileName={endpoint} methodName=TLSv1.2 "
            f"isServer={int(server)} useClientCert=1 "
            f"certFile={self.certificate_label} keyFile={self.key_label}"
        )


@dataclass(slots=True)
class Verdict:
    """What the connecting end thought of one server certificate: OpenSSL's first error, 0 if none."""

    first_error: int = 0
    seen: bool = field(default=False)

    @property
    def accepted(self) -> bool:
        return self.first_error in (0, _SELF_SIGNED_LEAF)


def find_credentials(
    config: ServerConfig, *, builtin: tuple[str, str], prefix: str = "Cluster"
) -> Credentials:
    """The user's pair if both files can be opened, else, silently, the built-in one."""
    if config.keystore is not None:
        certificate = f"{config.keystore}/{prefix}_cert.pem"
        key = f"{config.keystore}/{prefix}_key.pem"
        if _opens(certificate) and _opens(key):
            return Credentials(certificate, key, user=True, truststore=config.truststore, prefix=prefix)
    return Credentials(*builtin, user=False, truststore=config.truststore, prefix=prefix)


def acceptor(credentials: Credentials, *, require_certificate: bool, ask_anyway: bool = False) -> SSL.Context:
    """The context of a listening end.

    Args:
        ask_anyway: A certificate that is not required, but given, is verified all the same.

    Raises:
        ContextRefused: OpenSSL does not load the pair, the CA file or the CRL.
    """
    try:
        context = _with_pair(credentials)
        if require_certificate or ask_anyway:
            needed = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if require_certificate else 0
            context.set_verify(SSL.VERIFY_PEER | needed, _strict(_trust_clients(context, credentials)))
    except SSL.Error as error:
        raise ContextRefused(reason(error)) from error
    except (ValueError, OSError) as error:
        raise ContextRefused(str(error)) from error
    return context


def dialer(credentials: Credentials) -> SSL.Context:
    """The context of a connecting end; a CA file that cannot be loaded is passed over.

    Raises:
        ContextRefused: OpenSSL does not load the pair.
    """
    try:
        context = _with_pair(credentials)
    except SSL.Error as error:
        raise ContextRefused(reason(error)) from error
    except (ValueError, OSError) as error:
        raise ContextRefused(str(error)) from error
    ca_file, ca_path = _ca(credentials)
    with suppress(SSL.Error):  # the real server ignores it here as well
        context.load_verify_locations(ca_file, ca_path)
    context.set_verify(SSL.VERIFY_PEER, _note)
    return context


def reason(error: SSL.Error) -> str:
    """OpenSSL's own words for a failure."""
    if error.args and isinstance(error.args[0], list) and error.args[0]:
        library, function, text = error.args[0][-1]
        return f"error:{library}:{function}:{text}"
    return "error:" + (" ".join(str(part) for part in error.args) or type(error).__name__)


def _opens(path: str) -> bool:
    try:
        with open(path, "rb"):
            return True
    except OSError:
        return False


def _with_pair(credentials: Credentials) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(_CIPHER)
    context.set_tmp_ecdh(ec.SECP256R1())
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_passwd_cb(lambda *_: b"none")  # never ask at a terminal: an encrypted key is refused
    context.use_certificate_chain_file(credentials.certificate)
    context.use_privatekey_file(credentials.key)
    context.check_privatekey()
    if weak_signature(Path(credentials.certificate).read_bytes()):
        raise ContextRefused("error:SSL routines::ca md too weak")
    return context


def _trust_clients(context: SSL.Context, credentials: Credentials) -> x509.CertificateRevocationList | None:
    """Load whom it trusts; the revocation list that it looks at, if there is one."""
    store = context.get_cert_store()
    if store is None:
        raise ContextRefused("no certificate store")
    if not credentials.user:
        own = x509.load_pem_x509_certificate(Path(credentials.certificate).read_bytes())
        store.add_cert(crypto.X509.from_cryptography(own))
        return None
    ca_file, ca_path = _ca(credentials)
    context.load_verify_locations(ca_file, ca_path)
    if ca_file is not None:
        with suppress(SSL.Error):  # a file without a plain certificate names nobody, and the server goes on
            context.load_client_ca(ca_file.encode())
    return _check_revocation(store, credentials)


def _check_revocation(
    store: crypto.X509Store, credentials: Credentials
) -> x509.CertificateRevocationList | None:
    path = Path(f"{credentials.truststore}/{credentials.prefix}_crl/crl.pem")
    if not path.exists():
        return None
    content = path.read_bytes()
    pem = b"-----BEGIN" in content
    found = x509.load_pem_x509_crl(content) if pem else x509.load_der_x509_crl(content)
    store.add_crl(found)
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
    return found


def _ca(credentials: Credentials) -> tuple[str | None, str]:
    """The CA file, None if it cannot be opened, and the directory beside it, there or not."""
    place = f"{credentials.truststore}/{credentials.prefix}"
    return (f"{place}_cafile.pem" if _opens(f"{place}_cafile.pem") else None), f"{place}_capath"


def _strict(crl: x509.CertificateRevocationList | None) -> _Judge:
    """OpenSSL's own verdict; and with a list a self-signed client needs one, too."""

    def judge(
        _connection: SSL.Connection, certificate: crypto.X509, _error: int, depth: int, well: int
    ) -> bool:
        if not well or crl is None or depth:
            return bool(well)
        return own_list_allows(certificate.to_cryptography(), crl)

    return judge


def _note(connection: SSL.Connection, _certificate: crypto.X509, *outcome: int) -> bool:
    verdict = connection.get_app_data()
    if isinstance(verdict, Verdict) and not outcome[2] and not verdict.seen:
        verdict.first_error, verdict.seen = outcome[0], True
    return True
