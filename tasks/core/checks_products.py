"""Checks of product and version: who can use credentials of its own, and whether the inventory fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from tasks.core.findings import Finding, Severity
from tasks.core.model import Product
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot
from tasks.core.status import NodeStatus
from tasks.core.versions import NAMES, Version, parse_version


def product_checks(snapshot: Snapshot) -> Iterator[Finding]:
    """All checks of this module, node by node."""
    for seen in snapshot.nodes.values():
        if isinstance(seen.status, NodeStatus):
            version = parse_version(seen.status.server.version)
            yield from _product(seen, version)
            yield from _old(seen, version)
        yield from _ifix(seen)
        if isinstance(seen.files, NodeFiles):
            yield from _real_paths(seen, seen.files)


def _product(seen: NodeSnapshot, version: Version) -> Iterator[Finding]:
    said = seen.node.product
    if version.product is None:
        text = f"Server.Version is {version.text!r}: neither {' nor '.join(NAMES.values())}"
        remedy = "its behaviour is not known here: try it on a rehearsal copy before production"
        yield _finding(Severity.WARNING, "version-unknown", seen, text, remedy)
    elif version.product is not said:
        yield _finding(
            Severity.ERROR,
            "product",
            seen,
            f"runs {version.short}, which is {NAMES[version.product]}, but the inventory says "
            f"`product: {said}`: paths and unit would be wrong",
            f"set `product: {version.product}` of the node in the inventory (and its `data_dir:` if that differs)",
        )


def _old(seen: NodeSnapshot, version: Version) -> Iterator[Finding]:
    if version.has_builtin_only:
        yield _finding(
            Severity.ERROR,
            "version",
            seen,
            f"runs {version.short}: MessageSight 2.0 cannot use credentials of its own, only the built-in pair",
            "bring it to Message Gateway 5.0.0.2 with the latest iFix or to Eclipse Amlen first: fab upgrade.plan",
        )
    elif version.is_too_old:
        yield _finding(
            Severity.ERROR,
            "version",
            seen,
            f"runs {version.short}: credentials of its own need Message Gateway 5.0.0.2 with the latest iFix",
            "install that first, or Eclipse Amlen: fab upgrade.plan",
        )
    elif version.is_open and seen.node.ifix_confirmed:
        text = (
            f"runs {version.short}, which names no fix pack; the inventory vouches for 5.0.0.2 and its iFix"
        )
        remedy = "if in doubt: rpm -q IBMWIoTPMessageGatewayServer on the node"
        yield _finding(Severity.INFO, "version-open", seen, text, remedy)


def _ifix(seen: NodeSnapshot) -> Iterator[Finding]:
    if seen.node.product is Product.MESSAGESIGHT and not seen.node.ifix_confirmed:
        yield _finding(
            Severity.ERROR,
            "ifix-unconfirmed",
            seen,
            "Message Gateway reads credentials of its own only from 5.0.0.2 with the latest iFix on, "
            "and REST does not tell the iFix",
            "see on the node that it is installed, then set `ifix_confirmed: true` for it in the inventory",
        )


def _real_paths(seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    linked = dict(sorted((pair for pair in files.real.items() if pair[0] != pair[1]), key=str))
    shown = [f"{path} is really {real}" for path, real in linked.items() if not _follows(path, real, linked)]
    if shown:
        text = f"symbolic links on the way: {'; '.join(shown)}"
        remedy = "nothing to do: files go to where the links lead, and the links stay"
        yield _finding(Severity.INFO, "real-paths", seen, text, remedy)


def _follows(path: PurePosixPath, real: PurePosixPath, linked: Mapping[PurePosixPath, PurePosixPath]) -> bool:
    """Whether it is said already by a directory above it."""
    return any(
        path != above and path.is_relative_to(above) and real == target / path.relative_to(above)
        for above, target in linked.items()
    )


def _finding(severity: Severity, name: str, seen: NodeSnapshot, problem: str, remedy: str) -> Finding:
    return Finding(name, severity, seen.node.name, problem, remedy)
