"""What a runbook has to know beside the plan and the inventory, and where a node's files lie by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.file_names import CA_FILE
from tasks.core.model import Cluster, HostFiles, Node, Via
from tasks.core.places import data_of
from tasks.core.plan import Edit, Plan
from tasks.core.snapshot import NodeFiles, Snapshot


@dataclass(frozen=True, slots=True)
class Ground:
    """One node, as it was seen: where its files are, and how its ports are reached."""

    keystore: PurePosixPath
    truststore: PurePosixPath
    server_cfg: PurePosixPath
    via: str


@dataclass(frozen=True)  # without slots: the fingerprint of a large plan is worked out once
class Setting:
    """All that a runbook is made from.

    Args:
        at: When it is written.
        grounds: By node; where one is missing, the inventory's paths, or those that the product ships with.
        sets: By member and file name, where the files of its new set lie on this machine.
    """

    plan: Plan
    cluster: Cluster
    at: datetime
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    sets: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        return self.plan.fingerprint

    def ground(self, node: Node) -> Ground:
        return self.grounds.get(node.name) or _by_inventory(node)

    def keystore(self, node: Node, *, round: int) -> PurePosixPath:
        """From the round that edits server.cfg on, where that leads; on the node's host."""
        change = self.edit(node, round=round)
        moved = change.keystore if change else None
        return on_host(node, PurePosixPath(moved) if moved else self.ground(node).keystore)

    def truststore(self, node: Node, *, round: int) -> PurePosixPath:
        """As `keystore`."""
        change = self.edit(node, round=round)
        moved = change.truststore if change else None
        return on_host(node, PurePosixPath(moved) if moved else self.ground(node).truststore)

    def edit(self, node: Node, *, round: int) -> Edit | None:
        """The change of its server.cfg, from the round on in which it is made."""
        change = self.plan.edits.get(node.name)
        return change if change and round >= self.plan.edit_rounds.get(node.name, 0) else None

    def config(self, node: Node) -> PurePosixPath:
        """server.cfg, on the node's host."""
        return on_host(node, self.ground(node).server_cfg)

    def certificates(self, node: Node) -> PurePosixPath:
        """The directory whose owner the files get, on the node's host."""
        return on_host(node, data_of(node) / "certificates")

    def stage(self, node: Node) -> PurePosixPath:
        """Where files wait on the node: outside of the tree that a pair syncs, beside it."""
        return on_host(node, data_of(node) / f".by-hand-{self.fingerprint}")

    def source(self, member: str, name: str, sha256: str) -> Path | None:
        """Where a file with this content lies here; None where the node has it already."""
        if self.plan.targets[member].files.get(name) == sha256:
            return self.sets.get(member, {}).get(name) or self.cluster.credentials / name
        return Path(bundle_name(sha256)) if name == CA_FILE and sha256 in self.plan.bundles else None


def bundle_name(sha256: str) -> str:
    """What a CA file that is in force for some rounds is called among the tools."""
    return f"ca-{sha256[:8]}.pem"


def grounds_of(snapshot: Snapshot) -> Mapping[str, Ground]:
    """Of the nodes whose files were seen, free of symbolic links."""
    found = {}
    for name, seen in snapshot.nodes.items():
        files = seen.files
        if isinstance(files, NodeFiles) and files.keystore and files.truststore:
            keystore, truststore = files.resolved(files.keystore), files.resolved(files.truststore)
            found[name] = Ground(keystore, truststore, files.cfg_path, seen.via)
    return found


def _by_inventory(node: Node) -> Ground:
    certificates = data_of(node) / "certificates"
    via = node.admin.via if node.admin.via is not Via.AUTO else Via.TUNNEL
    return Ground(
        node.paths.keystore or certificates / "keystore",
        node.paths.truststore or certificates / "truststore",
        node.paths.server_cfg,
        str(via),
    )


def on_host(node: Node, path: PurePosixPath) -> PurePosixPath:
    """The path to use where the commands run: of a container's volume, the host's."""
    volume = node.files_by.volume if isinstance(node.files_by, HostFiles) else None
    return (volume.on_host(path) or path) if volume else path
