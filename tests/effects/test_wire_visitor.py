"""Whether a cluster port keeps a visitor that shows no certificate, by every way there is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme
from OpenSSL import SSL

from tasks.core.model import Via
from tasks.effects.wire import lets_strangers_in
from tasks.effects.wire_errors import WireNotTls, WireRefused
from tests.effects.local_remote import closed_port
from tests.effects.rest_server import talking
from tests.effects.test_wire import BOTH_PROTOCOLS, EVERY_WAY, Identity, control_context, remote

OPEN_S = 0.5


@pytest.fixture(scope="module")
def identity() -> Identity:
    authority = trustme.CA()
    return Identity(authority, authority.issue_cert("10.0.0.1", key_type=trustme.KeyType.ECDSA))


@contextmanager
def listening(context: SSL.Context) -> Iterator[int]:
    """Keeps everybody whose handshake holds, until the block ends."""
    ended = threading.Event()

    def talk(one: socket.socket) -> None:
        one.settimeout(None)
        connection = SSL.Connection(context, one)
        connection.set_accept_state()
        with suppress(SSL.Error):
            connection.do_handshake()
            ended.wait(10)

    with talking(talk) as port:
        try:
            yield port
        finally:
            ended.set()


def let_in(port: int, via: Via) -> bool:
    return lets_strangers_in(remote(), "127.0.0.1", port, via=via, open_s=OPEN_S)


@EVERY_WAY
@BOTH_PROTOCOLS
def test_a_port_that_requires_a_certificate_turns_the_visitor_away(
    via: Via, protocol: str, identity: Identity
) -> None:
    with listening(control_context(identity, protocol=protocol, with_cas=True)) as port:
        assert let_in(port, via) is False


@EVERY_WAY
@BOTH_PROTOCOLS
def test_a_port_that_only_asks_for_one_keeps_the_visitor(via: Via, protocol: str, identity: Identity) -> None:
    context = control_context(identity, protocol=protocol, with_cas=False)
    context.set_verify(SSL.VERIFY_PEER)
    with listening(context) as port:
        assert let_in(port, via) is True


@EVERY_WAY
def test_what_is_not_tls_says_nothing_of_certificates(via: Via) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(65536)
        one.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with talking(talk) as port, pytest.raises(WireNotTls, match="the answer is not TLS"):
        let_in(port, via)


@EVERY_WAY
def test_where_nothing_listens_there_is_no_answer(via: Via) -> None:
    with pytest.raises(WireRefused, match="nothing listens there"):
        let_in(closed_port(), via)


@pytest.mark.parametrize("via", [Via.TUNNEL, Via.DIRECT])
def test_a_visitor_that_is_dropped_without_a_word_was_not_let_in(via: Via, identity: Identity) -> None:
    """A server that goes down meanwhile is no server that wants a certificate."""
    context = control_context(identity, protocol="TLSv1.3", with_cas=False)
    context.set_verify(SSL.VERIFY_NONE)

    def talk(one: socket.socket) -> None:
        one.settimeout(None)
        connection = SSL.Connection(context, one)
        connection.set_accept_state()
        connection.do_handshake()

    with talking(talk) as port, pytest.raises(WireNotTls, match=r"closed|reset"):
        let_in(port, via)
