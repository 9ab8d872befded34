"""What a cluster port shows to a visitor without a certificate, by every way there is."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from tasks.core.model import Admin, Limits, Via
from tasks.effects.route import ToolMissing
from tasks.effects.wire import look_at_wire, probe
from tasks.effects.wire_errors import WireNotTls, WireRefused, WireSilent
from tasks.effects.wire_handshake import Served
from tasks.effects.wire_openssl import parse_s_client
from tests.effects.local_remote import LocalRemote, bare_path, closed_port, node
from tests.effects.rest_server import talking

EVERY_WAY = pytest.mark.parametrize("via", [Via.TUNNEL, Via.EXEC, Via.DIRECT])
BOTH_PROTOCOLS = pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
VERSIONS = {"TLSv1.2": SSL.TLS1_2_VERSION, "TLSv1.3": SSL.TLS1_3_VERSION}


@dataclass(frozen=True)
class Identity:
    """A leaf under an own CA."""

    authority: trustme.CA
    leaf: trustme.LeafCert

    @property
    def chain(self) -> tuple[bytes, ...]:
        pems = [blob.bytes() for blob in self.leaf.cert_chain_pems]
        return tuple(x509.load_pem_x509_certificate(p).public_bytes(Encoding.DER) for p in pems)


@pytest.fixture(scope="module")
def identity() -> Identity:
    authority = trustme.CA(organization_name='Ops, "Ämlen" + Söhne; a=b \\ <x> #1 ')
    child = authority.create_child_ca()
    return Identity(authority, child.issue_cert("10.0.0.1", key_type=trustme.KeyType.ECDSA))


def control_context(identity: Identity, *, protocol: str, with_cas: bool) -> SSL.Context:
    """As the server's control port: a client certificate is required, whether or not it has a CA file."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(VERSIONS[protocol])
    context.set_max_proto_version(VERSIONS[protocol])
    with identity.leaf.private_key_and_cert_chain_pem.tempfile() as path:
        context.use_privatekey_file(path)
        context.use_certificate_chain_file(path)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    if with_cas:
        with identity.authority.cert_pem.tempfile() as path:
            context.load_client_ca(path.encode())
    return context


@contextmanager
def control_port(context: SSL.Context) -> Iterator[int]:
    def talk(one: socket.socket) -> None:
        one.settimeout(None)
        connection = SSL.Connection(context, one)
        connection.set_accept_state()
        with suppress(SSL.Error):
            connection.do_handshake()
            connection.recv(1)

    with talking(talk) as port:
        yield port


def subject(identity: Identity) -> x509.Name:
    return x509.load_pem_x509_certificate(identity.authority.cert_pem.bytes()).subject


def remote(*, rest_s: float = 5) -> LocalRemote:
    return LocalRemote(node(Admin(host="127.0.0.1"), limits=Limits(rest_s=rest_s)))


def look(port: int, via: Via, *, at: LocalRemote | None = None, limit_s: float = 5) -> Served:
    return probe(at or remote(), "127.0.0.1", port, via=via, limit_s=limit_s)


@EVERY_WAY
@BOTH_PROTOCOLS
def test_the_served_chain_and_the_names_of_the_ca_file_are_seen(
    via: Via, protocol: str, identity: Identity
) -> None:
    name = subject(identity)
    with control_port(control_context(identity, protocol=protocol, with_cas=True)) as port:
        served = look(port, via)
    assert served.chain == identity.chain
    assert len(served.chain) == 2
    assert served.client_cas == (name.rfc4514_string(),)
    assert served.protocol == protocol


@EVERY_WAY
@BOTH_PROTOCOLS
def test_a_server_without_a_ca_file_names_none(via: Via, protocol: str, identity: Identity) -> None:
    with control_port(control_context(identity, protocol=protocol, with_cas=False)) as port:
        served = look(port, via)
    assert (served.chain, served.client_cas, served.protocol) == (identity.chain, (), protocol)


