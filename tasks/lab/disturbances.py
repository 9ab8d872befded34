"""Faults that a lab injects into a running gateway: NODE_DIR/faults.json, read when they matter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tasks.core.dataclass import dataclass

DISTURBANCES: dict[str, str] = {
    "rest_hang": "the admin endpoint accepts a request and never answers it",
    "rest_status": "every REST call is answered with this HTTP status (a number, e.g. 500)",
    "rest_garbage": "every REST call is answered with HTTP 200 and a body that is not JSON",
    "rest_half_body": "every REST answer breaks off in the middle of its body",
    "malformed_cluster_json": "the cluster's status is malformed JSON with HTTP 200",
    "no_return": "the next restart by REST leaves the server down (start script's marker not writable)",
    "fallback": "the next start uses the built-in pair although the user's files are fine",
    "maintenance": "the next start ends in maintenance, State 9",
    "connecting": "the control channel is up, forwarding is not: remotes stay in Connecting",
    "store_data": "the store holds data of its own when a pair is formed, whatever the server did before",
    "queue_stuck": "what the node holds for other members is not forwarded, though they are connected",
    "discarding": "messages for a member are lost each time it becomes connected (a number of them)",
    "slow_start": "the next start takes this many more simulated seconds (a number)",
}


@dataclass(frozen=True, slots=True)
class Disturbances:
    """The faults in force now. A file that is absent or half written means none."""

    path: Path

    def active(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def has(self, name: str) -> bool:
        return bool(self.active().get(name))

    def number(self, name: str) -> float:
        """The fault's value; 0 when it is not in force or not a number."""
        value = self.active().get(name, 0)
        return float(value) if isinstance(value, (int, float)) else 0.0
