"""Where keystores and truststores shall be: the operator's words, and the cluster as if the inventory said so."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.inventory_types import RemotePath
from tasks.core.model import Cluster, Node, Paths
from tasks.core.nearest import one_of
from tasks.core.plan import Plan

DATA = "DATA"  # at the beginning of a path: each node's own data directory
_PATH: TypeAdapter[PurePosixPath] = TypeAdapter(RemotePath)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked for on the command line.

    Args:
        keystore: Absolute, or DATA/...; both are the server's own paths.
        truststore: The same; "" leaves it where it is.
        node: One node, or "" for all.
    """

    keystore: str
    truststore: str = ""
    node: str = ""

    @property
    def command(self) -> str:
        """What the operator types after `fab`, without options that only say how to run it."""
        options = [
            part for name in ("truststore", "node") if (v := getattr(self, name)) for part in (f"--{name}", v)
        ]
        return shlex.join(["config.keystore", self.keystore, *options])


def chosen_nodes(cluster: Cluster, wanted: str) -> tuple[Node, ...]:
    """The nodes whose server.cfg is to be changed.

    Raises:
        UsageError: There is no node of that name.
    """
    found = tuple(node for node in cluster.nodes if wanted in ("", node.name))
    if not found:
        names = [node.name for node in cluster.nodes]
        raise UsageError(f"--node {wanted} is no node of {cluster.key}", remedy=one_of(wanted, names))
    return found


def wished(cluster: Cluster, wish: Wish) -> Cluster:
    """The cluster as if the inventory named the new places of the chosen nodes.

    Raises:
        UsageError: No such node; a path that no server.cfg can hold.
    """
    places = {node.name: _paths(node, wish) for node in chosen_nodes(cluster, wish.node)}
    return _with_paths(cluster, places)


def as_planned(cluster: Cluster, plan: Plan) -> Cluster:
    """The cluster as if the inventory named the places of this plan; what does not move stays unsaid."""
    places = {
        node.name: replace(node.paths, keystore=_or_none(edit.keystore), truststore=_or_none(edit.truststore))
        for node in cluster.nodes
        if (edit := plan.edits.get(node.name)) is not None
    }
    return _with_paths(cluster, places)


def _or_none(path: str | None) -> PurePosixPath | None:
    return None if path is None else PurePosixPath(path)


def _with_paths(cluster: Cluster, places: dict[str, Paths]) -> Cluster:
    members = tuple(
        replace(m, nodes=tuple(replace(n, paths=places.get(n.name, n.paths)) for n in m.nodes))
        for m in cluster.members
    )
    return replace(cluster, members=members)


def _paths(node: Node, wish: Wish) -> Paths:
    truststore = _resolved(node, wish.truststore, what="--truststore") if wish.truststore else None
    return replace(node.paths, keystore=_resolved(node, wish.keystore, what="PATH"), truststore=truststore)


def _resolved(node: Node, text: str, *, what: str) -> PurePosixPath:
    head, slash, rest = text.partition("/")
    whole = f"{node.paths.data_dir}/{rest}" if head == DATA and slash else text
    try:
        return _PATH.validate_python(whole)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0].get("ctx", {})
        problem, remedy = reason.get("problem", "cannot be used"), reason.get("remedy", "correct it")
        raise UsageError(
            f"{what} {problem}", remedy=f"{remedy}; {DATA}/... is below each node's data directory"
        ) from error


def other_places(cluster: Cluster, wish: Wish) -> Iterator[tuple[Node, str, PurePosixPath, PurePosixPath]]:
    """Where the inventory says another place than is wished: node, key, the inventory's, the wished one."""
    new = {node.name: node.paths for node in wished(cluster, wish).nodes}
    for node in chosen_nodes(cluster, wish.node):
        for key, said, wanted in (
            ("keystore", node.paths.keystore, new[node.name].keystore),
            ("truststore", node.paths.truststore, new[node.name].truststore),
        ):
            if said is not None and wanted is not None and said != wanted:
                yield node, key, said, wanted
