"""Read the inventory from disk. `python -m tasks.effects.inventory_file` prints its JSON Schema."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.core.inventory import parse
from tasks.core.model import Cluster

DEFAULT_NAME = "inventory.yaml"
VARIABLE = "AMLEN_INVENTORY"

_EXAMPLE = Path(__file__).resolve().parents[2] / DEFAULT_NAME
_LARGEST_BYTES = 1_000_000


def open_inventory(
    path: str | None, cluster: str | None, *, environ: Mapping[str, str] = os.environ
) -> Cluster:
    """The cluster that is asked for, from the inventory at `path`.

    Args:
        path: None: the variable AMLEN_INVENTORY, else `inventory.yaml` in the working directory.
        cluster: May be None if the inventory has only one.

    Raises:
        InventoryFaults: The inventory has faults; all of them are named.
        UsageError: It cannot be read, or has no such cluster.
    """
    file = inventory_path(path, environ=environ)
    return parse(inventory_text(file), path=file, cluster=cluster, home=_home(environ))


def inventory_path(path: str | None, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the inventory is looked for; see `open_inventory`."""
    return _file(path or environ.get(VARIABLE) or DEFAULT_NAME, home=_home(environ))


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path("~").expanduser()


def _file(name: str, *, home: Path) -> Path:
    whole = home / name.removeprefix("~/") if name.startswith("~/") else Path(name)
    return whole.absolute()


def inventory_text(file: Path) -> str:
    """What the file says. Raises UsageError if it cannot be read, or is no text."""
    content = _content(file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, place = content.count(b"\n", 0, error.start) + 1, error.start
    raise UsageError(
        f"inventory {file} is not UTF-8: byte {place}, line {line}",
        remedy=f"save it as UTF-8, e.g. iconv -f LATIN1 -t UTF-8 {file.name}",
    )


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(
            f"no inventory at {file}",
            remedy=f"give --inventory FILE, or set {VARIABLE}; to begin with one: cp {shlex.quote(str(_EXAMPLE))} .",
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise UsageError(f"inventory {file} cannot be read: {reason}", remedy=f"ls -ld {file}") from error
    if len(content) > _LARGEST_BYTES:
        raise UsageError(
            f"inventory {file} is larger than {_LARGEST_BYTES} bytes",
            remedy="give --inventory the YAML file that describes the clusters",
        )
    return content


if __name__ == "__main__":
    from tasks.core.inventory_schema import schema_text

    sys.stdout.write(schema_text())
