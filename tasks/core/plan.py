"""A plan is data: which steps, in which order, and what every member must show after each.

The same plan always has the same fingerprint, so that a change ticket can name it.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


MIGRATE = "migrate-cluster"
Value = bool | int | str | None  # of a configuration key, as REST takes it
Configuration = dict[str, dict[str, Value]]  # object ("ClusterMembership") -> key -> value


class StepKind(StrEnum):
    CONFIGURE = "configure"  # POST a configuration to a node and read it back
    PLACE = "place"  # stage the files on a node and verify them there
    SWAP = "swap"  # make a member's staged files the live ones
    RESTART_STANDBY = "restart-standby"  # of a pair, then wait for sync
    RESTART = "restart"  # a single member, or the primary of a pair
    PROVE = "prove"  # every certificate on the wire, every count


RESTARTS = frozenset({StepKind.RESTART, StepKind.RESTART_STANDBY})


class Counts(Frozen):
    """What a member's Cluster status shows; the member itself is not counted."""

    connected: int
    disconnected: int

    def __str__(self) -> str:
        return f"{self.connected}/{self.disconnected}"


class Step(Frozen):
    """One thing to do, and the counts of every member once it is done.

    Members that `expected` leaves out take no part in the cluster yet: nothing is asked of them.
    """

    kind: StepKind
    target: str  # a node's name for PLACE and CONFIGURE, else a member's; the cluster's for PROVE
    expected: dict[str, Counts]
    round: int = 0  # where the same is done in several rolling restarts; from 1

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.target}" + (f"@{self.round}" if self.round else "")


class Target(Frozen):
    """What a member is to run with at the end."""

    files: dict[str, str]  # exact file name -> SHA-256 of its content
    leaf_sha256: str
    leaf_subject: str
    not_after: str


class Edit(Frozen):
    """A change of one node's server.cfg."""

    path: str
    keystore: str | None  # None: that line stays as it is
    truststore: str | None
    old_sha256: str
    new_sha256: str
    diff: str
    carried: tuple[str, ...]  # files of the old keystore that go along


class Plan(Frozen):
    """Everything that a run will do; no secrets."""

    cluster: str  # the inventory's key
    cluster_name: str
    strategy: str = ""
    why: str = ""
    observer: str = ""
    steps: tuple[Step, ...]
    targets: dict[str, Target]  # by member
    before: dict[str, str]  # node -> SHA-256 of the certificate it serves now, or "standby"
    edits: dict[str, Edit] = {}  # by node
    baseline: dict[str, Counts]  # by member, before the first step
    pairs: tuple[str, ...]
    addresses: dict[str, tuple[str, int]]  # node -> where its control port listens
    task: str = MIGRATE  # what the operator types: `fab TASK --resume` goes on with the run
    posts: dict[str, Configuration] = {}  # by the id of a CONFIGURE step
    notes: tuple[str, ...] = ()  # what the operator must know before saying yes

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits over the plan's whole content."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()
        return hashlib.sha256(content).hexdigest()[:12]

    @property
    def restarts(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind in RESTARTS)

    def difference(self, other: Plan) -> tuple[str, ...]:
        """One line per leaf of the plan that the other has otherwise; empty if they are the same."""
        mine, theirs = _leaves(self.model_dump(mode="json")), _leaves(other.model_dump(mode="json"))
        return tuple(
            f"{path}: {mine.get(path, '(absent)')} -> {theirs.get(path, '(absent)')}"
            for path in sorted(mine.keys() | theirs.keys())
            if mine.get(path) != theirs.get(path)
        )


def _leaves(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(str(key), item) for key, item in enumerate(value)]
    else:
        return {path: str(value)}
    return {
        leaf: text
        for key, item in items
        for leaf, text in _leaves(item, f"{path}.{key}" if path else key).items()
    }
