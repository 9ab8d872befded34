"""One command of the operator's that gets an event: bounded in time, silent, without our secrets."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_REAP_S = 5.0  # for a killed process to be gone


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a command needs to run; nothing else of ours: variables may hold secrets."""
    return {name: environ[name] for name in KEPT if name in environ}


class Hook:
    """Runs commands one at a time; may be ended from another thread.

    Args:
        folder: Where they run.
        limit_s: After it a command is killed, with all that it has started.
    """

    def __init__(self, folder: Path, *, limit_s: float) -> None:
        self._folder = folder
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._over = False

    def run(self, argv: tuple[str, ...], line: str) -> str:
        """Give it the line on its standard input; what it prints goes nowhere.

        Returns:
            "", or why it came to nothing, without its arguments.
        """
        try:
            process = self._started(argv)
        except OSError as error:
            return f"{argv[0]} cannot be run: {error.strerror}"
        except ValueError:  # a null byte, or what the file system cannot name
            return f"{argv[0]!r} cannot be run: no file has such a name"
        if process is None:
            return ""
        return self._fed(process, argv[0], line)

    def _started(self, argv: tuple[str, ...]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._over:
                return None
            self._running = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self._folder,
                env=environment(os.environ),
                start_new_session=True,
            )
            return self._running

    def _fed(self, process: subprocess.Popen[bytes], program: str, line: str) -> str:
        try:
            process.communicate(f"{line}\n".encode(), timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            self._kill(process)
            return f"{program} was not done within {self._limit_s:g} s, and was killed"
        finally:
            with self._lock:
                self._running = None
        code = process.returncode
        if self._over or code == 0:
            return ""
        return f"{program} ended with exit code {code}" if code > 0 else f"{program} ended by signal {-code}"

    def end(self) -> None:
        """Kill what is running; nothing is run any more."""
        with self._lock:
            self._over = True
            running = self._running
        if running is not None:
            self._kill(running)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # its own group: see start_new_session
        with suppress(subprocess.TimeoutExpired):
            process.wait(_REAP_S)
