"""`fab restart` and `fab restart-standbys`."""

from __future__ import annotations

from tasks.boundary import Acting, acting_task

PENDING = {"load-pending": "load what was put on the disk since the last start, too"}


@acting_task(
    positional=["member"],
    help={"member": "the member: a server, or an HA pair", "node": "only this node of the pair", **PENDING},
)
def restart(acting: Acting, member: str = "", node: str = "", load_pending: bool = False) -> None:
    """Restart MEMBER, gated: a pair's standby first, in sync again, then its primary."""
    from tasks.core.restart_plan import RestartWish
    from tasks.effects.restarts import restart_member

    wish = RestartWish(member, node, load_pending)
    with acting.opened() as site:
        restart_member(site, wish, acting.terms, again=acting.again, break_lock_of=acting.break_lock_of)


@acting_task(help={"member": "only this pair's standby", **PENDING})
def restart_standbys(acting: Acting, member: str = "", load_pending: bool = False) -> None:
    """Restart each pair's standby in turn, and wait until the pair is in sync again."""
    from tasks.effects.restarts import restart_standbys as _restart_standbys

    with acting.opened() as site:
        _restart_standbys(
            site,
            member,
            acting.terms,
            load_pending=load_pending,
            again=acting.again,
            break_lock_of=acting.break_lock_of,
        )
