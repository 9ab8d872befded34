"""Commands: bytes in, bytes out, limits, and what a lost connection does."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

import pytest

from tasks.core.errors import RemoteError
from tests.effects.ssh.ground import Ground, end_sessions, freeze, logins


def test_a_command_returns_its_status_and_both_outputs_as_bytes(ground: Ground) -> None:
    done = ground.remote(ground.sshd()).run(["sh", "-c", r"printf '\377out'; printf err >&2; exit 3"])
    assert (done.exit_status, done.stdout, done.stderr) == (3, b"\xffout", b"err")


def test_arguments_are_not_interpreted_by_the_remote_shell(ground: Ground) -> None:
    words = ["$HOME", "a b", "'", '"', ";exit 9", "*"]
    assert ground.remote(ground.sshd()).run(["printf", "%s\n", *words]).text.splitlines() == words


def test_large_input_and_large_output_at_once_do_not_block_each_other(ground: Ground) -> None:
    data = os.urandom(6 * 1024 * 1024)
    done = ground.remote(ground.sshd()).run(["sh", "-c", "cat; cat /dev/null >&2"], stdin=data)
    assert done.stdout == data


def test_output_beyond_the_window_comes_before_any_input_is_read(ground: Ground) -> None:
    script = "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; wc -c"
    done = ground.remote(ground.sshd()).run(["sh", "-c", script], stdin=b"x" * 4_000_000)
    assert len(done.stdout) > 5_000_000
    assert len(done.stderr) == 5_000_000
    assert done.stdout.endswith(b"4000000\n")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_command_that_writes_without_end_is_given_up(ground: Ground, stream: str) -> None:
    remote = ground.remote(ground.sshd())
    with pytest.raises(RemoteError, match=f"wrote more than 64 MiB to its {stream}; its channel was closed"):
        remote.run(["sh", "-c", f"cat /dev/zero >&{1 if stream == 'stdout' else 2}"])
    assert remote.run(["echo", "next"]).text == "next\n"


def test_a_command_may_leave_its_input_unread(ground: Ground) -> None:
    done = ground.remote(ground.sshd()).run(["sh", "-c", "exec <&-; echo done"], stdin=b"x" * 8_000_000)
    assert (done.exit_status, done.text) == (0, "done\n")


def test_a_command_beyond_its_limit_is_given_up_and_its_last_words_are_told(ground: Ground) -> None:
    remote = ground.remote(ground.sshd())
    started = time.monotonic()
    with pytest.raises(
        RemoteError, match=r"did not end within 0\.5 s; last on stderr: 'copying'.*4 bytes on"
    ):
        remote.run(["sh", "-c", "echo copying >&2; echo abc; sleep 30"], limit_s=0.5)
    assert time.monotonic() - started < 3
    assert remote.run(["echo", "next"], limit_s=5.0).text == "next\n"


def test_a_background_process_that_keeps_the_output_is_named_as_the_reason(ground: Ground) -> None:
    with pytest.raises(RemoteError, match="ended with status 0, but what it started keeps its output open"):
        ground.remote(ground.sshd()).run(["sh", "-c", "sleep 3 & exit 0"], limit_s=0.5)


def test_a_command_ended_by_a_signal_is_an_error_that_says_so(ground: Ground) -> None:
    with pytest.raises(RemoteError, match="ended by a signal"):
        ground.remote(ground.sshd()).run(["sh", "-c", "kill -9 $$"])


def test_one_connection_serves_all_calls_of_many_threads(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    seen: list[str] = []

    def ask(number: int) -> None:
        seen.append(remote.run(["echo", str(number)]).text.strip())

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [str(n) for n in range(8)]
    assert logins(sshd) == 1


def test_a_lost_connection_is_reopened_once_by_the_next_call(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    remote.run(["true"])
    end_sessions(sshd)
    assert remote.run(["echo", "back"]).text == "back\n"
    assert logins(sshd) == 2


def test_a_connection_lost_in_the_middle_of_a_command_is_an_error_and_not_repeated(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    mark = ground.directory / "runs"
    remote.run(["true"])
    threading.Timer(0.6, end_sessions, (sshd,)).start()
    with pytest.raises(RemoteError, match="broke while the command ran"):
        remote.run(["sh", "-c", f"echo run >> {mark}; sleep 20"])
    assert mark.read_text() == "run\n"


def test_a_frozen_server_ends_the_channel_open_within_its_limit(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    remote.run(["true"])
    freeze(sshd)
    started = time.monotonic()
    with pytest.raises(RemoteError, match=r"SSH request to open a channel at .*: no answer within 2 s"):
        remote.run(["true"])
    assert time.monotonic() - started < 5
    with pytest.raises(RemoteError, match="SSH banner"):
        remote.run(["true"])


def test_a_server_that_freezes_during_a_large_transfer_ends_it_within_its_limit(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    remote.run(["true"])
    threading.Timer(0.3, freeze, (sshd,)).start()
    started = time.monotonic()
    with pytest.raises(RemoteError, match=r"did not end within 1 s; .*bytes of input not taken|broke while"):
        remote.run(["sh", "-c", "sleep 1; cat >/dev/null"], stdin=b"x" * 50_000_000, limit_s=1.0)
    assert time.monotonic() - started < 6


def test_a_full_server_is_asked_again_until_a_session_is_free(ground: Ground) -> None:
    remote = ground.remote(ground.sshd(max_sessions=1))
    busy = threading.Thread(target=remote.run, args=(["sleep", "0.7"],))
    busy.start()
    time.sleep(0.3)
    assert remote.run(["echo", "mine"]).text == "mine\n"
    busy.join()


def test_a_server_that_stays_full_is_an_error_within_the_limit(ground: Ground) -> None:
    sshd = ground.sshd(max_sessions=0)
    remote = ground.connections.remote(replace(ground.node(sshd)))
    with pytest.raises(RemoteError, match="opens no further SSH session, tried for 1 s: MaxSessions"):
        remote.run(["true"], limit_s=1.0)


def test_nothing_is_connected_after_close_and_no_thread_is_left(ground: Ground) -> None:
    remote = ground.remote(ground.sshd())
    before = threading.active_count()
    remote.run(["true"])
    assert threading.active_count() > before
    ground.connections.close()
    assert threading.active_count() == before
    with pytest.raises(RemoteError, match="connections of this run are closed"):
        remote.run(["true"])
