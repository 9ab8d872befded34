"""What a target must fulfil before the first of its bytes is changed: DESIGN.md "The lab".

The suite breaks credentials on purpose. A cluster that anybody needs must never be its target.
"""

from __future__ import annotations

from collections.abc import Callable

from tasks.core.errors import UsageError
from tasks.core.model import Cluster, Node
from tasks.effects.site import Site

MARKER = "DISPOSABLE"
_DOC = "docs/conformance.md"


def require_disposable(cluster: Cluster) -> None:
    """Raises UsageError unless the inventory says that the cluster is disposable."""
    if not cluster.disposable:
        raise UsageError(
            f"{cluster.inventory} does not say that {cluster.key} is disposable; nothing was touched",
            remedy=f"only for servers that nobody needs: `disposable: true` beside its cluster_name; {_DOC}",
        )


def require_markers(site: Site) -> None:
    """Raises UsageError unless every node carries the marker file; all that do not are named."""
    absent = [node for node in site.cluster.nodes if not _is_marked(site, node)]
    if absent:
        names = ", ".join(node.name for node in absent)
        raise UsageError(
            f"no file {MARKER} in the data directory of {names}; nothing was touched",
            remedy=f"only on servers that nobody needs: touch {_marker(absent[0])} there; {_DOC}",
        )


def _is_marked(site: Site, node: Node) -> bool:
    return site.remote(node).run(("test", "-f", _marker(node)), privileged=True).exit_status == 0


def _marker(node: Node) -> str:
    return str(node.paths.data_dir / MARKER)


def require_confirmed(cluster: Cluster, *, given: str, ask: Callable[[str], str] | None) -> None:
    """Raises UsageError unless the cluster's name was given, or is typed now.

    Args:
        given: CONFIRM of the environment; "" if there is none.
        ask: Asks at the terminal; None where there is none.
    """
    again = f"make conformance INVENTORY=FILE CONFIRM={cluster.cluster_name}, or type it when asked"
    if not given and ask is None:
        raise UsageError(
            f"nobody confirmed that the credentials of {cluster.cluster_name} may be broken: "
            "CONFIRM is not set, and there is no terminal to ask; nothing was touched",
            remedy=again,
        )
    question = f"This breaks and restarts {cluster.cluster_name} many times. Type its name to go on: "
    typed = given or (ask(question) if ask else "")
    if typed.strip() != cluster.cluster_name:
        raise UsageError(
            f"confirmed was {typed.strip()!r}, wanted {cluster.cluster_name!r}; nothing was touched",
            remedy=again,
        )


def require_one_process(workers: object) -> None:
    """Raises UsageError where pytest would share one cluster among several workers (-n)."""
    if workers:
        raise UsageError(
            f"-n {workers}: several processes would break the same servers at once; nothing was touched",
            remedy="leave -n out (and of PYTEST_ADDOPTS)",
        )


def require_all(site: Site, *, given: str, ask: Callable[[str], str] | None) -> None:
    """The three guards in turn, the cheapest first; the last one asks a person."""
    require_disposable(site.cluster)
    require_markers(site)
    require_confirmed(site.cluster, given=given, ask=ask)
