"""A server's process is found by its server.cfg, and signalled only if it is the one that was looked at."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core.errors import GateTimeout, Refused
from tasks.core.model import Limits
from tasks.core.recovery_process import Process
from tasks.core.snapshot import Unseen
from tasks.effects.clock import SystemClock
from tasks.effects.recover_look import look_at_processes
from tasks.effects.recover_process import end_dead, end_half_up, has_ended, terminate
from tests.effects.node_tree import SHELLS, Tree, in_shell, program, tree

AROUND = timedelta(seconds=1)  # busybox knows no fractions
UNSEEN = Unseen("nobody looked at the files", "-")
LIMITS = Limits(return_s=2.4, stop_s=0.4, poll_s=0.02)
_TRAPPING = (
    "n=0; trap 'n=$((n+1)); [ $n -lt {ends_at} ] || exit 0' TERM\necho up\nwhile :; do sleep 0.02; done"
)

_CALLED_SO = (
    "import sys; open('/proc/self/comm', 'w').write('imaserver'); print(flush=True); sys.stdin.read()"
)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        server = dataclasses.replace(made.remote.node, limits=LIMITS)
        yield dataclasses.replace(made, remote=dataclasses.replace(made.remote, node=server))


@contextmanager
def server(
    node: Tree, *, name: str = "imaserver", cfg: Path | None = None, ends_at: int = 2
) -> Iterator[int]:
    """A process that listens on nothing and ends at the TERM of that number."""
    path = program(node.root / name, _TRAPPING.format(ends_at=ends_at))
    argv = (str(path), "-d", str(cfg or node.cfg))
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        started.stdout.readline()
        try:
            yield started.pid
        finally:
            started.kill()


@contextmanager
def listener(node: Tree) -> Iterator[tuple[int, int]]:
    """A process that is called so and listens at a port: its pid, and the port."""
    argv = (sys.executable, "-S", "-c", _CALLED_SO, str(node.cfg))
    with socket.create_server(("127.0.0.1", 0)) as held:
        held.set_inheritable(True)
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(held.fileno(),)
        ) as one:
            assert one.stdout is not None
            one.stdout.readline()
            try:
                yield one.pid, held.getsockname()[1]
            finally:
                one.kill()


def only(node: Tree) -> Process:
    (found,) = look_at_processes(node.remote, UNSEEN).found
    return found


@pytest.mark.parametrize("shell", tuple(SHELLS.values()), ids=tuple(SHELLS))
def test_the_process_that_runs_with_this_server_cfg_is_found(node: Tree, shell: tuple[str, ...]) -> None:
    began = SystemClock().now()
    with server(node) as pid:
        up = SystemClock().now()
        seen = only(in_shell(node, *shell))
    assert (seen.pid, seen.listening) == (pid, ())
    assert began - AROUND <= seen.started_at <= up + AROUND


@pytest.mark.parametrize("shell", tuple(SHELLS.values()), ids=tuple(SHELLS))
def test_one_that_has_ended_and_is_not_yet_waited_for_is_neither_there_nor_hidden(
    node: Tree, shell: tuple[str, ...]
) -> None:
    with listener(node) as (pid, _):
        there = in_shell(node, *shell)
        assert only(there).pid == pid
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{pid}/comm").read_text() == "imaserver\n"
        seen = look_at_processes(there.remote, UNSEEN)
    assert pid not in seen.hidden
    assert pid not in {one.pid for one in seen.found}


def test_one_that_is_called_otherwise_or_runs_with_another_file_is_not(node: Tree) -> None:
    other = node.root / "other.cfg"
    other.write_text("KeyStore = /x\n")
    with server(node, name="imaproxy"), server(node, cfg=other):
        assert look_at_processes(node.remote, UNSEEN).found == ()


def test_a_link_to_server_cfg_is_server_cfg(node: Tree) -> None:
    link = node.root / "link.cfg"
    link.symlink_to(node.cfg)
    with server(node, cfg=link) as pid:
        assert only(node).pid == pid


def test_what_it_listens_at_is_seen_and_such_a_process_is_not_signalled(node: Tree) -> None:
    with listener(node) as (pid, port):
        seen = only(node)
        assert seen.listening == (f"127.0.0.1:{port}",)
        with pytest.raises(Refused, match=f"process {pid} listens by now.*was not signalled"):
            terminate(node.remote, seen)
        with pytest.raises(Refused, match=f"process {pid} listens by now"):
            terminate(node.remote, seen, closed=(port,))
        assert not has_ended(node.remote, seen)
        end_half_up(node.remote, seen, clock=SystemClock(), report=print_nothing)
        assert has_ended(node.remote, seen)


def print_nothing(seen: str, left_s: float) -> None:
    """Nobody asks for progress."""


def _later(seen: Process) -> Process:
    return dataclasses.replace(seen, ticks=seen.ticks + 1)


def _another(seen: Process) -> Process:
    return dataclasses.replace(seen, pid=1)


@pytest.mark.parametrize("change", [_later, _another], ids=["the pid was given anew", "another pid"])
def test_a_process_that_is_not_the_one_that_was_looked_at_is_not_signalled(
    node: Tree, change: Callable[[Process], Process]
) -> None:
    with server(node, ends_at=1):
        seen = only(node)
        with pytest.raises(Refused, match="is not the one that was looked at any more"):
            terminate(node.remote, change(seen))
        assert not has_ended(node.remote, seen)
        assert has_ended(node.remote, change(seen))


def test_a_dead_server_ignores_the_first_term_and_ends_at_the_second(node: Tree) -> None:
    told: list[str] = []
    with server(node) as pid:
        end_dead(node.remote, only(node), clock=SystemClock(), report=lambda seen, _: told.append(seen))
        assert look_at_processes(node.remote, UNSEEN).found == ()
    assert f"process {pid} is still there" in told


def test_one_that_ends_at_the_first_is_sent_no_second(node: Tree) -> None:
    with server(node, ends_at=1):
        end_dead(node.remote, only(node), clock=SystemClock(), report=print_nothing)
    terms = [argv for argv in node.remote.ran if any("kill -TERM" in word for word in argv)]
    assert len(terms) == 1


def test_one_that_stays_is_not_killed(node: Tree) -> None:
    with server(node, ends_at=99) as pid:
        with pytest.raises(GateTimeout, match=r"0\.4 s after it was sent TERM twice; it was not killed"):
            end_dead(node.remote, only(node), clock=SystemClock(), report=print_nothing)
        assert Path(f"/proc/{pid}/status").exists()
