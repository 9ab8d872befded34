"""Rounds: what every member runs with after each rolling restart of a migration, strategy by strategy.

Pure construction; whether members stay together on the way is for `splits` to say.

Source:
    AMLEN.md section 5, "Without partition".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.trust import Loaded
from tasks.core.wanted_set import WantedSet

NEW_SETS = "the new key, certificate and CA file"
CA_OF_BOTH = "CA files trust the old and the new"
NEW_PAIRS = "the new keys and certificates"
CA_OF_NEW = "CA files trust the new alone"
CA_WITH_BUILTIN = "CA files trust the new and the built-in one"
PAIR_AND_BUILTIN = "the new pairs; CA files trust the new and the built-in one"
BUILTIN_AS_WELL = "CA files trust the built-in one as well"
BACK_ON_BUILTIN = "back on the built-in pair; CA files trust both"
AS_BEFORE = "everything as it was before"
_BRING_PAIRS = frozenset({NEW_SETS, NEW_PAIRS, PAIR_AND_BUILTIN, BACK_ON_BUILTIN, AS_BEFORE})


@dataclass(frozen=True, slots=True)
class Running:
    """What a member runs with at one moment.

    Args:
        loaded: What its process uses.
        files: The live files, SHA-256 by name, or ABSENT; one that is left out does not matter or does not exist.
    """

    loaded: Loaded
    files: Mapping[str, str]

    def differs(self, other: Running) -> bool:
        """Whether a restart is needed to come from one to the other."""
        mine, theirs = self.loaded, other.loaded
        same = mine.leaf == theirs.leaf and set(mine.trusted) == set(theirs.trusted)
        return not same or any(self.files.get(name, ABSENT) != sha for name, sha in other.files.items())


State = Mapping[str, Running]  # by member; all of them


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be reached from where.

    Args:
        before: What the members run with now.
        new: What they run with once all have their new set.
        sets: The new credential sets, by member.
        runs: Whether a member is seen to run with that already, on all its nodes.
        edited: Members whose server.cfg is to be edited, with their new key and certificate.
    """

    before: State
    new: State
    sets: Mapping[str, WantedSet]
    runs: Callable[[str, Running], bool]
    edited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Round:
    """One rolling restart.

    Args:
        what: In the operator's words.
        after: What every member runs with once it is over.
        moving: The members that are restarted in it.
        brings_pairs: Whether new keys and certificates come with it.
    """

    what: str
    after: State
    moving: frozenset[str]
    brings_pairs: bool


@dataclass(frozen=True, slots=True)
class Way:
    """How a strategy goes from what the members run with to their new sets.

    Args:
        before: What the members run with now.
        rounds: Those that restart somebody; none where nothing is to be done.
        bundles: The CA files that no set holds: content by SHA-256.
    """

    strategy: str
    before: State
    rounds: tuple[Round, ...]
    bundles: Mapping[str, bytes]

    @property
    def restarted(self) -> tuple[str, ...]:
        """A name per member and round that restarts it."""
        return tuple(name for one in self.rounds for name in sorted(one.moving))


def one_round(strategy: str, task: Task) -> Way:
    """All three files at once."""
    return Way(strategy, task.before, _rounds(task, [(NEW_SETS, task.new)]), {})


def overlapping(task: Task) -> Way:
    """CA files of old and new, then the new pairs, then CA files of the new alone.

    Where one CA file holds what the other does there is nothing to join, and a round less for that member.
    """
    bundles: dict[str, bytes] = {}
    first, second = {}, {}
    for name, was in task.before.items():
        one = task.sets[name]
        early, late = _on_the_way(was, one, bundles, moves=name in task.edited)
        first[name] = Running(replace(was.loaded, trusted=early[0]), {**was.files, CA_FILE: early[1]})
        second[name] = Running(
            replace(task.new[name].loaded, trusted=late[0]), {**one.sha256, CA_FILE: late[1]}
        )
    stages = [(CA_OF_BOTH, first), (NEW_PAIRS, second), (CA_OF_NEW, task.new)]
    return Way("overlap", task.before, _rounds(task, stages), bundles)


Ca = tuple[tuple[Certificate, ...], str]  # what a CA file holds, and its SHA-256


