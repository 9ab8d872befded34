"""A bundle with a program of three lines in it: what starts it, and what it unpacks, is the real thing."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bundle.archives import write_fab
from bundle.site import Release

PROGRAM = """\
import sys
def main():
    print("ran", __file__, *sys.argv[1:])
    sys.exit(6)
"""
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
RELEASE = Release(
    name="amlen-cluster-tls", version="1.2.3", commit="abcdef", at="2026-01-02 03:04 UTC", epoch=1767323040,
    machine=os.uname().machine, pythons=(HERE,), glibc=(2, 5), digest="0123456789abcdef",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Little:
    """A bundle in a place of its own, with a home that is empty."""

    place: Path

    @property
    def fab(self) -> Path:
        return self.place / "fab"

    @property
    def home(self) -> Path:
        return self.place / "home"

    def write(self, **differs: object) -> Little:
        tree = {"bundle/__init__.py": b"", "bundle/program.py": PROGRAM.encode()}
        write_fab(self.fab, tree, replace(RELEASE, **differs))  # type: ignore[arg-type]
        self.home.mkdir(exist_ok=True)
        return self

    def start(self, *words: str, argv: tuple[str, ...] = (), **environ: str) -> subprocess.Popen[str]:
        """From the root directory, with nothing in the environment but a PATH and a HOME."""
        return subprocess.Popen(
            (*(argv or (str(self.fab),)), *words), cwd="/", text=True, stdin=subprocess.DEVNULL,
            env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(self.home), **environ},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str, argv: tuple[str, ...] = (), **environ: str) -> tuple[int, str, str]:
        process = self.start(*words, argv=argv, **environ)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @property
    def cache(self) -> Path:
        return self.home / ".cache" / "amlen-cluster-tls"

    @property
    def unpacked(self) -> Path:
        return self.cache / "1.2.3-abcdef-0123456789ab"
