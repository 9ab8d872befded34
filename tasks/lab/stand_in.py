"""One call of a stand-in: `python -m tasks.lab.stand_in CONFIG systemctl|docker|podman ARGUMENTS`.

Says what the real programs say, with their exit codes, as far as a tool that starts and stops one
server can tell the difference.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tasks.lab.container_engine import Engine
from tasks.lab.node_service import NodeService
from tasks.lab.systemd_unit import SystemdUnit


def main(arguments: list[str]) -> int:
    """Record the call and answer it; returns the exit code."""
    config: dict[str, Any] = json.loads(Path(arguments[0]).read_text())
    name, argv = arguments[1], arguments[2:]
    with open(config["record"], "a") as record:
        record.write(json.dumps([name, *argv]) + "\n")
    service = NodeService(Path(config["node"]))
    if name == "systemctl":
        return SystemdUnit(config["unit"], service).run(argv)
    return Engine(name, config, service).run(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
