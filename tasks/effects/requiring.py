"""`fab cluster.require-certificates`: the journey, and the look at whom a messaging listener lets in."""

from __future__ import annotations

from collections.abc import Callable

from tasks.core.errors import OperatorError
from tasks.core.model import Member
from tasks.core.require_certificates import (
    TASK,
    InForce,
    configured,
    members_meant,
    plan_requirement,
    shows_it,
    wanted_value,
)
from tasks.core.restart_plan import RESTART
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.effects.journey import Journey, run_task
from tasks.effects.listeners import listener_requires
from tasks.effects.operations import show_members, show_plan
from tasks.effects.prepare import Prepared
from tasks.effects.restarts import prepared_for_restart
from tasks.effects.site import Site
from tasks.effects.terms import Terms

_AGREE_TO_FALSE = ("Listeners will take peers without certificates. Type false to go on: ", "false")
_AGREE = ("Run this plan now? Type yes to go on: ", "yes")


def require_certificates(
    site: Site, word: str, member: str, terms: Terms, *, again: bool = False, break_lock_of: str = ""
) -> None:
    """Set RequireCertificates on every node of the cluster or of a member, and restart, gated.

    Raises:
        UsageError: Neither true nor false; no such member; false with --yes alone.
        Refused: The cluster is not fit for restarts.
    """
    fresh = not (again or break_lock_of)
    value = wanted_value(word) if fresh else True
    members = members_meant(site.cluster, member, value=value) if fresh else ()
    in_force: dict[str, bool] = {}
    command = " ".join(filter(None, (TASK, word, f"--member {member}" if member else "")))

    def look(site: Site) -> Prepared:
        prepared = _prepared(site, members, command if fresh else "")
        in_force.update(_in_force(site, prepared.snapshot, members, value=value))
        return prepared

    run_task(
        site,
        _journey(look, command, value=value),
        lambda prepared: plan_requirement(prepared.snapshot, value=value, members=members, in_force=in_force),
        terms,
        again=again,
        break_lock_of=break_lock_of,
    )


def _journey(look: Callable[[Site], Prepared], command: str, *, value: bool) -> Journey:
    return Journey(
        task=TASK,
        command=command,
        prepare=look,
        show=show_plan,
        conclude=show_members,
        question=_AGREE if value else _AGREE_TO_FALSE,
        yes_suffices=value,
    )


def _prepared(site: Site, members: tuple[Member, ...], command: str) -> Prepared:
    """Credentials are not this task's: what a restart would change of them is refused here."""
    loads = {member.name: f"fab {RESTART} {member.name} --load-pending" for member in members}
    nodes = tuple(node for member in members for node in member.nodes)
    return prepared_for_restart(site, nodes, command=command, load_pending=False, again=loads)


def _in_force(site: Site, snapshot: Snapshot, members: tuple[Member, ...], *, value: bool) -> InForce:
    """What the listeners do whose nodes are set to the value already: were they restarted since?"""
    asked = [
        seen
        for seen in (snapshot.active(member) for member in members)
        if shows_it(seen) and configured(seen) is value
    ]
    found = site.pool.map(lambda seen: _required(site, seen), asked)
    return {
        seen.node.name: required for seen, required in zip(asked, found, strict=True) if required is not None
    }


def _required(site: Site, seen: NodeSnapshot) -> bool | None:
    """Whether the node's messaging listener wants a certificate; None if it could not be asked."""
    try:
        return listener_requires(site, seen)
    except OperatorError:
        return None
