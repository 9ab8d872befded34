"""`fab cluster.create`, `fab cluster.join` and `fab cluster.show`."""

from __future__ import annotations

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import Acting, acting_task, opened, operator_task


@acting_task(help={})
def create(acting: Acting) -> None:
    """Form the inventory's cluster: credentials first, then the membership, then one restart after the other."""
    from tasks.effects.forming import creation, make_creation

    with acting.opened() as site:
        acting.run(site, creation(), make_creation)


@acting_task(positional=["member"], help={"member": "the member of the inventory"})
def join(acting: Acting, member: str = "") -> None:
    """Bring MEMBER into the running cluster; nobody else is configured or restarted."""
    from tasks.effects.forming import joining, make_joining, require_member

    with acting.opened() as site:
        require_member(site, member, open_run=acting.on_open_run)
        acting.run(site, joining(member), make_joining(member))


@operator_task()
def show(c: Context, inventory: str = "", cluster: str = "", json: bool = False) -> None:
    """Show the ClusterMembership of all nodes side by side, differences marked; changes nothing."""
    from tasks.effects.membership_view import show_membership

    with opened(inventory, cluster) as site:
        show_membership(site, json_wanted=json)


ns = Collection(create, join, show)
