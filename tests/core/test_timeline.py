"""A run over time: what each node did, who was apart, rounds, steps and pauses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tasks.core.availability import Sample, sample_line
from tasks.core.journal import Entry
from tasks.core.node_states import NodeState
from tasks.core.timeline import Bar, Span, Timeline, timeline
from tests.core.long_runs import long_run
from tests.core.statuses import NOON

MEMBERS = {"gw-a": ("gw-a",), "gw-d": ("gw-d1", "gw-d2")}
R, S, D, W = NodeState.READY, NodeState.STANDBY, NodeState.DOWN, NodeState.WAITING


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def entry(second: float, event: str, step: str = "") -> Entry:
    return Entry(at=at(second), event=event, step=step)


def sample(second: float, *, apart: bool = False, **states: NodeState) -> Sample:
    """States of gw-a, gw-d1, gw-d2 by their letters; a member serves where one of its nodes is ready."""
    nodes = {"gw-a": states.get("a", R), "gw-d1": states.get("d1", R), "gw-d2": states.get("d2", S)}
    serving = [m for m, own in MEMBERS.items() if R in {nodes[node] for node in own}]
    missed = {m: tuple(o for o in serving if o != m and apart) for m in serving}
    words = {
        state: tuple(n for n, seen in nodes.items() if seen is state) for state in set(nodes.values()) - {R}
    }
    away = tuple(m for m in MEMBERS if m not in serving)
    return Sample(at=at(second), settled=missed, away=away, nodes=words)


def made(samples: Iterable[Sample], *entries: Entry) -> Timeline:
    return timeline((entry(0, "opened"), *entries), tuple(samples), MEMBERS)


def told(spans: Iterable[Span]) -> list[tuple[float, float, str]]:
    return [((s.begun_at - NOON).total_seconds(), (s.ended_at - NOON).total_seconds(), s.what) for s in spans]


def bar(of: Timeline, node: str) -> Bar:
    return next(one for one in of.nodes if one.node == node)


def test_equal_states_in_a_row_are_one_span_and_the_last_sample_has_no_length() -> None:
    of = made([sample(0), sample(1, a=D), sample(2, a=D), sample(3), sample(4)])
    assert told(bar(of, "gw-a").spans) == [(0, 1, "ready"), (1, 3, "down"), (3, 4, "ready")]
    assert told(bar(of, "gw-d2").spans) == [(0, 4, "standby")]
    assert [(one.node, one.member) for one in of.nodes] == [
        ("gw-a", "gw-a"),
        ("gw-d1", "gw-d"),
        ("gw-d2", "gw-d"),
    ]


def test_where_nobody_looked_there_is_no_span() -> None:
    of = made([sample(0), sample(1), sample(9), sample(10)])
    assert told(bar(of, "gw-a").spans) == [(0, 1, "ready"), (9, 10, "ready")]


def test_a_node_that_is_up_again_waits_until_its_gate_held() -> None:
    samples = [sample(n, a=D if n in (2, 3) else R) for n in range(10)]
    of = made(samples, entry(1, "started", "restart:gw-a"), entry(6, "done", "restart:gw-a"))
    assert told(bar(of, "gw-a").spans) == [
        (0, 2, "ready"),
        (2, 4, "down"),
        (4, 6, "waiting"),
        (6, 9, "ready"),
    ]


def test_a_node_that_was_away_outside_of_a_restart_is_simply_ready_again() -> None:
    samples = [sample(n, a=D if n in (2, 3) else R) for n in range(7)]
    for step in ("restart:gw-b", "place:gw-a", "restart:gw-d"):
        of = made(samples, entry(1, "started", step), entry(5, "done", step))
        assert told(bar(of, "gw-a").spans)[-1] == (4, 6, "ready")


def test_after_a_failed_attempt_it_is_not_said_to_wait() -> None:
    samples = [sample(n, a=D if n in (2, 3) else R) for n in range(9)]
    of = made(samples, entry(1, "started", "restart:gw-a@2"), entry(5, "failed", "restart:gw-a@2"))
    assert told(bar(of, "gw-a").spans)[-2:] == [(4, 5, "waiting"), (5, 8, "ready")]


def test_who_was_apart_is_counted_as_in_the_numbers_and_the_longest_comes_first() -> None:
    of = made(
        [sample(0), sample(1, apart=True), sample(2, apart=True), sample(3), sample(4, apart=True), sample(5)]
    )
    (pair,) = of.apart
    assert (pair.members, told(pair.spans)) == (("gw-a", "gw-d"), [(1, 3, "apart")])
    assert (of.pairs, told(of.connected)) == (1, [(0, 1, "1"), (1, 3, "0"), (3, 5, "1")])


def test_two_times_apart_with_a_gap_between_are_two() -> None:
    samples = [sample(n, apart=True) for n in (0, 1, 9, 10)]
    assert [told(pair.spans) for pair in made(samples).apart] == [[(0, 1, "apart"), (9, 10, "apart")]]


def test_while_a_member_is_away_nobody_is_connected_with_it() -> None:
    of = made([sample(0), sample(1, a=D), sample(2)])
    assert told(of.connected) == [(0, 1, "1"), (1, 2, "0")]


def test_samples_of_an_older_version_say_who_was_away_by_member() -> None:
    old = [
        Sample(at=at(0), settled={"gw-a": (), "gw-d": ()}),
        Sample(at=at(1), settled={"gw-a": ()}, away=("gw-d",)),
        Sample(at=at(2), settled={"gw-a": ()}, unseen=("gw-d",)),
        Sample(at=at(3), settled={}),
    ]
    assert '"nodes"' not in "".join(map(sample_line, old))
    of = made(old)
    assert told(bar(of, "gw-d1").spans) == [(0, 1, "ready"), (1, 2, "away"), (2, 3, "unseen")]


def test_a_time_without_samples_and_entries_is_a_pause() -> None:
    of = made([sample(n) for n in (0, 1, 100, 101)], entry(150, "interrupted"))
    assert told(of.pauses) == [(1, 100, "pause")]
    assert (of.begun_at, of.ended_at) == (at(0), at(150))


def test_a_long_step_of_a_run_that_was_not_sampled_is_no_pause() -> None:
    step = (entry(5, "started", "place:gw-a"), entry(500, "done", "place:gw-a"))
    assert made([], *step).pauses == ()
    assert told(made([], *step, entry(900, "completed")).pauses) == [(500, 900, "pause")]
    assert told(made([sample(4), sample(5)], *step).pauses) == [(5, 500, "pause")]


def test_what_was_done_after_the_end_is_no_part_of_it() -> None:
    of = made([], entry(5, "completed"), entry(9_000_000, "cleaned"))
    assert (of.ended_at, of.pauses, of.nodes, of.apart) == (at(5), (), (), ())


def test_every_attempt_at_a_step_is_marked_with_its_end() -> None:
    of = made(
        [],
        entry(1, "started", "restart:gw-a@1"),
        entry(2, "failed", "restart:gw-a@1"),
        entry(3, "started", "restart:gw-a@1"),
        entry(4, "done", "restart:gw-a@1"),
        entry(5, "started", "restart:gw-d@2"),
        entry(6, "started", "restart:gw-d@2"),
        entry(7, "done", "restart:gw-d@2"),
        entry(9, "failed", "swap:gw-a@2"),
    )
    assert [(step.step, step.what) for step in of.steps] == [
        ("restart:gw-a@1", "failed"),
        ("restart:gw-a@1", "done"),
        ("restart:gw-d@2", "begun"),
        ("restart:gw-d@2", "done"),
        ("swap:gw-a@2", "failed"),
    ]
    assert told(of.rounds) == [(1, 4, "1"), (5, 9, "2")]


def test_members_that_the_inventory_no_longer_names_come_last_under_their_names() -> None:
    old = [Sample(at=at(n), settled={"gw-z": (), "gw-a": ()}) for n in (0, 1)]
    assert [one.node for one in made(old).nodes] == ["gw-a", "gw-z"]


def test_a_run_of_half_an_hour_with_thirty_members_is_told_in_full() -> None:
    run = long_run(30, every_s=2.0)
    of = timeline(run.entries, run.samples, run.members)
    assert len(of.nodes) == 30
    assert len(of.apart) == 30 * 29 // 2
    assert {span.what for span in of.nodes[7].spans} == {"ready", "stopping", "down", "starting", "waiting"}
    assert min(int(span.what) for span in of.connected) == 196  # 14 new and 15 old ones, and one is away
