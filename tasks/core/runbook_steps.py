"""The steps of a runbook: the task command, the manual commands, and what must be seen after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tasks.core.errors import commands_of
from tasks.core.model import Limits, Member
from tasks.core.plan import Counts, Plan, Step
from tasks.core.plan_text import approval
from tasks.core.runbook_course import Station, served_first, stations
from tasks.core.runbook_ground import Setting
from tasks.core.runbook_hands import by_hand
from tasks.core.runbook_markdown import item, prose, table
from tasks.core.step_kinds import LAST_RESTARTS, StepKind
from tasks.core.step_text import step_text
from tasks.core.task_names import MIGRATE

EXPECTED = ("members", "C/D", "serves")
_GLANCE = 60  # characters
AS_BEFORE = "C/D and certificates as before this step."


def step_section(setting: Setting) -> Iterator[str]:
    """Every station of the plan."""
    plan = setting.plan
    found = stations(plan, setting.cluster)
    yield from ("## Steps", "")
    yield from prose(
        "C/D is connected/disconnected as each member itself counts, the member not counted, a pair being one. "
        "By hand, `bash look.sh` shows all of it. No step begins before the one before it is as expected."
    )
    yield from ("### Now", "")
    yield from expected_table(plan.baseline, served_first(plan, setting.cluster))
    before: tuple[Mapping[str, Counts], Mapping[str, str]] = (
        plan.baseline,
        served_first(plan, setting.cluster),
    )
    for index, station in enumerate(found):
        yield from _station(setting, found, index, before=before)
        before = (station.expected, station.served)


def _station(
    setting: Setting,
    found: Sequence[Station],
    index: int,
    *,
    before: tuple[Mapping[str, Counts], Mapping[str, str]],
) -> Iterator[str]:
    station = found[index]
    yield from (f"### {station.numbers}: {station_words(setting.plan, station)}", "")
    yield from prose(f"**By the tool:** {_task_words(setting.plan, found, index)}")
    hands = tuple(by_hand(setting, station))
    if hands:
        yield from ("**By hand:**", "", *hands)
    if (station.expected, station.served) == before and not station.restart:
        yield from prose(f"**Expected:** {AS_BEFORE}")
    else:
        yield from ("**Expected:**", "")
        yield from expected_table(station.expected, station.served)
    yield from _limits(setting, station)


def station_words(plan: Plan, station: Station) -> str:
    """ "round 1: swap in gw-a, restart gw-a"; all placing in one."""
    first = station.steps[0]
    if first.kind is StepKind.PLACE:
        nodes = len(station.steps)
        text = f"place on {nodes} node{'s' * (nodes > 1)}"
    else:
        plain = (step_text(plan, step.model_copy(update={"round": 0})) for step in station.steps)
        text = "; ".join(plain)
    return f"round {first.round}: {text}" if first.round else text


def expected_table(counts: Mapping[str, Counts], served: Mapping[str, str]) -> tuple[str, ...]:
    """Members that show the same are one row, or several short ones."""
    alike: dict[tuple[str, str], list[str]] = {}
    for member, count in counts.items():
        alike.setdefault((str(count), served.get(member, "")[:8] or "-"), []).append(member)
    rows = ((line, *shown) for shown, names in alike.items() for line in _lines(names))
    return table(EXPECTED, rows)


def _lines(names: Sequence[str]) -> Iterator[str]:
    """The names, as many in one as are read at a glance."""
    line = ""
    for name in names:
        if line and len(line) + len(name) > _GLANCE:
            yield line
            line = ""
        line = f"{line}, {name}" if line else name
    yield line


def _task_words(plan: Plan, found: Sequence[Station], index: int) -> str:
    """The command that ends after the station, or the one that does it on its way."""
    station = found[index]
    if station.last.kind in LAST_RESTARTS:
        end = f"--stop-after {station.restarts}"
    elif station.last.kind is StepKind.PROVE:
        end = f"--until {station.last.round}" if station.last.round and plan.rounds else ""
    else:
        later = next((one for one in found[index + 1 :] if _ends(one)), station)
        passing = f"the command of {later.numbers.lower()} does it on its way."
        return f"{_placing_alone(plan)}; else {passing}" if _is_first_placing(plan, station) else passing
    first = not any(_ends(one) for one in found[:index])
    begin = approval(plan) if first else "fab migrate-cluster --resume"
    return f"`{commands_of(plan.command or plan.task, ' '.join(filter(None, (begin, end))))}`"


def _is_first_placing(plan: Plan, station: Station) -> bool:
    return station.number == 1 and station.last.kind is StepKind.PLACE and plan.task == MIGRATE


def _placing_alone(plan: Plan) -> str:
    alone = approval(plan).replace("fab migrate-cluster", "fab credentials.place")
    return f"`{alone}` does this and no more, and from then on `--resume` takes the place of `--approve`"


def _ends(station: Station) -> bool:
    return station.last.kind in LAST_RESTARTS | {StepKind.PROVE}


def _limits(setting: Setting, station: Station) -> Iterator[str]:
    """Within how long it must be so, and what ends the night otherwise."""
    if station.restart is None:
        stop = "a file is WRONG, or a command fails" if station.steps[0].kind is StepKind.PLACE else "not so"
        yield from (*item(f"**Stop** if {stop}: [what then](#when-to-stop)."), "")
        return
    member = setting.cluster.member(station.restart.target)
    yield from item(f"**Within:** {_within(member, station.restart, member.nodes[0].limits)}")
    yield from item(
        "**Stop** if it is not so in time, or at once at any sign of S1 to S6: [what then](#when-to-stop)."
    )
    yield ""


def _within(member: Member, step: Step, limits: Limits) -> str:
    if not member.is_pair:
        return (
            f"State 1 in {limits.restart_s:g} s (usually 15 to 25 s), then C/D as in the table in {limits.join_s:g} s, "
            f"what was kept for it in {limits.drain_s:g} s"
        )
    who = "State 10" if step.kind is StepKind.RESTART_STANDBY else "the other node PRIMARY at State 1"
    return f"{who} in {limits.restart_s:g} s, the pair in sync (2 of 2) in {limits.sync_s:g} s (usually 25 s)"
