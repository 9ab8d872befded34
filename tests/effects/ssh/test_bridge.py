"""Dialling from a node: a real socket, both halves of it, and refusals told apart."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time

import pytest
import trustme
from OpenSSL import SSL

from tasks.core.errors import ForwardingRefused, PortRefused, RemoteError
from tests.effects.ssh.ground import Ground, free_port, freeze, logins
from tests.effects.ssh.servers import Listener


def echo(stream: socket.socket) -> None:
    """Sends all back, and ends when the other side has ended."""
    while data := stream.recv(65536):
        stream.sendall(data)


def count_then_answer(stream: socket.socket) -> None:
    """Answers only after the other side has finished sending."""
    total = 0
    while data := stream.recv(65536):
        total += len(data)
    stream.sendall(f"{total}".encode())


def greet_and_end(stream: socket.socket) -> None:
    """Finishes sending first, and listens on."""
    stream.sendall(b"hello")
    stream.shutdown(socket.SHUT_WR)
    heard.append(stream.recv(100))


heard: list[bytes] = []


def read_all(stream: socket.socket) -> bytes:
    data = b""
    while part := stream.recv(65536):
        data += part
    return data


def test_bytes_go_both_ways_over_the_one_connection(ground: Ground) -> None:
    listener = ground.stack.enter_context(Listener(echo))
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    with remote.dial("127.0.0.1", listener.port, limit_s=5) as stream:
        stream.sendall(b"ping")
        assert stream.recv(100) == b"ping"
        assert stream.gettimeout() == 5
    remote.run(["true"])
    assert logins(sshd) == 1


def test_a_large_transfer_both_ways_at_once_is_complete(ground: Ground) -> None:
    listener = ground.stack.enter_context(Listener(echo))
    data = os.urandom(8 * 1024 * 1024)
    with ground.remote(ground.sshd()).dial("127.0.0.1", listener.port, limit_s=20) as stream:

        def send() -> None:
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert read_all(stream) == data
        sender.join()


def test_the_end_of_our_sending_reaches_the_server_and_its_answer_comes_back(ground: Ground) -> None:
    listener = ground.stack.enter_context(Listener(count_then_answer))
    with ground.remote(ground.sshd()).dial("127.0.0.1", listener.port, limit_s=5) as stream:
        stream.sendall(b"x" * 1000)
        stream.shutdown(socket.SHUT_WR)
        assert read_all(stream) == b"1000"


def test_the_end_of_the_servers_sending_leaves_ours_open(ground: Ground) -> None:
    listener = ground.stack.enter_context(Listener(greet_and_end))
    heard.clear()
    with ground.remote(ground.sshd()).dial("127.0.0.1", listener.port, limit_s=5) as stream:
        assert read_all(stream) == b"hello"
        stream.sendall(b"still here")
        deadline = time.monotonic() + 5
        while not heard and time.monotonic() < deadline:
            time.sleep(0.02)
    assert heard == [b"still here"]


def test_closing_our_end_ends_the_thread_while_the_server_stays(ground: Ground) -> None:
    gone = threading.Event()

    def hold(stream: socket.socket) -> None:
        while stream.recv(10):
            pass
        gone.set()

    listener = ground.stack.enter_context(Listener(hold))
    remote = ground.remote(ground.sshd())
    remote.run(["true"])
    before = threading.active_count()
    stream = remote.dial("127.0.0.1", listener.port, limit_s=5)
    stream.sendall(b"x")
    stream.close()
    assert gone.wait(5)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= before


def test_a_refused_port_is_an_error_that_names_it(ground: Ground) -> None:
    port = free_port()
    with pytest.raises(
        RemoteError, match=rf"\[gw-a\] 127.0.0.1:{port}, asked from .*: Connection refused"
    ) as caught:
        ground.remote(ground.sshd()).dial("127.0.0.1", port, limit_s=5)
    assert not isinstance(caught.value, ForwardingRefused)


def test_forbidden_forwarding_is_told_apart_from_a_refused_port(ground: Ground) -> None:
    with pytest.raises(ForwardingRefused, match="forbids port forwarding") as caught:
        ground.remote(ground.sshd(forwarding=False)).dial("127.0.0.1", free_port(), limit_s=5)
    assert "AllowTcpForwarding" in caught.value.remedy


def test_refusals_at_the_same_time_keep_their_own_reasons(ground: Ground) -> None:
    allowed = free_port()
    remote = ground.remote(ground.sshd(extra_config=(f"PermitOpen 127.0.0.1:{allowed}",)))
    remote.run(["true"])
    wrong: list[str] = []

    def ask(port: int, wanted: type[RemoteError]) -> None:
        for _ in range(10):
            with pytest.raises(RemoteError) as caught:
                remote.dial("127.0.0.1", port, limit_s=5)
            if type(caught.value) is not wanted or f":{port}" not in caught.value.problem:
                wrong.append(caught.value.problem)

    kinds = ((allowed, PortRefused), (free_port(), ForwardingRefused))
    threads = [threading.Thread(target=ask, args=pair) for pair in kinds * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_frozen_server_ends_the_dial_within_its_limit(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    remote.run(["true"])
    freeze(sshd)
    started = time.monotonic()
    with pytest.raises(RemoteError, match=r"SSH channel to 127.0.0.1:\d+ through .*: no answer within 1 s"):
        remote.dial("127.0.0.1", free_port(), limit_s=1)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("trusted", [True, False])
def test_python_tls_runs_through_it(ground: Ground, trusted: bool) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)

    def serve(stream: socket.socket) -> None:
        with server.wrap_socket(stream, server_side=True) as secured:
            secured.sendall(b"secret")

    listener = ground.stack.enter_context(Listener(serve))
    client = ssl.create_default_context()
    (authority if trusted else stranger).configure_trust(client)
    with ground.remote(ground.sshd()).dial("127.0.0.1", listener.port, limit_s=5) as stream:
        if trusted:
            with client.wrap_socket(stream, server_hostname="localhost") as secured:
                assert secured.recv(100) == b"secret"
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
                client.wrap_socket(stream, server_hostname="localhost")


def test_pyopenssl_shakes_hands_through_it(ground: Ground) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)

    def serve(stream: socket.socket) -> None:
        with server.wrap_socket(stream, server_side=True) as secured:
            secured.recv(1)

    listener = ground.stack.enter_context(Listener(serve))
    with ground.remote(ground.sshd()).dial("127.0.0.1", listener.port, limit_s=5) as stream:
        stream.setblocking(True)  # pyOpenSSL raises WantReadError on a socket with a timeout
        connection = SSL.Connection(SSL.Context(SSL.TLS_METHOD), stream)
        connection.set_connect_state()
        connection.do_handshake()
        assert connection.get_peer_certificate() is not None
        connection.close()
