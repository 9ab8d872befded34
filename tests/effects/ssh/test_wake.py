"""The descriptor that says when a channel has something: right, and harmless when it comes late."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import paramiko
import pytest
from paramiko.common import MSG_CHANNEL_EOF

from tasks.effects.ssh.transport import Transport
from tasks.effects.ssh.wake import Wake
from tests.effects.ssh.ground import Ground, logins


@pytest.fixture
def channel() -> paramiko.Channel:
    return paramiko.Channel(chanid=1)


@pytest.fixture
def wake(channel: paramiko.Channel) -> Iterator[Wake]:
    made = Wake(channel)
    yield made
    made.close()


def _readable(wake: Wake) -> bool:
    return bool(select.select([wake], [], [], 0)[0])


def test_it_is_readable_while_one_of_the_two_streams_has_something(
    channel: paramiko.Channel, wake: Wake
) -> None:
    assert not _readable(wake)
    channel.in_buffer.feed(b"out")
    channel.in_stderr_buffer.feed(b"err")
    channel.in_buffer.read(10)
    assert _readable(wake)
    channel.in_stderr_buffer.read(10)
    assert not _readable(wake)


def test_the_end_of_a_stream_is_something(channel: paramiko.Channel, wake: Wake) -> None:
    channel.in_buffer.close()
    channel.in_buffer.read(10)
    assert _readable(wake)


def test_what_came_before_is_not_missed(channel: paramiko.Channel) -> None:
    channel.in_buffer.feed(b"early")
    wake = Wake(channel)
    assert _readable(wake)
    wake.close()


def test_an_event_after_the_close_touches_no_descriptor(channel: paramiko.Channel) -> None:
    wake = Wake(channel)
    wake.close()
    wake.close()
    for _ in range(3):
        channel.in_buffer.feed(b"late")
        channel.in_buffer.read(10)
    channel.in_buffer.close()


def test_closing_while_data_arrives_never_raises(channel: paramiko.Channel) -> None:
    for _ in range(200):
        wake = Wake(channel)
        feeding = threading.Thread(target=channel.in_buffer.feed, args=(b"x",))
        feeding.start()
        wake.close()
        feeding.join()
        channel.in_buffer.read(10)


def test_an_end_of_input_that_is_sent_after_the_command_has_ended_does_not_end_the_connection(
    ground: Ground,
) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    others = set(threading.enumerate())
    remote.run(["true"])
    (transport,) = (
        each for each in threading.enumerate() if isinstance(each, Transport) and each not in others
    )
    send, held_back = transport._send_user_message, []  # type: ignore[attr-defined]

    def send_late(message: paramiko.Message) -> None:
        if message.asbytes()[0] == MSG_CHANNEL_EOF:
            held_back.append(message)
            _until_closed_by_server(transport)
        send(message)

    transport._send_user_message = send_late  # type: ignore[attr-defined]
    assert remote.run(["true"]).exit_status == 0
    assert held_back
    assert remote.run(["echo", "still"]).text == "still\n"
    assert logins(sshd) == 1


def _until_closed_by_server(transport: Transport) -> None:
    """The command has ended, and nothing is left that a message could be for."""
    while transport._channels.values() and transport.is_active():  # type: ignore[attr-defined]
        threading.Event().wait(0.01)


def test_many_short_commands_and_dials_at_once_share_one_connection_to_the_end(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    remote.run(["true"])

    def ask(number: int) -> str:
        if number % 2:
            return remote.run(["echo", str(number)]).text.strip()
        with remote.dial("127.0.0.1", sshd.files.port, limit_s=5) as sock:
            return sock.recv(3).decode() + str(number)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(ask, range(120)))
    assert said == [str(n) if n % 2 else f"SSH{n}" for n in range(120)]
    assert logins(sshd) == 1
