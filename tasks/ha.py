"""`fab ha.migrate` and `fab ha.create`: the HA channel of pairs."""

from __future__ import annotations

from invoke.collection import Collection

from tasks.boundary import Acting, acting_task


@acting_task(
    stop_after=False,
    positional=["member"],
    help={
        "member": "the HA pair; all of them, in turn, if none is named",
        "way": "auto | documented | overlap",
    },
)
def migrate(acting: Acting, member: str = "", way: str = "auto") -> None:
    """Change the credentials of a pair's HA channel (HA_*.pem); its nodes stay, or become, a pair."""
    from tasks.effects.ha_journeys import migrate_ha

    with acting.opened() as site:
        migrate_ha(
            site, member, acting.terms, way=way, again=acting.again, break_lock_of=acting.break_lock_of
        )


@acting_task(
    stop_after=False,
    positional=["member"],
    help={"member": "the pair of the inventory", "primary": "the node whose store and identity stay"},
)
def create(acting: Acting, member: str = "", primary: str = "") -> None:
    """Form the HA pair MEMBER of two single servers."""
    from tasks.effects.ha_journeys import create_pair

    with acting.opened() as site:
        create_pair(
            site,
            member,
            acting.terms,
            primary=primary,
            again=acting.again,
            break_lock_of=acting.break_lock_of,
        )


ns = Collection("ha")
ns.add_task(migrate)
ns.add_task(create)
