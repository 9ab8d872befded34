"""What must hold once a run is complete, whatever struck it on the way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from tasks.lab.health import not_formed
from tasks.lab.layout import Lab, LabNode
from tests.e2e.sights import WORK, eventually, fingerprint, rest, served
from tests.torture.believing import HOMES
from tests.torture.driving import Driver
from tests.torture.watch import Watched, secret_pieces

_CLOSED = frozenset({"completed", "abandoned"})  # of one that had changed nothing
# Below WORK/RUN: the backup of what was there, and the plan without secrets; both are meant to stay.
_STAYS = frozenset({"backup", "plan.json.gz"})


def wrong(driver: Driver, seen: Watched, *, wanted: Path) -> tuple[str, ...]:
    """Everything that is not as it must be.

    Args:
        wanted: The set that every member must run with.
    """
    return (
        *_unfinished(driver),
        *_astray(driver.rig.lab, wanted),
        *_left(driver.rig.lab),
        *_seen(driver, seen),
    )


def _unfinished(driver: Driver) -> Iterator[str]:
    last = driver.said[-1]
    if last.code != 0 or not re.search("complete: healthy|had changed nothing", last.stdout):
        yield f"fab {last.what}: exit {last.code}, and not complete and healthy"
    if driver.journal()[-1:] and driver.journal()[-1]["event"] not in _CLOSED:
        yield f"the journal ends with {driver.journal()[-1]['event']}"


def _astray(lab: Lab, wanted: Path) -> Iterator[str]:
    """The cluster at its baseline, every member on the wanted set."""
    if not eventually(lambda: not_formed(lab) is None, limit_s=15):
        yield f"the cluster is not whole: {not_formed(lab)}"
    for node in lab.nodes:
        for name, home in HOMES.items():
            if _content(node.certificates / home / name) != (wanted / name).read_bytes():
                yield f"{node.name}: {name} is not the wanted one"
        yield from _other_certificate(lab, node, wanted)


def _content(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def _other_certificate(lab: Lab, node: LabNode, wanted: Path) -> Iterator[str]:
    """A standby serves none: the tool's own proof of its files stands for it."""
    try:
        if rest(lab, node)["Server"]["State"] == 10:
            return
        if served(lab, node.name) != fingerprint(wanted / "Cluster_cert.pem"):
            yield f"{node.name} serves another certificate than the wanted one"
    except (OSError, HTTPException, ValueError) as error:
        yield f"{node.name} does not answer ({type(error).__name__})"


def _left(lab: Lab) -> Iterator[str]:
    """Of the tool, on the nodes: no lock, no stage, nothing half written."""
    for node in lab.nodes:
        for folder, below, files in os.walk(node.directory / "root"):
            for name in (*below, *files):
                path = Path(folder, name)
                if _is_left(path):
                    yield f"{node.name}: {path.relative_to(node.directory / 'root')} is left"


def _is_left(path: Path) -> bool:
    if path.name.endswith((".part", ".fab-tls")) and path.name != WORK:
        return True
    if WORK not in path.parts:
        return False
    within = path.parts[path.parts.index(WORK) + 1 :]
    return (len(within) == 1 and within[0].startswith("lock")) or (
        len(within) == 2 and within[1] not in _STAYS
    )


def _seen(driver: Driver, seen: Watched) -> Iterator[str]:
    """On the way: pairs on the disks, and keys where nobody may have them."""
    pairs = 1 if "had changed nothing" in driver.said[-1].stdout else 2  # before and after
    if seen.looks < 10 or len(seen.pairs) < pairs:
        yield f"the disks were hardly looked at: {seen.looks} looks, {len(seen.pairs)} pairs"
    for name in sorted(seen.mismatched):
        yield f"{name}: a key lay beside a certificate that is not its own"
    for process in sorted(seen.told):
        yield f"process {process} had a key in its arguments"
    pieces = {piece for key, _ in seen.pairs for piece in secret_pieces(key)}
    for place, content in _told(driver):
        if any(piece in content for piece in pieces) or b"PRIVATE KEY-----" in content:
            yield f"{place} holds a key"


def _told(driver: Driver) -> Iterator[tuple[str, bytes]]:
    """What the tool has said, and everything it wrote on the operator's machine."""
    for said in driver.said:
        yield f"what fab {said.what} said", f"{said.stdout}{said.stderr}".encode()
    for root in (driver.rig.lab.directory / "runs", driver.rig.home):
        for path in root.rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()
