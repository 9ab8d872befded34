"""A migration from the choice of its strategy to its steps, and who can connect to whom after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tasks.core.costs import cost_of, preferred
from tasks.core.course_steps import Wanted, wanted_steps
from tasks.core.done import edits_of, runs_already
from tasks.core.errors import Refused, UsageError
from tasks.core.forecast import Forecast, forecast_now
from tasks.core.links import links_now
from tasks.core.model import Member
from tasks.core.observed import runs_with
from tasks.core.observer import choose_observer
from tasks.core.pending import other_pair
from tasks.core.plan import Choice, Edit, Step, StepKind
from tasks.core.rounds import Round, Running, Task, Way
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot
from tasks.core.stages import Stage, stages_of
from tasks.core.strategies import AUTO, PRESCRIBED, STRATEGIES, Found, NotPossible, Start, ways
from tasks.core.trust import Loaded
from tasks.core.wanted_set import WantedSet


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked for on the command line."""

    strategy: str = AUTO
    observer: str | None = None
    place_first: bool = False

    @staticmethod
    def typed(options: str) -> Wish:
        """The wish that `options` was said of; the default where that is not known any more."""
        words = options.split()
        given = dict(pairwise((*words, "")))
        return Wish(
            strategy=given.get("--strategy", AUTO),
            observer=given.get("--observer"),
            place_first="--place-first" in words,
        )

    @property
    def options(self) -> str:
        """As they are typed; "" where nothing was."""
        said = (
            f"--strategy {self.strategy}" if self.strategy != AUTO else "",
            f"--observer {self.observer}" if self.observer else "",
            "--place-first" if self.place_first else "",
        )
        return " ".join(filter(None, said))


@dataclass(frozen=True, slots=True)
class Return:
    """What is different where the files of before are put back.

    Args:
        edits: Of server.cfg, by node.
        resting: Members whose process still runs with what it had before, whatever lies on the disk by now: their
            files are put back without a restart; of a pair, whether its standby has to restart all the same.
    """

    edits: Mapping[str, Edit]
    resting: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Course:
    """A migration, step by step: what is done, and who can connect to whom after it.

    Args:
        way: Without rounds where every member runs with its set already.
        choices: What each strategy would cost, the chosen one first.
        edits: By node; and in which round of several each is made.
        stages: Now, and after each step that changes it.
    """

    way: Way
    choices: tuple[Choice, ...]
    observer: str
    edits: Mapping[str, Edit]
    edit_rounds: Mapping[str, int]
    now: Forecast
    steps: tuple[Step, ...]
    stages: tuple[Stage, ...]


def course_of(
    snapshot: Snapshot,
    sets: Mapping[str, WantedSet],
    *,
    old: Mapping[str, Loaded],
    wish: Wish,
    back: Return | None = None,
) -> Course:
    """Choose the strategy and lay out its steps. Arguments and refusals as `planning.plan_migration`."""
    resting = back.resting if back else {}
    if wish.strategy not in (AUTO, *STRATEGIES):
        problem = f"--strategy {wish.strategy} is unknown"
        raise UsageError(problem, remedy=f"one of: {', '.join((AUTO, *STRATEGIES))}")
    start = _start(snapshot, sets, old=old, back=back)
    found = ways(start)
    documented = found[PRESCRIBED]
    assert isinstance(documented, Way)  # always possible
    moving = documented.rounds[0].moving if documented.rounds else frozenset()
    observer = choose_observer(snapshot, asked=wish.observer, moving=moving)
    choices = _choices(snapshot, found, start, observer=observer)
    way = _chosen(found, choices, wish, prefer=snapshot.cluster.prefer) if moving else documented
    now = forecast_now(snapshot, old)
    wanted = wanted_steps(snapshot, way, observer=observer, place_first=wish.place_first, resting=resting)
    forecasts = _forecasts(wanted, way, now)
    steps = tuple(
        Step(kind=kind, target=target, round=number, expected=after.counts)
        for (kind, target, number), after in zip(wanted, forecasts, strict=True)
    )
    later = zip((step.id for step in steps), forecasts, strict=True)
    edits, edit_rounds = _edits(snapshot, way, back)
    return Course(
        way,
        choices=_first(choices, way) if moving else (),
        observer=observer,
        edits=edits,
        edit_rounds=edit_rounds,
        now=now,
        steps=steps,
        stages=stages_of(now, later),
    )


def _first(choices: Mapping[str, Choice], way: Way) -> tuple[Choice, ...]:
    """The chosen one first."""
    return tuple(sorted(choices.values(), key=lambda choice: choice.strategy != way.strategy))


