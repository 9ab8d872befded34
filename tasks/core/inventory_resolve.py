"""The shape to the model: levels merged, paths made whole. Everything was checked before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.core.dataclass import dataclass
from tasks.core.inventory_faults import dotted
from tasks.core.inventory_given import values_of
from tasks.core.inventory_ha import ha_of
from tasks.core.inventory_layers import Place, Said, places
from tasks.core.inventory_membership import membership_of
from tasks.core.inventory_notify import notify_of
from tasks.core.inventory_paths import paths_of, product_of
from tasks.core.inventory_service import files_by, restart_by, start_by
from tasks.core.model import (
    Admin,
    Cluster,
    FileSecret,
    Limits,
    Member,
    Node,
    OwnGates,
    PromptSecret,
    SecretRef,
    Ssh,
    Via,
)
from tasks.core.wanted_queues import WantedQueues

if TYPE_CHECKING:
    from tasks.core.inventory_schema import CaShape, InventoryShape


@dataclass(frozen=True, slots=True)
class Here:
    """Where the paths of this machine start.

    Args:
        folder: The inventory's own: relative paths start here.
        home: For `~`; None leaves it as it is written.
    """

    folder: Path
    home: Path | None

    def whole(self, path: Path) -> Path:
        if path.parts[:1] == ("~",):
            return self.home.joinpath(*path.parts[1:]) if self.home else path
        return self.folder / path


def resolved(inventory: InventoryShape, key: str, *, path: Path, home: Path | None) -> Cluster:
    """One cluster, complete."""
    shape, here = inventory.clusters[key], Here(path.parent, home)
    return Cluster(
        key=key,
        cluster_name=shape.cluster_name or key,
        credentials=here.whole(shape.credentials or Path("credentials", key)),
        members=tuple(_members(inventory, key, here=here)),
        observer=shape.observer,
        retired=frozenset(shape.retired),
        runs_dir=here.folder / "runs" / key,
        inventory=path,
        ca_folder=here.whole(shape.ca.folder or Path("ca", key)),
        disposable=shape.disposable,
        prefer=shape.prefer or "no-partition",
        islands=shape.islands,
        ca_passphrase=_ca_passphrase(shape.ca, key, here=here),
        notify=notify_of(inventory, key, folder=here.folder, whole=here.whole),
        queues=WantedQueues(**values_of(shape.queues)),
    )


def _ca_passphrase(shape: CaShape, key: str, *, here: Here) -> SecretRef | None:
    found: SecretRef | None = _local(Said(shape.passphrase, ("clusters", key, "ca", "passphrase")), here)
    return found


def _members(inventory: InventoryShape, key: str, *, here: Here) -> Iterator[Member]:
    for name, nodes in groupby(places(inventory, key), key=attrgetter("member")):
        yield Member(name=name, nodes=tuple(_node(place, here) for place in nodes))


def _node(place: Place, here: Here) -> Node:
    host = place.host or ""
    admin = {"host": host} | _section("admin", place=place, here=here)
    return Node(
        name=place.name,
        member=place.member,
        host=host,
        product=product_of(place),
        ssh=Ssh(**_section("ssh", place=place, here=here)),
        admin=Admin(**admin | {"via": Via(admin.get("via", Via.AUTO))}),
        paths=paths_of(place),
        restart_by=restart_by(place),
        start_by=start_by(place),
        limits=Limits(**_section("limits", place=place, here=here)),
        ifix_confirmed=bool(place.said("ifix_confirmed").value),
        files_by=files_by(place),
        membership=membership_of(place),
        ha=ha_of(place),
        gates=OwnGates(**_section("gates", place=place, here=here)),
    )


def _section(name: str, *, place: Place, here: Here) -> dict[str, Any]:
    """What is said about a section; the model's own defaults fill the rest."""
    return {key: _local(said, here) for key, said in place.section(name).items()}


def _local(said: Said, here: Here) -> Any:
    match said.value:
        case Path():
            return here.whole(said.value)
        case FileSecret(path):
            return FileSecret(here.whole(path))
        case PromptSecret():
            return PromptSecret(dotted(said.path))
        case value:
            return value
