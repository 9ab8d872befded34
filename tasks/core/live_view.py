"""A live view as data: the rows that fit, how far the run is, what it waits for. `effects/live.py` draws it."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.core.dataclass import dataclass
from tasks.core.expected_time import left_s, pace_of, step_s
from tasks.core.fitting import fitting
from tasks.core.live_rows import NodeRow, Rank, node_rows
from tasks.core.live_serves import tells_certificates
from tasks.core.live_state import Ending, Live
from tasks.core.plan import Step
from tasks.core.step_text import step_text
from tasks.core.text_table import NARROW, duration, printable

_BAR = 20  # signs


@dataclass(frozen=True, slots=True)
class ViewRow:
    """Cells of one node; the first says in a sign what the colour of `rank` says."""

    rank: Rank
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveView:
    """What is drawn, from top to bottom; no title and header where there is no row."""

    title: str
    header: tuple[str, ...]
    rows: tuple[ViewRow, ...]
    more: str  # of the members without a row
    lines: tuple[str, ...]


def live_view(live: Live, *, width: int, height: int, now_s: float) -> LiveView:
    """The view in so many columns and lines; where they are too few, those that matter most.

    Of a complete run one line: its proof follows.

    Args:
        now_s: By the clock of `live`.
    """
    lines = progress_lines(live, now_s=now_s)[-max(height, 1) :]
    every = node_rows(live, now_s=now_s)
    fit = fitting([(row.member, row.rank) for row in every], height - len(lines) - 2)
    if not fit or live.end is Ending.COMPLETE:
        return LiveView("", (), (), "", lines)
    wide, tells = width >= NARROW, tells_certificates(live.plan)
    header = ("", "NODE", "ROLE", "STATE", "C/D", *(("SERVES",) if tells else ()), "NOW")
    rows = tuple(
        ViewRow(row.rank, _cells(row, wide=wide, tells=tells)) for n, row in enumerate(every) if n in fit
    )
    more = _more([row for n, row in enumerate(every) if n not in fit])
    return LiveView(_title(live), header + (("UP",) if wide else ()), rows, more, lines)


def _title(live: Live) -> str:
    return f"-- {live.plan.task} of {live.cluster.key}, run {live.run} --"


def _cells(row: NodeRow, *, wide: bool, tells: bool) -> tuple[str, ...]:
    cells = (row.mark, row.label, row.role, row.state, row.counts, *((row.serves,) if tells else ()), row.now)
    return cells + ((row.up,) if wide else ())


def _more(hidden: Sequence[NodeRow]) -> str:
    members = {row.member for row in hidden}
    if not members:
        return ""
    odd = {row.member for row in hidden if row.rank is Rank.ODD}
    noun = "member" if len(members) == 1 else "members"
    if not odd:
        return f"and {len(members)} more {noun} as planned"
    return f"and {len(members)} more {noun}, {len(odd)} of them not as planned"


def progress_lines(live: Live, *, now_s: float) -> tuple[str, ...]:
    """The step under way, the wait in it, and how far the run is; as many at every moment until it ends."""
    lines = (_step_line(live, now_s=now_s), *_wait_lines(live, now_s=now_s))
    told = lines if live.end is None else tuple(filter(None, lines))
    return (*told, _progress_line(live, now_s=now_s))


def _step_line(live: Live, *, now_s: float) -> str:
    step = live.step
    if step is None:
        return ""
    number, total = live.plan.steps.index(step) + 1, len(live.plan.steps)
    took, about = duration(now_s - live.step_began_s), duration(_about_s(live, step))
    return f"step {number} of {total}: {step_text(live.plan, step)}, {took} of about {about}"


def _wait_lines(live: Live, *, now_s: float) -> tuple[str, str]:
    wait = live.wait
    if wait is None:
        return "", ""
    if live.end is not None:
        return printable(f"  awaited: {wait.awaited}"), printable(f"  last seen: {wait.seen}")
    left = max(wait.left_s - (now_s - live.wait_at_s), 0)
    what = f"  waiting at most {duration(left)} more for {wait.awaited}"
    return printable(what), printable(f"  last seen: {wait.seen}")


def _about_s(live: Live, step: Step) -> float:
    return max(step_s(live.plan, step, pace_of(live.plan, live.took)), 1.0)


def _progress_line(live: Live, *, now_s: float) -> str:
    total, done = len(live.plan.steps), len(live.done)
    bar = "#" * (_BAR * done // max(total, 1))
    so_far = f"[{bar:-<{_BAR}}] {done} of {total} steps done"
    elapsed = duration(now_s - live.began_s)
    if live.end is not None:
        return f"{so_far}: {live.end.value} after {elapsed}"
    return f"{so_far}, {elapsed} so far, about {duration(_remaining_s(live, now_s=now_s))} to go"


def _remaining_s(live: Live, *, now_s: float) -> float:
    """Of the step under way what is left of it, but never less than nothing."""
    steps = [step for step in live.plan.steps if step.id not in live.done]
    pace = pace_of(live.plan, live.took)
    under_way = live.step
    if under_way is None:
        return left_s(live.plan, steps, pace)
    later = [step for step in steps if step.id != under_way.id]
    of_this = step_s(live.plan, under_way, pace) - (now_s - live.step_began_s)
    return max(of_this, 0.0) + left_s(live.plan, later, pace)
