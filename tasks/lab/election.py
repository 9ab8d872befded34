"""Which of two nodes becomes the primary, by what each tells of itself.

Source:
    Eclipse Amlen, storeHighAvailability.c, cip_check_req_msgs.
"""

from __future__ import annotations

from tasks.core.dataclass import dataclass
from tasks.lab.claim import Claim
from tasks.lab.standing import Reason, Role


@dataclass(frozen=True, slots=True)
class Outcome:
    """The role of each, and why where a node is refused."""

    mine: Role
    theirs: Role
    reason: Reason = Reason.NONE
    detail: str = ""


def elect(mine: Claim, theirs: Claim) -> Outcome:
    """Both ends come to the same result, each from its side."""
    refusal = _refusal(mine, theirs)
    if mine.is_primary or theirs.is_primary:
        return _beside_a_primary(mine, theirs, refusal)
    if refusal is not None:
        return Outcome(Role.UNSYNC_ERROR, Role.UNSYNC_ERROR, *refusal)
    leads = _leads(mine, theirs)
    if leads is None:
        return Outcome(Role.UNSYNC_ERROR, Role.UNSYNC_ERROR, Reason.UNRESOLVED_STORE)
    return Outcome(*((Role.PRIMARY, Role.STANDBY) if leads else (Role.STANDBY, Role.PRIMARY)))


def _beside_a_primary(mine: Claim, theirs: Claim, refusal: tuple[Reason, str] | None) -> Outcome:
    """The primary stays what it is; the other one follows it, with whatever its store held lost."""
    if mine.is_primary and theirs.is_primary:
        return Outcome(Role.UNSYNC_ERROR, Role.UNSYNC_ERROR, Reason.SPLIT_BRAIN)
    other = Role.STANDBY if refusal is None else Role.UNSYNC_ERROR
    roles = (Role.PRIMARY, other) if mine.is_primary else (other, Role.PRIMARY)
    return Outcome(*roles, *(refusal or (Reason.NONE, "")))


def _refusal(mine: Claim, theirs: Claim) -> tuple[Reason, str] | None:
    if not (mine.can_be_primary or theirs.can_be_primary):
        return Reason.SYNC_ERROR, ""
    if any(one.stand_alone and not one.is_primary for one in (mine, theirs)):
        return Reason.SPLIT_BRAIN, ""
    if mine.in_cluster != theirs.in_cluster:
        return Reason.CONFIG_ERROR, "Cluster.EnableClusterMembership"
    if mine.group != theirs.group:
        return Reason.GROUP_MISMATCH, theirs.group
    return None


def _leads(mine: Claim, theirs: Claim) -> bool | None:
    """Whether mine becomes the primary; None where two stores hold data and neither is the later one."""
    if mine.can_be_primary != theirs.can_be_primary:
        return mine.can_be_primary
    if mine.has_data and theirs.has_data:
        return _later(mine, theirs)
    if mine.has_data != theirs.has_data:
        return mine.has_data
    if mine.preferred != theirs.preferred:
        return mine.preferred
    return mine.node > theirs.node


def _later(mine: Claim, theirs: Claim) -> bool | None:
    for one, other in ((mine, theirs), (theirs, mine)):
        if one.was_primary and not other.was_primary and not other.preferred:
            return one is mine
    same = mine.session == theirs.session != ""
    return mine.sessions > theirs.sessions if same and mine.sessions != theirs.sessions else None
