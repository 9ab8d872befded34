"""What each task is for, in one line, and how it is typed: what `fab --list` and `fab --help TASK` show.

Every task is here once; a test holds that against the tasks that there are, and every example against their
options.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.help_entry import Entry, Group, entry_of
from tasks.core.help_tools import CREDENTIALS, HELP, LAB, RUNS

_LOOK = Group(
    "Look: changes nothing",
    (
        entry_of(
            "doctor",
            "is this machine fit, is each node in reach",
            ("", "this machine, the inventory, and the way to every node"),
            ("--cluster production", "only the nodes of one cluster"),
            ("--json", "for a script: exit 0 if nothing is wrong, else 3"),
        ),
        entry_of(
            "status",
            "one screen: roles, states, counts, certificates",
            ("", "the only cluster of inventory.yaml"),
            ("--inventory prod.yaml --cluster north", "one of several, of another inventory"),
            ("--json", "for a script: exit 0 if it is healthy, else 6"),
            ("--watch", "again and again in place, changes marked, until Ctrl-C"),
            ("--nagios", "as a monitoring plugin"),
        ),
        entry_of(
            "check",
            "everything that is wrong, each with a remedy",
            ("", "nodes, files, credential sets; exit 3 where something is wrong"),
            ("--ignore clock", "that finding is shown, and stops nothing"),
        ),
        entry_of(
            "config.show",
            "what server.cfg makes each server read",
            ("", "all nodes side by side"),
            ("--node gw-b", "only this one"),
        ),
        entry_of(
            "cluster.show", "every node's ClusterMembership, side by side", ("", "differences are marked")
        ),
        entry_of(
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
        entry_of(
            "plan",
            "what migrate-cluster would do, step by step",
            ("", "the strategy, what it costs, every step, a fingerprint"),
            ("--strategy prescribed --observer gw-c", "by the documented procedure, gw-c restarted last"),
            ("--runbook RUNBOOK.md", "also as a document for the change ticket, each step by hand as well"),
        ),
        entry_of(
            "migrate-cluster",
            "change the credentials, proven on the wire",
            ("", "shows the plan, asks once, then runs"),
            ("--approve 0123456789ab", "only the plan with this fingerprint: for a change ticket"),
            ("--resume", "goes on after any interruption, Ctrl-C or kill -9 included"),
            ("--until 1", "stops when the first round is complete; --resume does the others"),
            ("--not-after 05:30", "no restart begins later; the plan names where it stops"),
            ("--break-lock RUN", "gives up a run and frees its lock on every node"),
        ),
        entry_of(
            "credentials.place",
            "its first part: stage the files, swap nothing in",
            ("", "in daytime; migrate-cluster --resume goes on at night"),
        ),
        entry_of(
            "restart",
            "restart one member, gated",
            ("gw-a", "a pair's standby first; in sync again, then its primary"),
            ("gw-d --node gw-d2", "only this node of the pair"),
            ("gw-a --plan", "shows what would be done"),
        ),
        entry_of(
            "restart-standbys",
            "restart each pair's standby in turn, gated",
            ("", "of all pairs"),
            ("--member gw-d", "of this pair"),
        ),
        entry_of(
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
        entry_of(
            "rollback",
            "go back to what was there before a run",
            ("", "before the newest migration, complete or not"),
            ("--run RUN", "before another one"),
            ("--plan", "shows the way back"),
        ),
        entry_of(
            "recover",
            "mend a server that does not come back",
            ("gw-b", "shows what it saw and would do, then asks"),
            ("gw-b --plan", "only shows it"),
        ),
    ),
)
_CLUSTER = Group(
    "Cluster and pairs",
    (
        entry_of(
            "cluster.create",
            "form the cluster from single servers",
            ("--plan", "shows the steps"),
            ("", "asks once"),
        ),
        entry_of(
            "cluster.join", "bring one member into the running cluster", ("gw-e", "touches no other member")
        ),
        entry_of(
            "cluster.require-certificates",
            "set RequireCertificates, and restart, gated",
            ("true", "of every member"),
            ("false --member gw-a", "of one"),
        ),
        entry_of(
            "ha.create", "form an HA pair of two single servers", ("gw-d --primary gw-d1", "gw-d1 leads")
        ),
        entry_of(
            "ha.migrate",
            "change the credentials of the HA channel",
            ("gw-d", "of one pair"),
            ("--way documented --plan", "of all pairs, by the documented way: shows the steps"),
        ),
    ),
)
GROUPS = (_LOOK, _MIGRATE, _BACK, CREDENTIALS, _CLUSTER, RUNS, LAB, HELP)


def entries() -> Iterator[Entry]:
    for group in GROUPS:
        yield from group.entries
