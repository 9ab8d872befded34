"""Rules about the inventory: where it was found, and every fault of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tasks.core.doctor import Row, not_run, well, wrong
from tasks.core.errors import UsageError
from tasks.core.inventory_faults import InventoryFaults, dotted
from tasks.core.model import Cluster


def found_row(path: Path, *, source: str, clusters: tuple[Cluster, ...]) -> Row:
    """The inventory that was read."""
    names = ", ".join(f"{each.key} ({_nodes(each)})" for each in clusters)
    return well("inventory", "", f"{path}, {source}: {names}")


def _nodes(cluster: Cluster) -> str:
    number = len(cluster.nodes)
    return f"{number} node{'s' * (number != 1)}"


def fault_rows(error: UsageError, path: Path, *, source: str) -> Iterator[Row]:
    """One row per fault, with file and line; or why it cannot be read."""
    if not isinstance(error, InventoryFaults):
        yield wrong("inventory", "", f"{error.problem} ({source})", remedy=error.remedy)
        return
    for fault in error.faults:
        where = f"{dotted(fault.path)}: " if fault.path else ""
        yield wrong("inventory", f"{path.name}:{fault.line}", f"{where}{fault.problem}", remedy=fault.remedy)


def without_inventory() -> Row:
    """What was not looked at, because nobody says where the nodes are."""
    return not_run(
        "nodes", "", "known_hosts, SSH login, secrets, runs, reach and clocks wait for the inventory"
    )
