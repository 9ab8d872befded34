"""What the others hold for a returned member: how much is too much, and what counts as lost."""

from __future__ import annotations

import pytest

from tasks.core.gates import Holds, Waiting
from tasks.core.plan import Counts, Plan, Step, TrustStage
from tasks.core.queues import (
    Loss,
    Mark,
    Marks,
    Sight,
    Sights,
    drained,
    fresh_senders,
    losses,
    marks_from,
    marks_of,
    marks_text,
    outcome,
    readable,
    senders,
    sight_of,
    told_from,
    told_text,
)
from tasks.core.status import Queue, RemoteMember
from tasks.core.step_kinds import StepKind

NAMES = ("gw-a", "gw-b", "gw-c", "gw-d")
ALL = {name: Counts(connected=3, disconnected=0) for name in NAMES}
SILENT = Sight(trouble="connection refused")


def holding(buffered: int, discarded: int = 0) -> Sight:
    return Sight(connected=True, buffered=buffered, discarded=discarded)


def apart(buffered: int, discarded: int = 0) -> Sight:
    return Sight(connected=False, buffered=buffered, discarded=discarded)


def step(target: str, kind: StepKind = StepKind.RESTART, *, round: int = 0) -> Step:
    return Step(kind=kind, target=target, expected=ALL, round=round)


def plan(*steps: Step, trust: tuple[TrustStage, ...] = ()) -> Plan:
    return Plan(
        cluster="production",
        cluster_name="MyCluster",
        steps=steps,
        targets={},
        before={},
        baseline=ALL,
        pairs=(),
        addresses={},
        trust=trust,
    )


def test_a_member_is_found_by_its_uid_and_its_two_queues_count_together() -> None:
    remotes = (
        RemoteMember("gw-a:9089", "UID-1", "Inactive", "Unknown", "Unknown", Queue(9, 9)),
        RemoteMember("gw-a:9089", "UID-2", "Active", "Green", "Single", Queue(3, 1), Queue(4, 2)),
    )
    assert sight_of(remotes, "UID-2") == Sight(connected=True, buffered=7, discarded=3)
    assert sight_of(remotes, "UID-1") == Sight(connected=False, buffered=9, discarded=9)
    assert sight_of(remotes, "UID-3") == Sight()


@pytest.mark.parametrize(
    ("seen", "marks", "waits_for"),
    [
        pytest.param(holding(103), {"gw-b": Mark(3, 0)}, "", id="as before, and the margin"),
        pytest.param(
            holding(104),
            {"gw-b": Mark(3, 0)},
            "gw-b holds 104 messages for gw-a, wanted 103 at most",
            id="more",
        ),
        pytest.param(holding(100), {}, "", id="never asked before: the margin"),
        pytest.param(holding(101), {}, "gw-b holds 101 messages for gw-a, wanted 100 at most", id="and more"),
        pytest.param(apart(9000), {"gw-b": Mark(3, 0)}, "", id="not connected is not waited for"),
        pytest.param(SILENT, {"gw-b": Mark(3, 0)}, "gw-b: connection refused", id="unread is waited for"),
    ],
)
def test_a_queue_has_drained_once_it_holds_no_more_than_before(
    seen: Sight, marks: Marks, waits_for: str
) -> None:
    verdict = drained({"gw-b": seen}, marks, target="gw-a", margin=100)
    assert verdict == (Waiting(waits_for) if waits_for else Holds("queues drained"))


def test_every_sender_that_is_not_ready_is_named() -> None:
    sights = {"gw-b": holding(5), "gw-c": SILENT, "gw-d": holding(7)}
    verdict = drained(sights, {}, target="gw-a", margin=6)
    assert verdict.seen == "gw-c: connection refused; gw-d holds 7 messages for gw-a, wanted 6 at most"
    assert readable(sights) == Waiting("gw-c: connection refused")
    assert isinstance(readable({"gw-b": apart(5)}), Holds)
    assert isinstance(drained({}, {}, target="gw-a", margin=0), Holds)


def test_what_piled_up_for_a_member_that_was_apart_is_no_measure() -> None:
    sights = {"gw-b": apart(700, 4), "gw-c": holding(3, 5)}
    assert marks_of(sights, fresh=frozenset()) == {"gw-b": Mark(0, 4), "gw-c": Mark(3, 5)}


def test_of_a_sender_restarted_since_then_every_lost_message_counts() -> None:
    marks = marks_of({"gw-b": apart(700, 4)}, fresh=frozenset({"gw-b"}))
    assert losses({"gw-b": holding(0, 4)}, marks) == (Loss("gw-b", 0, 4),)


