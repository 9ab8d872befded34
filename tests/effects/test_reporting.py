"""What happens in a run, told as events: each whole, in order, and to everyone who listens."""

from __future__ import annotations

import json

from tasks.core.errors import GateTimeout, Interrupted
from tasks.core.events import Event, EventKind, event_line
from tasks.core.progress import Progress
from tasks.effects.reporting import Events, Scene, Several, Unheard
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy, pair
from tests.effects.servers import FakeClock

CLUSTER = cluster("gw-a", pair("gw-d"))
PLAN = plan_of(healthy(CLUSTER))
STEP = next(step for step in PLAN.steps if step.id == "place:gw-d1")
SCENE = Scene("20261122T120000Z-0123ab-4567", CLUSTER, PLAN, Progress(), "fab cluster.create --resume")


def _events() -> tuple[list[Event], Events]:
    told: list[Event] = []
    return told, Events(told.append, clock=FakeClock())


def test_a_run_is_told_from_its_begin_to_its_end() -> None:
    told, events = _events()
    events.begun(SCENE)
    events.step(1, len(PLAN.steps), STEP, what="place on gw-d1")
    events.waiting("gw-d1", "proof", "State 4", left_s=12.34)
    events.done(STEP, "three files", took_s=0.26)
    events.ended(complete=True)
    assert [one.event.value for one in told] == ["start", "step", "waiting", "step_done", "done"]
    assert {(one.run, one.cluster, one.task, one.resume) for one in told} == {
        (SCENE.run, CLUSTER.key, "migrate-cluster", SCENE.resume)
    }
    _, step, waiting, done, end = told
    assert (step.step, step.number, step.member) == ("place:gw-d1", 1, "gw-d")
    assert (waiting.text, waiting.seen, waiting.left_s) == ("proof", "State 4", 12.3)
    assert (done.seen, done.took_s) == ("three files", 0.3)
    assert (end.step, end.exit_code) == ("", 0)


def test_a_failure_has_its_remedy_in_the_words_of_the_task_and_an_interruption_is_none() -> None:
    told, events = _events()
    task = PLAN.model_copy(update={"task": "cluster.create"})
    events.begun(Scene(SCENE.run, CLUSTER, task, Progress(), SCENE.resume))
    events.failed(GateTimeout("not ready", node="gw-a", remedy="fab migrate-cluster --resume"))
    events.failed(Interrupted("stopped", remedy="fab migrate-cluster --resume"))
    _, failed, stopped = told
    assert (failed.event, failed.node, failed.exit_code) == (EventKind.FAILED, "gw-a", 5)
    assert failed.remedy == "fab cluster.create --resume"
    assert (stopped.event, stopped.exit_code) == (EventKind.STOPPED, 130)


def test_nothing_is_told_of_a_run_that_has_not_begun() -> None:
    told, events = _events()
    events.note("", "a signal, before the lock was taken")
    events.failed(GateTimeout("x", remedy="y"))
    assert told == []


def test_a_line_holds_one_event_and_nothing_that_is_empty() -> None:
    told, events = _events()
    events.begun(SCENE)
    events.note("gw-a", "two\nlines")
    line = event_line(told[-1])
    assert "\n" not in line
    assert json.loads(line)["text"] == "two\nlines"
    assert "left_s" not in line
    assert Event.model_validate_json(line) == told[-1]


def test_several_listeners_hear_the_same_in_their_order() -> None:
    heard: list[str] = []

    class Ear(Unheard):
        def __init__(self, name: str) -> None:
            self.name = name

        def note(self, node: str, text: str) -> None:
            heard.append(f"{self.name}: {text}")

    both = Several(Ear("one"), Ear("two"), Unheard())
    both.begun(SCENE)
    both.step(1, 1, STEP, what="")
    both.waiting("", "", "", left_s=0)
    both.looked({})
    both.note("", "hello")
    both.done(STEP, "", took_s=0)
    both.failed(GateTimeout("x", remedy="y"))
    both.ended(complete=False)
    assert heard == ["one: hello", "two: hello"]
