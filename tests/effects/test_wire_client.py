"""A new set shown to a running control port: kept, turned away, or not seen; by a real server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from OpenSSL import SSL

from tasks.core.acceptance import LetIn, Observed, Try, TurnedAway
from tasks.core.credential_set import CredentialSet
from tasks.core.model import Via
from tasks.core.snapshot import Unseen
from tasks.effects.handshakes import accepting_context, dialing_context
from tasks.effects.wire_client import present
from tests.core.certs import OTHER_SHARED, OWN, SHARED
from tests.effects.local_remote import LocalRemote, closed_port
from tests.effects.rest_server import talking
from tests.effects.test_wire import remote

BOTH_WAYS = pytest.mark.parametrize("via", [Via.TUNNEL, Via.DIRECT])
BOTH_PROTOCOLS = pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
A, B = OWN.sets["gw-a"], OWN.sets["gw-b"]


@contextmanager
def running_with(one: CredentialSet, *, protocol: str = "TLSv1.3") -> Iterator[int]:
    """A control port that a process with the set has opened; it keeps whom it trusts."""

    def talk(sock: socket.socket) -> None:
        sock.settimeout(None)
        connection = SSL.Connection(accepting_context(one, protocol=protocol), sock)
        connection.set_accept_state()
        with suppress(SSL.Error):
            connection.do_handshake()
            connection.recv(1)

    with talking(talk) as port:
        yield port


def shown(one: CredentialSet, port: int, *, via: Via = Via.TUNNEL, at: LocalRemote | None = None) -> Observed:
    wanted = Try(one, "gw-a", "gw-a")
    return present(at or remote(), ("127.0.0.1", port), wanted, context=dialing_context(one), via=via)


@BOTH_WAYS
@BOTH_PROTOCOLS
def test_a_set_that_the_process_trusts_is_let_in(via: Via, protocol: str) -> None:
    with running_with(A, protocol=protocol) as port:
        seen = shown(B, port, via=via)
    assert (seen.answer, seen.distrust, seen.comes_up) == (LetIn(), None, True)


@BOTH_WAYS
@BOTH_PROTOCOLS
def test_a_set_that_the_process_does_not_trust_is_turned_away(via: Via, protocol: str) -> None:
    with running_with(A, protocol=protocol) as port:
        seen = shown(SHARED, port, via=via)
    assert (seen.answer, seen.comes_up) == (TurnedAway("alert unknown ca"), False)
    assert seen.distrust == "self-signed certificate in certificate chain"


def test_a_self_signed_server_is_taken_by_any_set_as_the_product_does() -> None:
    with running_with(OTHER_SHARED) as port:
        assert shown(SHARED, port).distrust is None


def test_who_is_let_in_but_distrusts_what_is_served_would_hang_up() -> None:
    """The process trusts both; the client's own CA file lacks the root of what is served."""
    generous = CredentialSet("gw-a", A.key, A.chain, (*A.ca, *SHARED.ca), A.cert_pem, A.ca_pem)
    with running_with(generous) as port:
        seen = shown(SHARED, port)
    assert (seen.answer, seen.comes_up) == (LetIn(), False)
    assert seen.distrust is not None


def test_by_exec_the_key_does_not_travel_and_nothing_is_tried() -> None:
    node = remote()
    seen = shown(SHARED, closed_port(), via=Via.EXEC, at=node)
    assert isinstance(seen.answer, Unseen)
    assert "the key would have to travel" in seen.answer.problem
    assert (node.ran, node.dialled, seen.comes_up) == ([], 0, None)


def test_where_nothing_listens_nothing_was_seen() -> None:
    seen = shown(SHARED, closed_port())
    assert isinstance(seen.answer, Unseen)
    assert "nothing listens there" in seen.answer.problem


def test_a_server_that_hangs_up_without_a_word_has_not_judged_the_set() -> None:
    def talk(sock: socket.socket) -> None:
        sock.settimeout(None)
        connection = SSL.Connection(accepting_context(A), sock)
        connection.set_accept_state()
        connection.do_handshake()

    with talking(talk) as port:
        seen = shown(B, port)
    assert isinstance(seen.answer, Unseen)
    assert "closed" in seen.answer.problem or "reset" in seen.answer.problem


def test_a_port_that_is_silent_is_not_seen() -> None:
    def talk(sock: socket.socket) -> None:
        sock.settimeout(None)
        while sock.recv(65536):
            pass

    with talking(talk) as port:
        seen = shown(B, port, at=remote(rest_s=0.3))
    assert isinstance(seen.answer, Unseen)
    assert "no TLS handshake within 0.3 s" in seen.answer.problem
