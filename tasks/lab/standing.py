"""The roles of a pair's nodes, and what a node knows about its pair at a moment."""

from __future__ import annotations

from enum import StrEnum

from tasks.core.dataclass import dataclass


class Role(StrEnum):
    PRIMARY = "PRIMARY"
    STANDBY = "STANDBY"
    UNSYNC = "UNSYNC"
    UNSYNC_ERROR = "UNSYNC_ERROR"
    HADISABLED = "HADISABLED"


class Reason(StrEnum):
    """ReasonCode, as the number that REST shows; only those that happen here."""

    NONE = "0"
    CONFIG_ERROR = "1"
    DISCOVERY_TIMEOUT = "2"
    SPLIT_BRAIN = "3"
    SYNC_ERROR = "4"
    UNRESOLVED_STORE = "5"
    GROUP_MISMATCH = "7"


@dataclass(frozen=True, slots=True)
class Standing:
    """What one node knows about the pair at a moment."""

    role: Role
    old_role: Role
    active_nodes: int = 0
    sync_nodes: int = 0
    percent: int = -1
    reason: Reason = Reason.NONE
    detail: str = ""  # what ReasonString begins with
    remote_name: str = ""
