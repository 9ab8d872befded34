"""The shape to the model: levels merged, paths made whole. Everything was checked before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.core.inventory_faults import dotted
from tasks.core.inventory_layers import Place, Said, places
from tasks.core.inventory_schema import AdminShape, InventoryShape, LimitsShape, Shape, SshShape
from tasks.core.model import (
    Admin,
    ByCommand,
    ByContainer,
    ByRest,
    BySystemd,
    Cluster,
    FileSecret,
    Limits,
    Member,
    Node,
    Paths,
    Product,
    PromptSecret,
    RestartBy,
    Ssh,
    StartBy,
    Via,
)


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What follows from the product alone; every node can say otherwise."""

    data_dir: PurePosixPath
    unit: str


_DEFAULTS = {
    Product.AMLEN: _Defaults(PurePosixPath("/var/lib/amlen-server"), "imaserver.service"),
    Product.MESSAGESIGHT: _Defaults(PurePosixPath("/var/messagesight"), "imaserver"),
}


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
        disposable=shape.disposable,
        prefer=shape.prefer or "no-partition",
    )


def _members(inventory: InventoryShape, key: str, *, here: Here) -> Iterator[Member]:
    for name, nodes in groupby(places(inventory, key), key=attrgetter("member")):
        yield Member(name=name, nodes=tuple(_node(place, here) for place in nodes))


def _node(place: Place, here: Here) -> Node:
    host = place.host or ""
    product = Product(place.said("product").value or Product.AMLEN)
    admin = {"host": host} | _section("admin", AdminShape, place=place, here=here)
    return Node(
        name=place.name,
        member=place.member,
        host=host,
        product=product,
        ssh=Ssh(**_section("ssh", SshShape, place=place, here=here)),
        admin=Admin(**admin | {"via": Via(admin.get("via", Via.AUTO))}),
        paths=_paths(place, product),
        restart_by=_restart_by(place, product),
        start_by=_start_by(place, product),
        limits=Limits(**_section("limits", LimitsShape, place=place, here=here)),
    )


def _section(name: str, shape: type[Shape], *, place: Place, here: Here) -> dict[str, Any]:
    """What is said about a section; the model's own defaults fill the rest."""
    found = {key: place.said(name, key) for key in shape.model_fields}
    return {key: _local(said, here) for key, said in found.items() if said.value is not None}


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


def _paths(place: Place, product: Product) -> Paths:
    data_dir = place.said("data_dir").value or _DEFAULTS[product].data_dir
    return Paths(
        data_dir=data_dir,
        server_cfg=place.said("server_cfg").value or data_dir / "data/config/server.cfg",
        log_dir=place.said("log_dir").value or data_dir / "diag/logs",
        keystore=place.said("keystore").value,
        truststore=place.said("truststore").value,
    )


def _restart_by(place: Place, product: Product) -> RestartBy:
    word = place.said("service", "restart").value or "rest"
    return ByRest() if word == "rest" else _manager(word, place, product=product)


def _start_by(place: Place, product: Product) -> StartBy:
    return _manager(place.said("service", "start").value or "systemd", place, product=product)


def _manager(word: str | tuple[str, ...], place: Place, *, product: Product) -> StartBy:
    if isinstance(word, tuple):
        return ByCommand(word)
    if word == "systemd":
        return BySystemd(place.said("service", "unit").value or _DEFAULTS[product].unit)
    return ByContainer(word, place.said("service", "container").value)
