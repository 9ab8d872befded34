"""A plan is data: which steps, in which order, and what every member must show after each.

The same plan always has the same fingerprint, so that a change ticket can name it.
"""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict

from tasks.core.leaves import leaves
from tasks.core.step_kinds import RESTARTS, StepKind
from tasks.core.task_names import MIGRATE


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Value = bool | int | str | None  # of a configuration key, as REST takes it
Configuration = dict[str, dict[str, Value]]  # object ("ClusterMembership") -> key -> value


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
    # A node's name for PLACE, CONFIGURE, MOVE_KEYSTORE, PLACE_CRL and REMOVE_CRL, the cluster's for PROVE,
    # the value for PROVE_LISTENERS; else a member's.
    target: str
    expected: dict[str, Counts]
    round: int = 0  # where the same is done in several rolling restarts; from 1

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.target}" + (f"@{self.round}" if self.round else "")


class Target(Frozen):
    """What a member is to run with at the end."""

    files: dict[str, str]  # exact file name -> SHA-256 of its content, or ABSENT
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


class PlanRound(Frozen):
    """One rolling restart of several; they are numbered from 1."""

    what: str  # in the operator's words
    targets: dict[str, Target]  # by member, what it runs with after the round; of every member
    accepts: dict[str, tuple[str, ...]]  # by member: whom its process then names as acceptable
    moving: tuple[str, ...]  # the members that are restarted in it


class Choice(Frozen):
    """A strategy, and what it would cost here, or why it is not possible."""

    strategy: str
    rounds: int = 0
    restarts: int = 0  # of server processes
    waiting_s: int = 0
    apart_s: int = 0  # while members other than the restarting one are apart
    reconnects: int = 0  # the most that the clients of a member do
    refused: str = ""


class ListChange(Frozen):
    """What becomes of one node's revocation list; a SHA-256 of None is no file."""

    name: str  # below the truststore: "Cluster_crl/crl.pem"
    old_sha256: str | None
    new_sha256: str | None


class TrustStage(Frozen):
    """Who is connected with whom after a step."""

    after: str  # "now", or the step's id
    groups: tuple[tuple[str, ...], ...]  # members that hang together, directly or by way of others
    one_way: tuple[tuple[str, str], ...] = ()  # connected by this direction only: who dials, who accepts
    apart: tuple[tuple[str, str], ...] = ()  # in one group, and not connected with each other


_NEWER = (
    "trust",
    "lists",
    "rounds",
    "edit_rounds",
    "bundles",
    "choices",
    "options",
    "undoes",
    "files_before",
    "builtins",
    "gates",
)


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
    command: str = ""  # the task with what was typed beside it: "cluster.join gw-d"
    posts: dict[str, Configuration] = {}  # by the id of a CONFIGURE step
    ha_files: dict[
        str, dict[str, str]
    ] = {}  # by the id of an HA step: files it stages or leaves live -> SHA-256
    ha_addresses: dict[str, tuple[str, int]] = {}  # node -> where it listens for the other node of its pair
    notes: tuple[str, ...] = ()  # what the operator must know before saying yes
    pinned: dict[str, str] = {}  # by the id of a restart in a pair: the node that it must be
    trust: tuple[TrustStage, ...] = ()  # now, and after each step that changes it
    lists: dict[str, ListChange] = {}  # by node
    rounds: tuple[PlanRound, ...] = ()  # where there are several; of one only, `targets` says all
    edit_rounds: dict[
        str, int
    ] = {}  # by node: server.cfg is edited in the round of its new pair; 0 of an only one
    bundles: dict[str, str] = {}  # CA files that are in force for some rounds only: SHA-256 -> PEM
    options: str = ""  # that were typed and make it this plan: "--strategy overlap"
    choices: tuple[Choice, ...] = ()  # the strategies, the chosen one first
    undoes: str = ""  # the run whose backups are put back
    files_before: dict[
        str, dict[str, str]
    ] = {}  # by node: file name -> SHA-256 or ABSENT, before the first step
    gates: dict[str, str] = {}  # by member that is restarted: the operator's own gates, in words
    builtins: dict[str, str] = {}  # built-in certificates that members served before: SHA-256 -> PEM

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits over the whole content; a plan that is silent of newer parts keeps its own."""
        silent = {name for name in _NEWER if not getattr(self, name)}
        content = json.dumps(self.model_dump(mode="json", exclude=silent), sort_keys=True).encode()
        return hashlib.sha256(content).hexdigest()[:12]

    @property
    def subject(self) -> str:
        """What was typed right after the task, "gw-d" of "cluster.join gw-d"; "" if nothing was."""
        return subject_of(self.command)

    def target_after(self, member: str, *, round: int) -> Target:
        """What the member runs with after that round; of a step without rounds, at the end."""
        return self.rounds[round - 1].targets[member] if round and self.rounds else self.targets[member]

    @property
    def restarts(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind in RESTARTS)

    def difference(self, other: Plan) -> tuple[str, ...]:
        """One line per leaf of the plan that the other has otherwise; empty if they are the same."""
        mine, theirs = leaves(self.model_dump(mode="json")), leaves(other.model_dump(mode="json"))
        return tuple(
            f"{path}: {mine.get(path, '(absent)')} -> {theirs.get(path, '(absent)')}"
            for path in sorted(mine.keys() | theirs.keys())
            if mine.get(path) != theirs.get(path)
        )


def subject_of(command: str) -> str:
    """The positional argument of a command; options are not looked at."""
    word = next(iter(command.split()[1:2]), "")
    return "" if word.startswith("-") else word
