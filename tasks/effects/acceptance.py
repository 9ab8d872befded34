"""Every new set shown to every running member, in parallel over the nodes."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.acceptance import Observed, Try, tries
from tasks.core.credential_set import CredentialSet
from tasks.core.snapshot import Snapshot
from tasks.effects.handshakes import dialing_context
from tasks.effects.site import Site
from tasks.effects.wire_client import present


def observe(site: Site, snapshot: Snapshot, sets: Mapping[str, CredentialSet]) -> tuple[Observed, ...]:
    """Whom each running process lets in today; a node that cannot be asked says why."""
    by_node: dict[str, list[Try]] = {}
    for one in tries(snapshot, sets):
        by_node.setdefault(one.node, []).append(one)
    contexts = {one: dialing_context(one) for one in dict.fromkeys(sets.values())}

    def ask(node: str) -> tuple[Observed, ...]:
        where = site.cluster.node(node)
        remote, via = site.remote(where), site.admin(where).via
        address = snapshot.nodes[node].control_address
        return tuple(
            present(remote, address, one, context=contexts[one.wanted], via=via) for one in by_node[node]
        )

    return tuple(one for found in site.pool.map(ask, by_node) for one in found)
