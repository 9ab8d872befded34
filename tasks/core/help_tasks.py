"""What each task is for, in one line, and how it is typed: what `fab --list` and `fab --help TASK` show.

Every task is here once; a test holds that against the tasks that there are, and every example against their
options.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_LINE = 46  # beside the longest name, on a screen of 80 columns


@dataclass(frozen=True, slots=True)
class Example:
    """One command as it is typed, and what it is good for."""

    command: str
    says: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One task."""

    task: str
    line: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks of one purpose."""

    title: str
    entries: tuple[Entry, ...]


def _entry(task: str, line: str, *examples: tuple[str, str]) -> Entry:
    return Entry(task, line, tuple(Example(f"fab {task} {words}".strip(), says) for words, says in examples))


_LOOK = Group(
    "Look: changes nothing",
    (
        _entry(
            "doctor",
            "is this machine fit, is each node in reach",
            ("", "this machine, the inventory, and the way to every node"),
            ("--cluster production", "only the nodes of one cluster"),
            ("--json", "for a script: exit 0 if nothing is wrong, else 3"),
        ),
        _entry(
            "status",
            "one screen: roles, states, counts, certificates",
            ("", "the only cluster of inventory.yaml"),
            ("--inventory prod.yaml --cluster north", "one of several, of another inventory"),
            ("--json", "for a script: exit 0 if it is healthy, else 6"),
        ),
        _entry(
            "check",
            "everything that is wrong, each with a remedy",
            ("", "nodes, files, credential sets; exit 3 where something is wrong"),
            ("--ignore clock", "that finding is shown, and stops nothing"),
        ),
        _entry(
            "config.show",
            "what server.cfg makes each server read",
            ("", "all nodes side by side"),
            ("--node gw-b", "only this one"),
        ),
        _entry(
            "cluster.show", "every node's ClusterMembership, side by side", ("", "differences are marked")
        ),
        _entry(
            "upgrade.plan",
            "what an upgrade to Eclipse Amlen takes, in order",
            ("", "on the screen"),
            ("--output upgrade.txt", "into a file"),
        ),
    ),
)
_MIGRATE = Group(
    "Plan and migrate",
    (
        _entry(
            "plan",
            "what migrate-cluster would do, step by step",
            ("", "the strategy, what it costs, every step, a fingerprint"),
            ("--strategy prescribed --observer gw-c", "by the documented procedure, gw-c restarted last"),
        ),
        _entry(
            "migrate-cluster",
            "change the credentials, proven on the wire",
            ("", "shows the plan, asks once, then runs"),
            ("--approve 0123456789ab", "only the plan with this fingerprint: for a change ticket"),
            ("--resume", "goes on after any interruption, Ctrl-C or kill -9 included"),
            ("--until 1", "stops when the first round is complete; --resume does the others"),
            ("--break-lock RUN", "gives up a run and frees its lock on every node"),
        ),
        _entry(
            "restart",
            "restart one member, gated",
            ("gw-a", "a pair's standby first; in sync again, then its primary"),
            ("gw-d --node gw-d2", "only this node of the pair"),
            ("gw-a --plan", "shows what would be done"),
        ),
        _entry(
            "restart-standbys",
            "restart each pair's standby in turn, gated",
            ("", "of all pairs"),
            ("--member gw-d", "of this pair"),
        ),
        _entry(
            "config.keystore",
            "have the servers read another keystore",
            ("/srv/amlen/keystore", "carries all of the old one along; restarts nothing"),
            ("/srv/amlen/keystore --node gw-b --plan", "shows what would be done on one node"),
        ),
    ),
)
_BACK = Group(
    "Go back and recover",
    (
        _entry(
            "rollback",
            "go back to what was there before a run",
            ("", "before the newest migration, complete or not"),
            ("--run RUN", "before another one"),
            ("--plan", "shows the way back"),
        ),
        _entry(
            "recover",
            "mend a server that does not come back",
            ("gw-b", "shows what it saw and would do, then asks"),
            ("gw-b --plan", "only shows it"),
        ),
    ),
)
_CREDENTIALS = Group(
    "Credentials",
    (
        _entry(
            "credentials.create",
            "make key, certificate and CA file",
            ("", "one self-signed set for all members"),
            ("--kind ca", "a CA of the cluster's own, and a leaf per member"),
            ("--use ha", "of the pairs' HA channel"),
        ),
        _entry(
            "credentials.renew",
            "new leafs with new keys of the same CA",
            ("", "of every member"),
            ("--member gw-a --days 365", "of one, for a year"),
        ),
        _entry(
            "credentials.request",
            "make keys, and requests for a PKI to sign",
            ("--kind member --organization Example", "one request per member"),
        ),
        _entry(
            "credentials.import",
            "sort what the PKI sent into sets",
            ("answer.p7b", "PEM, DER or PKCS#7, in any order, or a folder of such"),
        ),
        _entry(
            "credentials.crl",
            "make, place or remove a revocation list",
            ("--revoke gw-b", "makes the list; it does not keep the member out"),
            ("--place", "puts it on the nodes"),
        ),
        _entry(
            "credentials.inspect",
            "show certificates and their chains",
            ("", "here, on the disks and served, compared"),
            ("corporate.p7b", "of a file or folder; needs no inventory"),
        ),
        _entry(
            "credentials.expiry",
            "what ends when; for Nagios and Prometheus, too",
            ("", "exit 6 if something is critical or was not seen"),
            ("--warn 60 --crit 14 --nagios", "as a monitoring plugin"),
        ),
        _entry(
            "credentials.matrix",
            "who can connect to whom, step by step",
            ("", "now, after each step of the migration, at its end"),
        ),
    ),
)
_CLUSTER = Group(
    "Cluster and pairs",
    (
        _entry(
            "cluster.create",
            "form the cluster from single servers",
            ("--plan", "shows the steps"),
            ("", "asks once"),
        ),
        _entry(
            "cluster.join", "bring one member into the running cluster", ("gw-e", "touches no other member")
        ),
        _entry(
            "cluster.require-certificates",
            "set RequireCertificates, and restart, gated",
            ("true", "of every member"),
            ("false --member gw-a", "of one"),
        ),
        _entry("ha.create", "form an HA pair of two single servers", ("gw-d --primary gw-d1", "gw-d1 leads")),
        _entry(
            "ha.migrate",
            "change the credentials of the HA channel",
            ("gw-d", "of one pair"),
            ("--way documented --plan", "of all pairs, by the documented way: shows the steps"),
        ),
    ),
)
_RUNS = Group(
    "Runs",
    (
        _entry(
            "runs.list",
            "every run, its state, where its backups lie",
            ("", "of this machine and on the nodes"),
        ),
        _entry(
            "runs.show",
            "all that a run has left, here and on the nodes",
            ("", "the newest"),
            ("RUN", "another"),
        ),
        _entry(
            "runs.report",
            "a run's times, and who was away how long",
            ("", "the newest; no node is asked"),
            ("RUN --json", "another one, for a script"),
        ),
        _entry(
            "runs.clean",
            "wipe the backups of finished runs",
            ("", "older than 30 days, after showing which"),
            ("--run RUN", "of one run, whatever its age"),
        ),
    ),
)
_LAB = Group(
    "Lab: a rehearsal cluster on this machine",
    (
        _entry(
            "rehearse",
            "a whole migration on a fresh lab",
            ("", "up, create, check, status, migrate, down"),
            ("--strategy overlap --keep", "by another strategy; the lab stays"),
        ),
        _entry(
            "lab.up",
            "start one: real sshd, simulated gateways",
            ("", "three members and a pair, in .lab"),
            ("--dir /tmp/lab --members 2 --pairs 0", "a small one, elsewhere"),
        ),
        _entry("lab.status", "its processes", ("", "of .lab")),
        _entry(
            "lab.break",
            "inject a fault into a node of it",
            ("", "lists the faults"),
            ("--node gw-a --fault ssh-down", "breaks something"),
            ("--node gw-a --mend", "takes it back"),
        ),
        _entry(
            "lab.down", "end it and remove its directory", ("", "of .lab"), ("--dir /tmp/lab", "another one")
        ),
    ),
)
_HELP = Group(
    "Help",
    (
        _entry(
            "completion",
            "print the completion script of your shell",
            ("bash", "source it: names of clusters, members, nodes and runs are completed, too"),
            ("zsh", "the same for zsh"),
            ("fish", "the same for fish"),
        ),
    ),
)

GROUPS = (_LOOK, _MIGRATE, _BACK, _CREDENTIALS, _CLUSTER, _RUNS, _LAB, _HELP)


def entries() -> Iterator[Entry]:
    for group in GROUPS:
        yield from group.entries
