"""Somebody who works by a runbook, without the tool: each block in a bash of its own, as it stands."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tasks.lab.layout import Lab, LabNode
from tests.e2e.labs import Rig
from tests.e2e.sights import processes, rest, served
from tests.runbook_reading import Expected, blocks, section

LIMIT_S = 60.0
Sights = dict[str, dict[str, str]]  # by node
_LOOK = re.compile(
    r"(?P<node>\S+) State (?P<state>\d+) counts (?P<counts>\S+) up (?P<up>\d+) s error (?P<error>\d+)"
    r" role (?P<role>\w*) (?P<sync>\d*) serves (?P<serves>\w*)"
)


@dataclass(frozen=True, slots=True)
class Hand:
    """Its folder is made by the runbook's own first block."""

    rig: Rig
    text: str

    @property
    def folder(self) -> str:
        found = re.search(r"mkdir -p (~/by-hand-\w+)", self.text)
        assert found is not None
        return found[1]

    def bash(self, block: str, *, stdin: str = "", first: bool = False) -> str:
        """What the block prints; it must end well."""
        begin = "" if first else f"cd {self.folder} && . ./stage.sh\n"
        out = self.rig.home / "by-hand.out"
        with out.open("w") as output:  # a file: ssh stays in the background with it
            done = subprocess.run(
                ("bash", "-e", "-c", begin + block),
                input=stdin,
                text=True,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.rig.home,
                env={"HOME": str(self.rig.home), "PATH": os.environ["PATH"]},
                timeout=60,
                check=False,
            )
        said = out.read_text()
        assert done.returncode == 0, f"exit {done.returncode}\n{block}\n{said}"
        return said

    def make_tools(self) -> None:
        """The section of the tools, from its first block to its last; the password is typed."""
        password = (self.rig.lab.directory / "admin-password").read_text()
        for number, block in enumerate(blocks(section(self.text, "Tools for the way by hand"))):
            self.bash(block, stdin=password if "read -rsp" in block else "", first=number == 0)

    def work(self, step: Expected) -> Sights:
        """Do what the step's blocks say; before one looks, wait until everything is as expected.

        Returns:
            What is seen at its end by sights of one's own, which is what is expected.
        """
        before = processes(self.rig.lab)
        restarts = any("service/restart" in block for block in step.blocks)
        seen: Sights = {}
        for block in step.blocks:
            if block.startswith("bash look.sh"):
                seen = self._awaited(step, unlike=before if restarts else {})
            said = self.bash(block)
            if block.startswith("bash look.sh"):
                looked = {row["node"]: row.groupdict() for row in _LOOK.finditer(said)}
                assert as_expected(step, looked, self.rig.lab), said
        return seen or self._awaited(step, unlike={})

    def _awaited(self, step: Expected, *, unlike: dict[str, int | None]) -> Sights:
        """Once another process runs than before, and all is as expected."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            seen = sights(self.rig.lab)
            if processes(self.rig.lab) != unlike and as_expected(step, seen, self.rig.lab):
                return seen
            assert time.monotonic() < deadline, seen
            time.sleep(0.1)

    def clean(self) -> None:
        for block in blocks(section(self.text, "Afterwards")):
            self.bash(block)


def sights(lab: Lab) -> Sights:
    """What `look.sh` shows, without it; nodes that do not answer are left out."""
    found = {}
    for node in lab.nodes:
        # Of a server that hangs up just then, Python's ssl leaves its own half-made socket to the collector.
        hung_up = warnings.catch_warnings(action="ignore", category=ResourceWarning)
        with hung_up, suppress(OSError, http.client.HTTPException, ValueError):
            found[node.name] = _sight(lab, node)
    return found


def _sight(lab: Lab, node: LabNode) -> dict[str, str]:
    answer = rest(lab, node)
    server, cluster, ha = answer["Server"], answer["Cluster"], answer["HighAvailability"]
    return {
        "state": str(server["State"]),
        "error": str(server["ErrorCode"]),
        "counts": f"{cluster.get('ConnectedServers')}/{cluster.get('DisconnectedServers')}",
        "sync": str(ha.get("SyncNodes", "")),
        "serves": served(lab, node.name)[:8] if server["State"] == 1 else "",
    }


def as_expected(step: Expected, found: Sights, lab: Lab) -> bool:
    """Every node settled, every pair in sync, every member's counts and certificate as they are to be."""
    if set(found) != {node.name for node in lab.nodes}:
        return False
    if any(one["error"] != "0" or one["sync"] not in ("", "0", "2") for one in found.values()):
        return False
    active = {lab.node(name).member: one for name, one in found.items() if one["state"] == "1"}
    standbys = sum(one["state"] == "10" for one in found.values())
    seen = {name: (one["counts"], one["serves"]) for name, one in active.items()}
    return len(active) + standbys == len(found) and seen == {
        name: (step.counts[name], step.serves[name]) for name in step.counts
    }


def foreseen(step: Expected, entry: dict[str, Any]) -> bool:
    """Whether a journal's entry of a restart that is done says the counts of every member, and the certificate."""
    seen = entry["seen"]
    member = entry["step"].split(":")[1].split("@")[0]
    shown = re.search(r"\S+ serves (\w+)", seen)
    counts = dict(re.findall(r"(?:^|[; ])([\w-]+) (\d+/\d+)(?=[; ]|$)", seen))
    return counts == step.counts and (shown is None or shown[1] == step.serves[member])
