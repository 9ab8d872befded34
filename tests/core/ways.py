"""Tasks and starts for tests of the strategies: members, what they run with, and their new sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CA_FILE
from tasks.core.issuing import Subject, ca_with_leafs
from tasks.core.rounds import Running, Task
from tasks.core.strategies import Start
from tasks.core.trust import Links, Loaded
from tests.core.certs import BUILTIN_SET, NOW

THREE = ("gw-a", "gw-b", "gw-c")
BOTH = "sha256 of a CA file of both"


def running(one: CredentialSet) -> Running:
    """With the set as it is; on the built-in pair without files."""
    if one is BUILTIN_SET:
        return Running(Loaded(one.chain, ()), {})
    return Running(one.loaded, one.sha256)


def trusting(one: CredentialSet, *certificates: Certificate, sha256: str = BOTH) -> Running:
    """The same with another CA file."""
    return Running(replace(one.loaded, trusted=certificates), {**one.sha256, CA_FILE: sha256})


def task(
    before: Mapping[str, Running],
    sets: Mapping[str, CredentialSet],
    *,
    runs: Callable[[str, Running], bool] | None = None,
    edited: frozenset[str] = frozenset(),
) -> Task:
    """From that to the members' new sets; each is seen to run with what it has, unless a test says otherwise."""
    new = {name: running(sets[name]) for name in before}
    as_it_is = runs or (lambda name, due: not before[name].differs(due))
    return Task(before=before, new=new, sets=sets, runs=as_it_is, edited=edited)


def from_to(
    old: CredentialSet | Mapping[str, CredentialSet],
    new: CredentialSet | Mapping[str, CredentialSet],
    *,
    members: tuple[str, ...] = THREE,
) -> Task:
    """All members from one kind of sets to another."""
    before = {name: running(old if isinstance(old, CredentialSet) else old[name]) for name in members}
    sets = {name: new if isinstance(new, CredentialSet) else new[name] for name in members}
    return task(before, sets)


def linked(*members: str) -> Links:
    """Every two of them."""
    return frozenset(frozenset(two) for two in combinations(members, 2))


def start(
    made: Task, *, links: Links | None = None, pending: Mapping[str, str] | None = None, at: datetime = NOW
) -> Start:
    """All members connected, nothing pending, unless a test says otherwise."""
    return Start(made, linked(*made.before) if links is None else links, at, pending or {})


def ending(*, in_days: int) -> Mapping[str, CredentialSet]:
    """Leafs that end so many days after NOW, under a CA that lives on."""
    members = {member: Subject(member) for member in THREE}
    made_at = NOW + timedelta(days=in_days - 300)
    return ca_with_leafs(Subject("old CA"), members=members, days=300, ca_days=3650, now=made_at).sets
