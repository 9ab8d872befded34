"""The `service` section: who restarts and starts the server, and from where its files are reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasks.core.inventory_faults import Fault, shown
from tasks.core.inventory_layers import Place, Said, places
from tasks.core.inventory_paths import paths_of, unit_of
from tasks.core.model import (
    ByCommand,
    ByContainer,
    ByRest,
    BySystemd,
    ExecFiles,
    FilesBy,
    HostFiles,
    RestartBy,
    StartBy,
    Volume,
)

if TYPE_CHECKING:
    from tasks.core.inventory_schema import InventoryShape, VolumeShape

ENGINES = ("docker", "podman")
_PATHS = ("data_dir", "server_cfg", "log_dir", "keystore", "truststore")


def restart_by(place: Place) -> RestartBy:
    word = place.said("service", "restart").value or "rest"
    return ByRest() if word == "rest" else _manager(word, place)


def start_by(place: Place) -> StartBy:
    """Where nothing is said: by the manager that restarts it, or by the engine whose container has its files."""
    start, restart, files = (place.said("service", key).value for key in ("start", "restart", "files"))
    return _manager(start or _managed(restart, files), place)


def _managed(restart: object, files: object) -> str:
    if restart == "systemd":  # a unit that runs a container: its files are the engine's, its start is not
        return "systemd"
    return next((str(word) for word in (restart, files) if word in ENGINES), "systemd")


def _manager(word: str | tuple[str, ...], place: Place) -> StartBy:
    if isinstance(word, tuple):
        return ByCommand(word)
    if word == "systemd":
        return BySystemd(unit_of(place))
    return ByContainer(word, place.said("service", "container").value)


def files_by(place: Place) -> FilesBy:
    files = place.said("service", "files").value
    if files in ENGINES:
        return ExecFiles(ByContainer(files, place.said("service", "container").value))
    volume: VolumeShape | None = place.said("service", "volume").value
    if volume is None or volume.host is None:
        return HostFiles()
    return HostFiles(Volume(volume.host, volume.container or paths_of(place).data_dir))


def _engines(place: Place) -> Iterator[Said]:
    """Where `docker` or `podman` is said, and which."""
    found = (place.said("service", action) for action in ("restart", "start", "files"))
    return (said for said in found if said.value in ENGINES)


def container_faults(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    """What the keys for containers need of each other."""
    for place in places(inventory, key):
        engines = tuple(_engines(place))
        if place.said("service", "container").value is None:
            remedy = "give `container: NAME` beside it (the image's own default is IMA)"
            for said in engines:
                yield Fault(said.path, f"{said.value} needs the container's name", remedy)
        if len({said.value for said in engines}) > 1:
            words = " and ".join(dict.fromkeys(said.value for said in engines))
            yield Fault(engines[-1].path, f"one container has one engine, not {words}", "keep one of them")


def volume_faults(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    """What a volume must name, and that it holds every path that is worked on."""
    for place in places(inventory, key):
        volume = place.said("service", "volume")
        if volume.value is None:
            continue
        if volume.value.host is None:
            yield Fault((*volume.path, "host"), "no directory of the host", "write volume: {host: /PATH}")
        elif (files := place.said("service", "files").value) in ENGINES:
            yield Fault(volume.path, f"with `files: {files}` no volume is used", "remove one of the two")
        else:
            yield from _outside(place, volume)


def _outside(place: Place, volume: Said) -> Iterator[Fault]:
    """Paths are the server's own: what lies beside the volume cannot be reached from the host."""
    paths = paths_of(place)
    inside = volume.value.container or paths.data_dir
    for name in _PATHS:
        path = getattr(paths, name)
        if path is not None and not path.is_relative_to(inside):
            problem = f"{name} {shown(str(path))} is not in the volume, which the container sees as {inside}"
            remedy = "paths are as the server sees them; outside of the volume: `files: docker`"
            yield Fault(volume.path, problem, remedy)
