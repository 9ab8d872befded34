"""What a gateway was asked to change, request by request: the tests read what was sent, and to whom."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from tasks.lab.logs import timestamp

FILE = "requests.jsonl"  # in the node's directory, outside of everything that the server itself keeps
HIDDEN = "***"


class Requests:
    """Appends one JSON line for each POST, before it is acted on; several threads may write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def note(self, path: str, content: bytes) -> None:
        """The path, and the body with its passwords hidden; a body that is no JSON is left out."""
        try:
            body = _without_secrets(json.loads(content))
        except ValueError:
            body = None
        line = json.dumps({"at": timestamp(), "path": path, "body": body})
        with self._lock, open(self._path, "a", encoding="utf-8") as log:
            log.write(line + "\n")


def posted(directory: Path) -> tuple[dict[str, Any], ...]:
    """The POSTs that the node in this directory has had, oldest first: at, path, body."""
    path = directory / FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return tuple(json.loads(line) for line in lines)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: HIDDEN if "password" in k.lower() else _without_secrets(v) for k, v in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value
