"""`fab` with the tasks that lie beside this package, from any directory: in the bundle, and where it is installed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from fabric import Config, Executor
from fabric.main import Fab
from invoke.loader import FilesystemLoader

import fabfile  # before the program begins: from then on nothing that is imported is kept compiled

HOME = Path(fabfile.__file__).resolve().parent


class _Beside(FilesystemLoader):
    """The tasks are here, and not in a fabfile that is looked for."""

    def load(self, name: str | None = None) -> tuple[ModuleType, str]:
        if name is not None:
            found: tuple[ModuleType, str] = super().load(name)
            return found
        return fabfile, str(HOME)


class Program(Fab):  # type: ignore[misc] # fabric is not typed
    """Fabric's own, but for where the tasks come from, and the version."""

    def print_version(self) -> None:
        """Which build of ours it is, then Fabric's lines."""
        release = json.loads((HOME / "release.json").read_text())
        sys.stdout.write(version_text(release, called=self.argv[0], found=shutil.which("fab")))
        super().print_version()


def version_text(release: dict[str, Any], *, called: str, found: str | None) -> str:
    """What `--version` says of this build: which it is, where it lies, and whether PATH finds it.

    Args:
        called: The program's file as it was called.
        found: The `fab` of PATH.
    """
    python = ".".join(map(str, sys.version_info[:3]))
    lines = [
        f"{release['name']} {release['version']} (commit {release['commit']}, {release['at']})",
        f"Python {python} ({sys.executable})",
        f"README.md, docs/ and an example inventory.yaml: {HOME}",
    ]
    if found is None or os.path.realpath(found) != os.path.realpath(called):
        lines += _not_found(os.path.abspath(called), found)
    return "".join(f"{line}\n" for line in lines)


def _not_found(called: str, found: str | None) -> tuple[str, str]:
    place, name = os.path.split(called)
    path = f"export PATH={shlex.quote(place)}:$PATH"
    link = f"ln -s {shlex.quote(name)} {shlex.quote(os.path.join(place, 'fab'))}; "
    seen = f"another `fab`, {found}" if found else "no `fab`"
    return f"PATH finds {seen}; the remedies mean this one", f"  -> {'' if name == 'fab' else link}{path}"


def main() -> None:
    """The command line; ends the process with its exit code."""
    from fabric import __version__ as fabric

    Program(
        name="Fabric", version=fabric, loader_class=_Beside, executor_class=Executor, config_class=Config
    ).run()
