"""The gateway's log files, line by line as the real server writes them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path


def timestamp() -> str:
    """Now, UTC, with milliseconds: 2026-11-22T21:06:06.194Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Logs:
    """Appends to `<data_dir>/diag/logs/`; several threads may write."""

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir / "diag" / "logs"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def server(self, code: str, level: str, *, text: str) -> None:
        """imaserver-default.log."""
        self._message("default", "Server", line=f"{code} {level}: {text}")

    def admin(self, code: str, level: str, *, text: str) -> None:
        """imaserver-admin.log."""
        self._message("admin", "Admin", line=f"{code} {level}: {text}")

    def connection(self, code: str, level: str, *, text: str) -> None:
        """imaserver-connection.log."""
        self._message("connection", "Connection", line=f"{code} {level}: {text}")

    def trace(self, place: str, text: str) -> None:
        """imatrace.log; place is the thread and the source file of the real server."""
        self._append("imatrace.log", f"{timestamp()} {place}: {text}")

    def _message(self, name: str, category: str, *, line: str) -> None:
        self._append(f"imaserver-{name}.log", f"{timestamp()} {category:<12} .          {line}")

    def _append(self, name: str, line: str) -> None:
        with self._lock, open(self._directory / name, "a", encoding="utf-8") as log:
            log.write(line + "\n")
