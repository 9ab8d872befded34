"""What a bundle holds of this project, and what it says of itself."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from bundle.wheels import GLIBC, PYTHONS, Tree

PROJECT = Path(__file__).resolve().parents[2]
_TOOLS = ".ci/"  # this package lies there, and at the top of a bundle
OURS = (
    "README.md",
    "fabfile.py",
    "inventory.yaml",
    "pyproject.toml",
    "requirements.txt",
    "tasks",
    "docs",
    ".ci/bundle/__init__.py",
    ".ci/bundle/program.py",
)
RELEASE = "release.json"


@dataclass(frozen=True, slots=True)
class Release:
    """Which build it is, and where it runs."""

    name: str
    version: str
    commit: str  # with "+changes" if files differ from it
    at: str  # the commit's time, UTC
    epoch: int  # the same
    machine: str
    pythons: tuple[str, ...] = PYTHONS
    glibc: tuple[int, ...] = GLIBC
    digest: str = ""  # of all files, their names and the Pythons

    @property
    def title(self) -> str:
        """A name for files and directories."""
        return f"{self.name}-{self.version}-{self.commit}"

    def record(self) -> dict[str, object]:
        return asdict(self)


def our_files(project: Path = PROJECT) -> Tree:
    """What git knows of OURS, as it lies there."""
    names = _git(project, "ls-files", "-z", "--", *OURS).split("\0")
    return {
        name.removeprefix(_TOOLS): (project / name).read_bytes()
        for name in names
        if name and (project / name).is_file()
    }


def release_of(tree: Tree, *, machine: str, project: Path = PROJECT) -> Release:
    """Named by the version in pyproject.toml and by the commit.

    Raises:
        subprocess.CalledProcessError: It is no git work tree; git has said so.
    """
    said = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    commit, at, epoch = _git(
        project, "log", "-1", "--abbrev=12", "--date=format-local:%Y-%m-%d %H:%M", "--format=%h|%cd|%ct"
    ).split("|")
    changed = _git(project, "status", "--porcelain", "--untracked-files=no", "--", *OURS, ".ci/bundle")
    return Release(
        name=said["name"],
        version=said["version"],
        commit=commit + ("+changes" if changed else ""),
        at=f"{at} UTC",
        epoch=int(epoch),
        machine=machine,
        digest=_digest(tree),
    )


def _digest(tree: Tree) -> str:
    found = hashlib.sha256(" ".join(PYTHONS).encode())
    for name, content in sorted(tree.items()):
        found.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return found.hexdigest()


def _git(project: Path, *words: str) -> str:
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(
        ("git", *words), cwd=project, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip("\n")
