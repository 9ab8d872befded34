"""A site whose nodes are directory trees of this machine: commands and files, no sshd, no server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.core.model import Member, Node
from tasks.effects.remote import Remote
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site
from tests.core.snapshots import cluster
from tests.effects.node_tree import Tree, tree


class TreeSite(Site):
    """Only what goes over SSH is answered."""

    def __init__(self, trees: Mapping[str, Tree], runs_dir: Path) -> None:
        members = tuple(Member(name, (one.remote.node,)) for name, one in trees.items())
        super().__init__(replace(cluster(*members), runs_dir=runs_dir), secrets=Secrets().resolve)
        self._trees = trees

    def remote(self, node: Node) -> Remote:
        return self._trees[node.name].remote

    def log_in(self, node: Node) -> float:
        """Commands run here without."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Nodes:
    """The trees by the names of their nodes, which are single members of the site's cluster."""

    trees: Mapping[str, Tree]
    site: TreeSite

    @property
    def remotes(self) -> list[Remote]:
        return [one.remote for one in self.trees.values()]

    @property
    def acting(self) -> dict[str, str]:
        return {name: one.acting for name, one in self.trees.items()}

    def elsewhere(self, runs_dir: Path) -> Nodes:
        """The same nodes as another machine sees them."""
        return Nodes(self.trees, TreeSite(self.trees, runs_dir))


@contextmanager
def nodes_of(*names: str, runs_dir: Path) -> Iterator[Nodes]:
    """Nodes as `tree` furnishes them; gone with the block."""
    with ExitStack() as stack:
        trees = {name: named(stack.enter_context(tree()), name) for name in names}
        yield Nodes(trees, TreeSite(trees, runs_dir))


def named(one: Tree, name: str) -> Tree:
    """The same tree as the node of that name, a single member."""
    node = replace(one.remote.node, name=name, member=name)
    return replace(one, remote=replace(one.remote, node=node))