@EVERY_WAY
def test_another_certificate_is_seen_as_another(via: Via, identity: Identity) -> None:
    authority = trustme.CA()
    other = Identity(authority, authority.issue_cert("10.0.0.1"))
    with control_port(control_context(other, protocol="TLSv1.3", with_cas=False)) as port:
        assert look(port, via).chain[0] == other.chain[0] != identity.chain[0]


@EVERY_WAY
def test_look_at_wire_gives_certificates_and_the_address(via: Via, identity: Identity) -> None:
    with control_port(control_context(identity, protocol="TLSv1.3", with_cas=False)) as port:
        wire = look_at_wire(remote(), "127.0.0.1", port, via=via)
    assert wire.leaf.sha256 == hashlib.sha256(identity.chain[0]).hexdigest().upper()
    assert wire.address == f"127.0.0.1:{port}"


@EVERY_WAY
def test_a_port_at_which_nothing_listens_is_refused(via: Via) -> None:
    port = closed_port()
    with pytest.raises(WireRefused, match=rf"127\.0\.0\.1:{port} \({via}\): .*nothing listens") as caught:
        look(port, via)
    assert caught.value.node == "gw-a"
    assert "a standby does not listen" in caught.value.remedy


@EVERY_WAY
def test_a_port_that_says_nothing_is_silent_after_the_limit(via: Via) -> None:
    ended = threading.Event()
    started = time.monotonic()

    def talk(one: socket.socket) -> None:
        ended.wait(5)

    with talking(talk) as port:
        try:
            with pytest.raises(WireSilent, match="no TLS handshake within 1 s"):
                look(port, via, limit_s=1)
        finally:
            ended.set()
    assert time.monotonic() - started < 3


@EVERY_WAY
def test_a_port_that_drips_a_handshake_is_silent_after_the_limit(via: Via) -> None:
    ended = threading.Event()

    def talk(one: socket.socket) -> None:
        with suppress(OSError):
            one.sendall(b"\x16\x03\x03\x40\x00\x02")
            while not ended.wait(0.1):
                one.sendall(b"\x00")

    with talking(talk) as port:
        try:
            with pytest.raises(WireSilent, match="within 1 s"):
                look(port, via, limit_s=1)
        finally:
            ended.set()


@EVERY_WAY
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", "the answer is not TLS", id="http"),
        pytest.param(b"", "closed|unexpected eof", id="closed"),
        pytest.param(b"\x15\x03\x03\x00\x02\x02\x28", "handshake failure", id="alert"),
    ],
)
def test_an_answer_without_a_certificate_is_told_from_silence(via: Via, answer: bytes, says: str) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(65536)
        one.sendall(answer)

    with talking(talk) as port, pytest.raises(WireNotTls, match=rf"no certificate shown: .*({says})"):
        look(port, via)


def test_auto_runs_openssl_on_the_node_where_forwarding_is_refused(identity: Identity) -> None:
    at = remote()
    with control_port(control_context(identity, protocol="TLSv1.3", with_cas=False)) as port:
        look(port, Via.AUTO, at=at)
        assert at.ran == []
        at.forwarding = False
        assert look(port, Via.AUTO, at=at).chain == identity.chain
    assert "s_client" in at.ran[0]


def test_auto_looks_from_here_where_the_node_has_no_openssl_either(
    identity: Identity, tmp_path: Path
) -> None:
    at = remote()
    at.forwarding, at.path = False, bare_path(tmp_path / "bin", "timeout")
    with control_port(control_context(identity, protocol="TLSv1.3", with_cas=False)) as port:
        assert look(port, Via.AUTO, at=at).chain == identity.chain
        with pytest.raises(ToolMissing, match="openssl s_client cannot be run on the node"):
            look(port, Via.EXEC, at=at)


def test_auto_does_not_go_elsewhere_because_nothing_listens() -> None:
    at = remote()
    with pytest.raises(WireRefused, match=r"\(tunnel\)"):
        look(closed_port(), Via.AUTO, at=at)
    assert at.ran == []


@pytest.mark.parametrize("text", ["", "CONNECTED(00000003)\n---\nno peer certificate available\n---\n"])
def test_output_of_openssl_without_a_certificate_shows_nothing(text: str) -> None:
    assert parse_s_client(text) is None
