"""`fab`, and the lab's start script, forked from a process that has their imports behind it: a second sooner.

A command's start takes a second of imports, a gateway's a quarter, and the tests start hundreds. Here one
server for all test processes imports what both import and forks for each: own process, arguments, directory,
environment and descriptors, the exit code of its own. A `fab` that is killed or signalled, and what is
about starting itself, is tested with the real executable.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parents[1]
_SERVED = "FORKED_FAB_SERVER"  # the socket of a server that the parent has started
_MOST = 1 << 20
_SHIM = """\
#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({path!r})
    order = json.dumps([["fab", *sys.argv[1:]], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [order], [0, 1, 2])
    server.recv(64)
    code = server.recv(64)
sys.exit(int(code) if code else 137)
"""


def run(
    argv: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], limit_s: float
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` would, without a terminal and with text captured.

    Raises:
        subprocess.TimeoutExpired: It did not end in time, and was killed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(os.devnull, "rb") as nothing:
        fds = [nothing.fileno(), out.fileno(), err.fileno()]
        code = _order(argv, cwd=cwd, env=env, fds=fds, limit_s=limit_s)
        return subprocess.CompletedProcess(argv, code, _text(out), _text(err))


class Running:
    """A forked process that goes on; like a Popen as far as the tests need one.

    Args:
        output: Its standard output and standard error, as descriptors.
    """

    def __init__(
        self, argv: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], output: tuple[int, int] = (1, 2)
    ) -> None:
        self._argv = argv
        self._code: int | None = None
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with open(os.devnull, "rb") as nothing:
            self.pid = _begin(self._server, argv, cwd=cwd, env=env, fds=[nothing.fileno(), *output])

    @property
    def returncode(self) -> int | None:
        """What `poll` or `wait` found last."""
        return self._code

    def poll(self) -> int | None:
        """The exit code, or that it was killed, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None:
            self._server.settimeout(timeout)
            try:
                self._code = _ended(self._server)
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired(self._argv, timeout or 0) from error
            self._server.close()
        return self._code

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """To one that has ended: nothing."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def serve_children() -> None:
    """Start the server now: every process that this one starts later uses it, instead of one of its own."""
    os.environ[_SERVED] = str(_server())


def shim(directory: Path) -> Path:
    """A small executable `fab` in the directory, for scripts that find it by PATH."""
    path = directory / "fab"
    path.write_text(_SHIM.format(python=sys.executable, path=str(_server())))
    path.chmod(0o755)
    return path


def _order(
    argv: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], fds: list[int], limit_s: float
) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.settimeout(limit_s)
        pid = _begin(server, argv, cwd=cwd, env=env, fds=fds)
        try:
            return _ended(server)
        except TimeoutError as error:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(argv, limit_s) from error


def _begin(
    server: socket.socket, argv: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], fds: list[int]
) -> int:
    """Have it forked; returns its pid."""
    server.connect(str(_server()))
    socket.send_fds(server, [json.dumps([argv, str(cwd), dict(env)]).encode()], fds)
    return int(server.recv(64))


def _ended(server: socket.socket) -> int:
    """Its exit code; a process that is killed says none."""
    code = server.recv(64)
    return int(code) if code else -signal.SIGKILL


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _server() -> Path:
    """Started at the first use; it ends with this process, whose end closes the pipe."""
    if served := os.environ.get(_SERVED):
        return Path(served)
    path = Path(tempfile.mkdtemp(prefix="forked-fab-")) / "socket"
    argv = (sys.executable, "-m", "tests.forked_fab", str(path))
    server = subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.PIPE)
    atexit.register(_end, server, path)
    deadline = time.monotonic() + 30
    while not path.exists():
        assert server.poll() is None, "the server of forked commands ended"
        assert time.monotonic() < deadline, "the server of forked commands does not start"
        time.sleep(0.01)
    return path


def _end(server: subprocess.Popen[bytes], path: Path) -> None:
    assert server.stdin is not None
    server.stdin.close()
    server.wait(timeout=10)
    path.unlink(missing_ok=True)
    path.parent.rmdir()


def serve(path: str) -> None:
    """Fork for every order until the pipe at standard input is closed."""
    from fabric.main import program as _program  # noqa: F401

    import fabfile as _imported  # noqa: F401

    for module in pkgutil.walk_packages(
        [str(PROJECT / "tasks")], "tasks."
    ):  # what tasks import where they run
        importlib.import_module(module.name)
    import rich.table as _table  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{path}.new")
        listener.listen(64)
        os.rename(f"{path}.new", path)
        while sys.stdin.fileno() not in _readable(listener.fileno()):
            client, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _live(client)
            client.close()


def _readable(listener: int) -> set[int]:
    poll = select.poll()
    for descriptor in (sys.stdin.fileno(), listener):
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll()}


def _live(client: socket.socket) -> None:
    """One command, from its order to its exit code; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        data, fds, _, _ = socket.recv_fds(client, _MOST, 3)
        argv, cwd, environment = json.loads(data)
        for number, descriptor in enumerate(fds):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        client.send(str(os.getpid()).encode())
        code = _run(argv)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        client.send(str(code).encode())
        os._exit(code)


def _run(argv: list[str]) -> int:
    from fabric.main import program

    from tasks.lab import supervisor

    sys.argv = argv
    try:
        supervisor.main(argv[1:]) if argv[0] == "supervisor" else program.run(argv)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - shown and turned into 1, as the interpreter does
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
