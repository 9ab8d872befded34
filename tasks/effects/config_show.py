"""`fab config.show`: look at server.cfg and at what it names, on every node; changes nothing."""

from __future__ import annotations

from tasks.core.config_shown import ShownNode, shown_node
from tasks.core.config_table import config_table
from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError, RemoteError
from tasks.core.findings import Finding, Severity
from tasks.core.json_text import json_text
from tasks.core.keystore_wish import chosen_nodes
from tasks.core.model import Node
from tasks.core.render import findings_lines
from tasks.core.snapshot import NodeFiles, Unseen
from tasks.effects.console import say, show_table
from tasks.effects.folders import look_at_folders
from tasks.effects.look import look_at_node
from tasks.effects.site import Site


@dataclass(frozen=True, slots=True)
class ShownConfig:
    """What `--json` shows: the nodes that were looked at, and by name why the others were not."""

    nodes: tuple[ShownNode, ...]
    unseen: dict[str, Unseen]


def show_config(site: Site, *, node: str = "", json_wanted: bool = False) -> None:
    """What each server reads and from where, all nodes side by side; then what is wrong with it.

    Raises:
        UsageError: There is no such node.
        RemoteError: A node could not be looked at; the others are shown.
    """
    chosen = chosen_nodes(site.cluster, node)
    seen = dict(zip((n.name for n in chosen), site.pool.map(lambda n: _look(site, n), chosen), strict=True))
    shown = tuple(one for one in seen.values() if isinstance(one, ShownNode))
    lost = {name: one for name, one in seen.items() if isinstance(one, Unseen)}
    if json_wanted:
        say(json_text(ShownConfig(shown, lost)), verbatim=True)
    else:
        if shown:
            show_table(config_table(site.cluster.key, shown))
        for line in findings_lines((*(f for one in shown for f in one.findings), *_unseen(lost))):
            say(line)
    if lost:
        raise RemoteError(f"no look at {', '.join(lost)}", remedy="fab check")


def _unseen(lost: dict[str, Unseen]) -> tuple[Finding, ...]:
    return tuple(
        Finding("unseen", Severity.ERROR, name, one.problem, one.remedy) for name, one in lost.items()
    )


def _look(site: Site, node: Node) -> ShownNode | Unseen:
    seen = look_at_node(site, node).snapshot
    if not isinstance(seen.files, NodeFiles):
        return seen.files
    named = [path for path in (seen.files.keystore, seen.files.truststore) if path]
    try:
        found = look_at_folders(site.remote(node), seen.files, named)
    except OperatorError as error:
        return Unseen(error.problem, error.remedy)
    return shown_node(seen, seen.files, found.by_path, times=found.cfg)
