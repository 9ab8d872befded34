"""A migration from the choice of its strategy to its steps, and who can connect to whom after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tasks.core.costs import cost_of, preferred
from tasks.core.course_start import Return, start_of
from tasks.core.course_steps import Wanted, wanted_steps
from tasks.core.dataclass import dataclass
from tasks.core.done import edits_of
from tasks.core.errors import Refused, UsageError
from tasks.core.forecast import Forecast, forecast_now
from tasks.core.model import Cluster
from tasks.core.nearest import one_of
from tasks.core.observer import choose_observer
from tasks.core.plan import Choice, Edit, Step
from tasks.core.rounds import Round, Way
from tasks.core.snapshot import Snapshot
from tasks.core.stages import Stage, stages_of
from tasks.core.step_kinds import StepKind
from tasks.core.strategies import Found, NotPossible, Start, ways
from tasks.core.strategy_names import AUTO, PRESCRIBED, STRATEGIES
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


def refuse_unknown(wish: Wish, cluster: Cluster) -> None:
    """Raises UsageError where the observer asked for is no member, or there is no such strategy."""
    refuse_unknown_strategy(wish.strategy)
    names = [member.name for member in cluster.members]
    if wish.observer is not None and wish.observer not in names:
        problem = f"--observer {wish.observer} is no member of {cluster.key}"
        raise UsageError(problem, remedy=one_of(wish.observer, names))


def refuse_unknown_strategy(strategy: str) -> None:
    """Raises UsageError; before anything is looked at, where a caller can."""
    if strategy not in (AUTO, *STRATEGIES):
        remedy = one_of(strategy, (AUTO, *STRATEGIES))
        raise UsageError(f"--strategy {strategy} is unknown", remedy=remedy)


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
    refuse_unknown_strategy(wish.strategy)
    start = start_of(snapshot, sets, old=old, back=back)
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
            way,
            restarts,
            pairs=pairs,
            links=start.links,
            at=start.at,
            together=name != PRESCRIBED,
            would=start.would,
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
