"""A TLS handshake by `openssl s_client`, run on the node: where its sshd forbids forwarding."""

from __future__ import annotations

import re
import ssl

from cryptography import x509

from tasks.core.answer import clean
from tasks.effects.remote import Completed, Remote
from tasks.effects.rest import whole_seconds
from tasks.effects.route import ToolMissing
from tasks.effects.wire_errors import Asked, WireError
from tasks.effects.wire_handshake import Served

_SLACK_S = 5.0  # for SSH itself, beyond the limit on the node
_TOO_LATE, _KILLED = 124, 137  # of timeout(1)
_MISSING = (126, 127)
# Names by OID and in UTF-8, so that they can be read back exactly; attributes in RFC 4514's order.
_NAMES = "dn_rev,sep_comma_plus,esc_2253,esc_ctrl,utf8,oid"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_CA_BLOCK = re.compile(r"^Acceptable client certificate CA names\n((?:\d+(?:\.\d+)+ ?=.*\n)*)", re.MULTILINE)
_PROTOCOL = re.compile(r"^New, (TLSv[\d.]+|SSLv3)", re.MULTILINE)
_SESSION_PROTOCOL = re.compile(r"^ +Protocol +: (\S+)", re.MULTILINE)
_ALERT = re.compile(r"SSL alert number (\d+)")
_NO_CERTIFICATE = ("40", "116")  # handshake_failure of TLS 1.2, certificate_required of 1.3
_NO_TLS = re.compile(r"wrong version number|unknown protocol|packet length too long")
_REASON = re.compile(r":error:[^:]*:[^:]*:[^:]*:([^:\n]+)")


def run_s_client(remote: Remote, asked: Asked) -> Served:
    """What the port shows to `openssl s_client` on the node.

    Raises:
        ToolMissing: The node has no openssl, or one before 1.1.1.
        WireError: As shake_hands, and WireRefused.
        RemoteError: The command could not be run.
    """
    client = ("openssl", "s_client", "-connect", asked.address, "-showcerts", "-nameopt", _NAMES)
    argv = (
        "timeout",
        "-k",
        "1",
        str(whole_seconds(asked.limit_s)),
        *client,
        "-cipher",
        "DEFAULT:@SECLEVEL=0",
    )
    done = remote.run(argv, limit_s=whole_seconds(asked.limit_s) + _SLACK_S)
    served = parse_s_client(done.text)
    if served is None:
        raise _explained(done, asked)
    return served


def s_client_is_let_in(remote: Remote, asked: Asked, *, open_s: float) -> bool:
    """Whether the port keeps `openssl s_client` on the node, which shows no certificate.

    Raises:
        As run_s_client.
    """
    held_s = whole_seconds(open_s)
    script = 'sleep "$1" | timeout -k 1 "$2" openssl s_client -connect "$3" -cipher DEFAULT:@SECLEVEL=0'
    limit_s = whole_seconds(asked.limit_s) + held_s
    words = ("sh", "-c", script, "sh", str(held_s), str(limit_s), asked.address)
    done = remote.run(words, limit_s=limit_s + _SLACK_S)
    if parse_s_client(done.text) is None:
        raise _explained(done, asked)
    alert = _ALERT.search(done.error_text)
    if alert is None:
        return True
    if alert[1] in _NO_CERTIFICATE:
        return False
    raise asked.not_tls(f"alert {alert[1]}")


def parse_s_client(text: str) -> Served | None:
    """What `openssl s_client -showcerts` printed; None if no certificate was shown."""
    chain = tuple(ssl.PEM_cert_to_DER_cert(pem) for pem in _PEM.findall(text))
    if not chain:
        return None
    block = _CA_BLOCK.search(text)
    names = block[1].splitlines() if block else []
    protocol = _PROTOCOL.search(text) or _SESSION_PROTOCOL.search(text)
    return Served(chain, tuple(_name(line) for line in names), protocol[1] if protocol else "unknown")


def _name(line: str) -> str:
    """The name as cryptography writes it, so that names from all ways compare equal."""
    try:
        return x509.Name.from_rfc4514_string(line).rfc4514_string()
    except ValueError:
        return clean(line)


def _explained(done: Completed, asked: Asked) -> WireError | ToolMissing:
    said = done.error_text
    if done.exit_status in _MISSING or "nknown option" in said or "unknown cipher" in said:
        return ToolMissing(
            f"openssl s_client cannot be run on the node: {clean(said)[:200]}",
            remedy="install openssl 1.1.1 there, allow port forwarding in its sshd, or admin.via: direct",
            node=asked.node,
        )
    if done.exit_status in (_TOO_LATE, _KILLED):
        return asked.silent()
    if "onnection refused" in said:
        return asked.refused("connection refused")
    if _NO_TLS.search(said):
        return asked.not_tls("the answer is not TLS")
    reasons = _REASON.findall(said)
    return asked.not_tls(clean(", ".join(reasons) or said)[:200] or "the connection was closed")
