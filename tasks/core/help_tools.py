"""The lines and examples of the tasks around a migration: credentials, runs, lab; see `help_tasks`."""

from __future__ import annotations

from tasks.core.help_entry import Group, entry_of

CREDENTIALS = Group(
    "Credentials",
    (
        entry_of(
            "credentials.create",
            "make key, certificate and CA file",
            ("", "one self-signed set for all members"),
            ("--kind ca", "a CA of the cluster's own, and a leaf per member"),
            ("--use ha", "of the pairs' HA channel"),
        ),
        entry_of(
            "credentials.renew",
            "new leafs with new keys of the same CA",
            ("", "of every member"),
            ("--member gw-a --days 365", "of one, for a year"),
        ),
        entry_of(
            "credentials.request",
            "make keys, and requests for a PKI to sign",
            ("--kind member --organization Example", "one request per member"),
        ),
        entry_of(
            "credentials.import",
            "sort what the PKI sent into sets",
            ("answer.p7b", "PEM, DER or PKCS#7, in any order, or a folder of such"),
        ),
        entry_of(
            "credentials.crl",
            "make, place or remove a revocation list",
            ("--revoke gw-b", "makes the list; it does not keep the member out"),
            ("--place", "puts it on the nodes"),
        ),
        entry_of(
            "credentials.inspect",
            "show certificates and their chains",
            ("", "here, on the disks and served, compared"),
            ("corporate.p7b", "of a file or folder; needs no inventory"),
        ),
        entry_of(
            "credentials.expiry",
            "what ends when; for Nagios and Prometheus, too",
            ("", "exit 6 if something is critical or was not seen"),
            ("--warn 60 --crit 14 --nagios", "as a monitoring plugin"),
        ),
        entry_of(
            "credentials.matrix",
            "who can connect to whom, step by step",
            ("", "now, after each step of the migration, at its end"),
        ),
    ),
)
RUNS = Group(
    "Runs",
    (
        entry_of(
            "runs.list",
            "every run, its state, where its backups lie",
            ("", "of this machine and on the nodes"),
        ),
        entry_of(
            "runs.show",
            "all that a run has left, here and on the nodes",
            ("", "the newest"),
            ("RUN", "another"),
        ),
        entry_of(
            "runs.report",
            "a run's times, and who was away how long",
            ("", "the newest; no node is asked"),
            ("--html run.html", "as a page with its timeline, for a ticket"),
            ("RUN --json", "another one, for a script"),
        ),
        entry_of(
            "runs.verify",
            "prove that its record was not altered",
            ("", "journal, plans and samples of the newest"),
            ("RUN --chain 0123456789ab", "another, up to a value that was noted elsewhere"),
        ),
        entry_of(
            "runs.clean",
            "wipe the backups of finished runs",
            ("", "older than 30 days, after showing which"),
            ("--run RUN", "of one run, whatever its age"),
        ),
    ),
)
LAB = Group(
    "Lab: a rehearsal cluster on this machine",
    (
        entry_of(
            "rehearse",
            "a whole migration on a fresh lab",
            ("", "up, create, check, status, migrate, down"),
            ("--strategy overlap --keep", "by another strategy; the lab stays"),
        ),
        entry_of(
            "lab.up",
            "start one: real sshd, simulated gateways",
            ("", "three members and a pair, in .lab"),
            ("--dir /tmp/lab --members 2 --pairs 0", "a small one, elsewhere"),
        ),
        entry_of("lab.status", "its processes", ("", "of .lab")),
        entry_of(
            "lab.break",
            "inject a fault into a node of it",
            ("", "lists the faults"),
            ("--node gw-a --fault ssh-down", "breaks something"),
            ("--node gw-a --mend", "takes it back"),
        ),
        entry_of(
            "lab.down", "end it and remove its directory", ("", "of .lab"), ("--dir /tmp/lab", "another one")
        ),
    ),
)
HELP = Group(
    "Help",
    (
        entry_of(
            "completion",
            "print the completion script of your shell",
            ("bash", "source it: names of clusters, members, nodes and runs are completed, too"),
            ("zsh", "the same for zsh"),
            ("fish", "the same for fish"),
        ),
    ),
)