def _on_the_way(was: Running, new: WantedSet, bundles: dict[str, bytes], *, moves: bool) -> tuple[Ca, Ca]:
    """The CA file of round 1 and of round 2."""
    old, due = was.loaded.trusted, new.ca
    after = (due, new.sha256[CA_FILE])
    if set(old) < set(due):
        return after, after
    if set(due) <= set(old):
        before = (old, was.files[CA_FILE]) if CA_FILE in was.files else _bundle(old, bundles)
        if set(old) == set(due):
            return before, after
        return before, _bundle(old, bundles) if moves else before  # what goes elsewhere is written anew
    both = _bundle((*old, *due), bundles)
    return both, both


def _bundle(certificates: Iterable[Certificate], bundles: dict[str, bytes]) -> Ca:
    """A CA file that trusts all of these, each once; it is kept among the bundles."""
    held = tuple(dict.fromkeys(certificates))
    content = b"".join(certificate.pem() for certificate in held)
    sha256 = hashlib.sha256(content).hexdigest()
    bundles[sha256] = content
    return held, sha256


def bridging(task: Task, *, builtin: Certificate, early: bool) -> Way:
    """From the built-in pair: its certificate is trusted for a while, and no more at the end.

    Args:
        builtin: The certificate that the running members serve.
        early: Whether key and certificate come with the first round; else that round brings a CA file alone.
    """
    bundles: dict[str, bytes] = {}
    first, second = {}, {}
    for name, was in task.before.items():
        one = task.sets[name]
        trusted, sha256 = _bundle((*one.ca, builtin), bundles)
        second[name] = Running(
            replace(task.new[name].loaded, trusted=trusted), {**one.sha256, CA_FILE: sha256}
        )
        waits = was.loaded.on_builtin and not early
        first[name] = (
            Running(replace(was.loaded, trusted=trusted), {CA_FILE: sha256}) if waits else second[name]
        )
    stages = [(CA_WITH_BUILTIN, first), (NEW_PAIRS, second), (CA_OF_NEW, task.new)]
    if early:
        stages = [(PAIR_AND_BUILTIN, second), (CA_OF_NEW, task.new)]
    return Way("bridge", task.before, _rounds(task, stages), bundles)


def unbridging(task: Task, *, builtin: Certificate, early: bool) -> Way:
    """Back to the built-in pair: the states of `bridging` in reverse.

    Args:
        builtin: The certificate that the members served before.
        early: Whether those who trust it go back to it in one round; else CA files stay until all are back.
    """
    bundles: dict[str, bytes] = {}
    first, second = {}, {}
    theirs = [was.loaded.trusted for was in task.before.values() if not was.loaded.on_builtin]
    both = _bundle((*(one for trusted in theirs for one in trusted), builtin), bundles)
    without_pair = {KEY_FILE: ABSENT, CERT_FILE: ABSENT, CA_FILE: both[1]}
    for name, was in task.before.items():
        there = (
            was.loaded.on_builtin and not {KEY_FILE, CERT_FILE} <= was.files.keys()
        )  # none that a start loads
        trusts = was.loaded.on_builtin or builtin in was.loaded.trusted
        ca = _bundle((*was.loaded.trusted, builtin), bundles)
        first[name] = (
            was if trusts else Running(replace(was.loaded, trusted=ca[0]), {**was.files, CA_FILE: ca[1]})
        )
        second[name] = (
            was if there else Running(replace(task.new[name].loaded, trusted=both[0]), without_pair)
        )
    stages = [(BUILTIN_AS_WELL, first), (BACK_ON_BUILTIN, second), (AS_BEFORE, task.new)]
    if early:
        stages = [(BUILTIN_AS_WELL, first), (AS_BEFORE, task.new)]
    return Way("bridge", task.before, _rounds(task, stages), bundles)


def _rounds(task: Task, stages: Sequence[tuple[str, State]]) -> tuple[Round, ...]:
    """Those that restart somebody."""
    found: list[Round] = []
    was = task.before
    for number, (what, after) in enumerate(stages):
        moving = {
            name
            for name, due in after.items()
            if due is not was[name] and (not task.runs(name, due) if number == 0 else was[name].differs(due))
        }
        pairs = what in _BRING_PAIRS
        moving |= task.edited if pairs else frozenset()
        if moving:
            found.append(Round(what, after, frozenset(moving), pairs))
        was = after
    return tuple(found)
