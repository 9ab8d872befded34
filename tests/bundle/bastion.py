"""A machine without network and without this clone, as far as its programs can see: namespaces of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.labs import Ran

PROJECT = Path(__file__).resolve().parents[2]
LIMIT_S = 300.0
_HIDE = """\
set -e
mount --make-rprivate /
for hidden; do mount -t tmpfs none "$hidden"; done
ip link set lo up
echo ready
exec sleep 100000
"""


@dataclass(frozen=True, slots=True)
class Bastion:
    """Programs started by it have an empty environment, an empty home, and a working directory of nothing."""

    pid: int
    place: Path

    def run(self, *argv: str, path: str = "/usr/bin:/bin", home: str = "home", cwd: str = "work") -> Ran:
        inside = ("nsenter", f"--target={self.pid}", "--net", "--mount", f"--wdns={self.place / cwd}")
        bare = ("env", "-i", f"PATH={path}", f"HOME={self.place / home}", "LANG=C.UTF-8")
        done = subprocess.run(
            (*inside, *bare, *argv), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=LIMIT_S, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def bastion(place: Path) -> Iterator[Bastion]:
    """For as long as the block lasts. Needs root."""
    for name in ("home", "work"):
        (place / name).mkdir(mode=0o700)
    environment_of_ours = Path(sys.prefix).resolve()
    inside = environment_of_ours.is_relative_to(PROJECT)  # it is gone with the clone
    hidden = (PROJECT,) if inside else (PROJECT, environment_of_ours)
    hide = ("unshare", "--net", "--mount", "sh", "-c", _HIDE, "sh", *map(str, hidden))
    environment = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    with subprocess.Popen(hide, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n"
            yield Bastion(holder.pid, place)
        finally:
            holder.kill()