@pytest.mark.parametrize(
    ("seen", "told", "lost"),
    [
        pytest.param(holding(0, 10), {}, (), id="as before"),
        pytest.param(holding(0, 12), {}, (Loss("gw-b", 10, 12),), id="two more"),
        pytest.param(holding(0, 12), {"gw-b": 12}, (), id="told already"),
        pytest.param(holding(0, 13), {"gw-b": 12}, (Loss("gw-b", 12, 13),), id="one more since it was told"),
        pytest.param(holding(0, 12), {"gw-c": 12}, (Loss("gw-b", 10, 12),), id="told of another"),
        pytest.param(holding(0, 3), {}, (Loss("gw-b", 0, 3),), id="a new process, which lost three"),
        pytest.param(holding(0, 0), {}, (), id="a new process, which lost nothing"),
        pytest.param(apart(0, 12), {}, (Loss("gw-b", 10, 12),), id="lost while apart"),
        pytest.param(SILENT, {}, (), id="unread"),
    ],
)
def test_messages_are_lost_where_the_counter_rose(
    seen: Sight, told: dict[str, int], lost: tuple[Loss, ...]
) -> None:
    assert losses({"gw-b": seen}, {"gw-b": Mark(0, 10)}, told) == lost


def test_of_a_sender_that_was_not_asked_before_nothing_is_said() -> None:
    assert losses({"gw-b": holding(0, 500)}, {}) == ()


def test_marks_and_what_was_told_survive_a_journal() -> None:
    marks = {"gw-b": Mark(3, 4), "gw-c": Mark(0, 0)}
    assert marks_from(marks_text(marks)) == marks
    assert marks_from("") == {}
    told = told_text({"gw-b": 5, "gw-c": 1}, [Loss("gw-b", 5, 9)])
    assert told_from(told) == {"gw-b": 9, "gw-c": 1}
    assert told_from("") == {}


def test_the_outcome_names_what_was_lost() -> None:
    assert outcome(Holds("queues drained"), ()) == "queues drained"
    lost = (Loss("gw-b", 10, 12), Loss("gw-c", 0, 7))
    assert outcome(Holds("queues drained"), lost) == (
        "queues drained; gw-b discarded 2 (DiscardedMsgs 10 -> 12); gw-c discarded 7 (DiscardedMsgs 0 -> 7)"
    )


HALVES = (
    TrustStage(after="now", groups=(NAMES,)),
    TrustStage(after="restart:gw-a", groups=(("gw-a",), ("gw-b", "gw-c", "gw-d"))),
    TrustStage(after="restart:gw-b", groups=(("gw-a", "gw-b"), ("gw-c", "gw-d")), apart=()),
    TrustStage(after="restart:gw-c", groups=(NAMES,), apart=(("gw-a", "gw-c"),)),
)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("gw-a", (), id="alone in the new half"),
        pytest.param("gw-b", ("gw-a",), id="two halves"),
        pytest.param("gw-c", ("gw-b", "gw-d"), id="in one group, and not connected with each other"),
        pytest.param("gw-d", ("gw-a", "gw-b", "gw-c"), id="nothing changes by it"),
    ],
)
def test_only_who_is_to_be_connected_sends(target: str, expected: tuple[str, ...]) -> None:
    steps = [step(name) for name in NAMES]
    assert senders(plan(*steps, trust=HALVES), steps[NAMES.index(target)]) == expected


def test_a_plan_without_trust_leaves_it_to_what_is_seen() -> None:
    only = step("gw-a")
    assert senders(plan(only), only) == ("gw-b", "gw-c", "gw-d")


def test_whoever_takes_no_part_in_the_cluster_yet_is_not_asked() -> None:
    few = step("gw-a").model_copy(update={"expected": {name: ALL[name] for name in ("gw-a", "gw-b")}})
    assert senders(plan(few), few) == ("gw-b",)


def test_senders_are_fresh_from_their_own_restart_to_the_next_look_at_them() -> None:
    rounds = [step(name, round=number) for number in (1, 2) for name in ("gw-a", "gw-b", "gw-c")]
    standby = step("gw-d", StepKind.RESTART_STANDBY, round=1)
    whole = plan(standby, *rounds)
    found = [sorted(fresh_senders(whole, each)) for each in rounds]
    assert found == [
        [],
        ["gw-a"],
        ["gw-a", "gw-b"],
        ["gw-b", "gw-c"],
        ["gw-a", "gw-c"],
        ["gw-a", "gw-b"],
    ]


def test_the_marks_take_their_senders_as_they_come() -> None:
    sights: Sights = {"gw-c": holding(1), "gw-b": holding(2)}
    assert list(marks_of(sights, fresh=frozenset())) == ["gw-c", "gw-b"]


@pytest.mark.parametrize(
    "text", ["{", "7", '{"gw-a": 7}', '{"gw-a": [1]}', '{"gw-a": "x"}', '{"gw-a": [null, 1]}']
)
def test_marks_that_a_disk_has_damaged_are_none(text: str) -> None:
    assert marks_from(text) == {}


def test_what_was_told_is_read_as_far_as_it_is_whole() -> None:
    assert told_from('{"gw-a": 7, "gw-b": "x"}') == {"gw-a": 7}
    assert told_from('{"gw-a": ') == {}
