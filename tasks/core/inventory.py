"""The inventory's text to a cluster: every fault at once, each with file and line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.core.errors import UsageError
from tasks.core.inventory_check import checked
from tasks.core.inventory_faults import Fault, InventoryFaults, shown
from tasks.core.inventory_resolve import resolved
from tasks.core.inventory_rules import broken_rules
from tasks.core.inventory_yaml import Document, read
from tasks.core.model import Cluster
from tasks.core.nearest import nearest

if TYPE_CHECKING:
    from tasks.core.inventory_schema import InventoryShape


def parse(text: str, *, path: Path, cluster: str | None, home: Path | None = None) -> Cluster:
    """The cluster that is asked for, complete and checked.

    Args:
        path: Where the text was read; relative paths in it start in its folder.
        cluster: Its name in the inventory; may be None if there is only one.
        home: Replaces a leading `~` of paths on this machine; None leaves it to the caller.

    Raises:
        InventoryFaults: The text has faults, in whichever cluster; all of them are named.
        UsageError: There is no such cluster, or several and none was asked for.
    """
    inventory, faults = _looked_through(read(text))
    if faults:
        raise InventoryFaults(faults, path=path)
    return resolved(inventory, _chosen(inventory.clusters, cluster, path=path), path=path, home=home)


def _looked_through(document: Document) -> tuple[InventoryShape, tuple[Fault, ...]]:
    value = document.value
    if not isinstance(value, dict):
        empty = Fault((), "no `clusters`: the inventory is empty", "see the example inventory.yaml", line=1)
        other = Fault(
            (), "the top must be a mapping with `clusters`", "see the example inventory.yaml", line=1
        )
        return checked({})[0], document.faults or (empty if value is None else other,)
    shape, faults = checked(value)
    faults = document.faults + faults
    faults += broken_rules(shape, left_out=[fault.path for fault in faults if fault.path])
    return shape, tuple(document.located(fault) for fault in faults)


def _chosen(clusters: Iterable[str], wanted: str | None, *, path: Path) -> str:
    names = tuple(clusters)
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        raise UsageError(
            f"{path.name} has several clusters and none was asked for: {', '.join(names)}",
            remedy=f"repeat with --cluster NAME, e.g. --cluster {names[0]}",
        )
    if wanted not in names:
        near = nearest(wanted, names)
        raise UsageError(
            f"{path.name} has no cluster {shown(wanted)}, only: {', '.join(names)}",
            remedy=f"did you mean --cluster {near}?" if near else f"--cluster NAME, or correct {path}",
        )
    return wanted
