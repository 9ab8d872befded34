"""`fab credentials.*`: make credential sets on this machine."""

from __future__ import annotations

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import operator_task
from tasks.effects.console import say, show_table
from tasks.effects.creation import Order, create_sets, created_table
from tasks.effects.inventory_file import open_inventory

HELP = {
    "kind": "shared: one self-signed set for all members; ca: a CA and a leaf per member",
    "days": "validity of the shared certificate or the leafs",
    "ca-days": "validity of the CA",
    "organization": "O of every subject",
    "use": "cluster: of the members (Cluster_*.pem); ha: of the pairs' HA channel (HA_*.pem), a set per pair",
    "force": "overwrite sets that are there",
}


@operator_task(help=HELP)
def create(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    kind: str = "shared",
    days: int = 825,
    ca_days: int = 3650,
    organization: str = "",
    use: str = "cluster",
    force: bool = False,
) -> None:
    """Make key, certificate and CA file for every member, 0600, on this machine only."""
    chosen = open_inventory(inventory or None, cluster or None)
    order = Order(kind, days, ca_days, organization, use)
    sets, written = create_sets(chosen, order, force=force)
    show_table(created_table(chosen, sets))
    say(f"{len(written)} files written -> {'fab ha.migrate --plan' if use == 'ha' else 'fab check'}")


ns = Collection("credentials")
ns.add_task(create)