def _start(
    snapshot: Snapshot, sets: Mapping[str, WantedSet], *, old: Mapping[str, Loaded], back: Return | None
) -> Start:
    cluster = snapshot.cluster
    members = [member for member in cluster.members if member.name in old]
    active = {member.name: snapshot.active(member) for member in members}
    resting = back.resting if back else {}
    edits = edits_of(snapshot, tuple(members)) if back is None else back.edits
    task = Task(
        before={
            member.name: Running(
                old[member.name],
                sets[member.name].sha256 if member.name in resting else _files_now(snapshot, member),
            )
            for member in members
        },
        new={
            name: Running(runs_with(seen, sets[name].loaded), sets[name].sha256)
            for name, seen in active.items()
        },
        sets=sets,
        runs=lambda name, due: name in resting or runs_already(snapshot, cluster.member(name), due),
        edited=frozenset(cluster.node(name).member for name in edits) - resting.keys(),
    )
    pending = {
        member.name: text
        for member in members
        if member.name not in resting and (text := other_pair(snapshot, member, old[member.name]))
    }
    return Start(task, links_now(snapshot), snapshot.taken_at, pending)


def _files_now(snapshot: Snapshot, member: Member) -> dict[str, str]:
    """What lies on all its nodes alike: those of a pair may differ."""
    first, *others = (_hashes(snapshot.nodes[node.name]) for node in member.nodes)
    return {name: sha for name, sha in first.items() if all(one.get(name) == sha for one in others)}


def _hashes(seen: NodeSnapshot) -> dict[str, str]:
    states = seen.files.files if isinstance(seen.files, NodeFiles) else {}
    return {name: state.sha256 for name, state in states.items() if state.sha256 is not None}


def _choices(
    snapshot: Snapshot, found: Mapping[str, Found], start: Start, *, observer: str
) -> Mapping[str, Choice]:
    """What each strategy costs here, or why it is not possible."""
    pairs = frozenset(member.name for member in snapshot.cluster.members if member.is_pair)
    choices = {}
    for name, way in found.items():
        if isinstance(way, NotPossible):
            choices[name] = Choice(strategy=name, refused=way.why)
            continue
        steps = wanted_steps(snapshot, way, observer=observer, place_first=False)
        restarts = [(kind, target) for kind, target, _ in steps]
        choices[name] = cost_of(
            way, restarts, pairs=pairs, links=start.links, at=start.at, together=name != PRESCRIBED
        )
    return choices


def _chosen(found: Mapping[str, Found], choices: Mapping[str, Choice], wish: Wish, *, prefer: str) -> Way:
    name = preferred(choices, prefer=prefer).strategy if wish.strategy == AUTO else wish.strategy
    way = found[name]
    if isinstance(way, NotPossible):
        raise Refused(
            f"strategy {name} is not possible: {way.why}",
            remedy="fab plan takes the least disruptive one that is possible, and shows what each would cost",
        )
    return way


def _forecasts(wanted: Sequence[Wanted], way: Way, forecast: Forecast) -> tuple[Forecast, ...]:
    """How it stands after each step."""
    found = []
    for kind, target, number in wanted:
        if kind is StepKind.RESTART:
            forecast = forecast.after_restart(target, _round(way, number).after[target].loaded)
        found.append(forecast)
    return tuple(found)


def _round(way: Way, number: int) -> Round:
    """The round of a step; steps of an only one bear no number."""
    return way.rounds[max(number, 1) - 1]


def _edits(snapshot: Snapshot, way: Way, back: Return | None) -> tuple[Mapping[str, Edit], Mapping[str, int]]:
    """Of each node of a member that is restarted, in the round that brings its new key and certificate."""
    cluster = snapshot.cluster
    resting = back.resting if back else {}
    found = {n: edit for n, edit in (back.edits if back else {}).items() if cluster.node(n).member in resting}
    rounds: dict[str, int] = dict.fromkeys(found, 1) if len(way.rounds) > 1 else {}
    for number, one in enumerate(way.rounds, 1):
        if not one.brings_pairs:
            continue
        members = tuple(member for member in snapshot.cluster.members if member.name in one.moving)
        due = {node.name for member in members for node in member.nodes}
        edits = (
            edits_of(snapshot, members)
            if back is None
            else {name: edit for name, edit in back.edits.items() if name in due}
        )
        found |= edits
        rounds |= dict.fromkeys(edits, number) if len(way.rounds) > 1 else {}
    return found, rounds
