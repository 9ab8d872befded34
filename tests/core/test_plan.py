"""The plan as data: its fingerprint, its JSON, its difference to another."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.core.plan import Counts, Edit, Plan, Step, Target, TrustStage
from tasks.core.step_kinds import StepKind

COUNTS = {"gw-a": Counts(connected=1, disconnected=0), "gw-d": Counts(connected=1, disconnected=0)}
NEWER = {
    *("trust", "lists", "rounds", "edit_rounds", "bundles", "choices", "options"),
    *("undoes", "files_before", "builtins", "gates"),
}
PLAN = Plan(
    cluster="production",
    cluster_name="MyCluster",
    strategy="prescribed",
    why="because",
    observer="gw-a",
    steps=(
        Step(kind=StepKind.SWAP, target="gw-d", expected=COUNTS),
        Step(kind=StepKind.RESTART_STANDBY, target="gw-d", expected=COUNTS),
        Step(kind=StepKind.RESTART, target="gw-d", expected=COUNTS),
        Step(kind=StepKind.PROVE, target="cluster", expected=COUNTS),
    ),
    targets={"gw-a": Target(files={"Cluster_cert.pem": "1"}, leaf_sha256="A", leaf_subject="CN=a", not_after="2027")},
    before={"gw-a": "OLD", "gw-d2": "standby"},
    addresses={"gw-a": ("10.0.0.1", 9104)},
    edits={
        "gw-a": Edit(
            path="/cfg", keystore="/new", truststore=None, old_sha256="1", new_sha256="2", diff="-x", carried=("k",)
        )
    },
    baseline=COUNTS,
    pairs=("gw-d",),
)  # fmt: skip
Path = tuple[str | int, ...]


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The way to each value in the plan's JSON."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _leaves(item, (*path, key))
    else:
        yield path


def _changed(path: Path, value: object) -> Plan:
    """The plan with another value there."""
    content = copy.deepcopy(PLAN.model_dump(mode="json"))
    *way, last = path
    inner: Any = content
    for key in way:
        inner = inner[key]
    inner[last] = value
    return Plan.model_validate(content)


def _value(path: Path) -> object:
    inner: Any = PLAN.model_dump(mode="json")
    for key in path:
        inner = inner[key]
    return inner


LEAVES = tuple(_leaves(PLAN.model_dump(mode="json")))
OF_TEXT = tuple(path for path in LEAVES if path[-1] != "kind" and not isinstance(_value(path), int))
OF_NUMBERS = tuple(path for path in LEAVES if isinstance(_value(path), int))


def test_the_same_content_has_the_same_fingerprint_in_any_order_of_its_names() -> None:
    turned = dict(reversed(PLAN.model_dump().items())) | {"before": dict(reversed(PLAN.before.items()))}
    assert Plan.model_validate(turned).fingerprint == PLAN.fingerprint
    assert len(PLAN.fingerprint) == 12
    assert set(PLAN.fingerprint) <= set("0123456789abcdef")


@settings(deadline=None)  # a busy machine is no fault
@given(st.sampled_from(OF_TEXT), st.text())
def test_any_other_text_anywhere_is_another_plan(path: Path, text: str) -> None:
    _is_another_plan_unless_same(path, text)


@settings(deadline=None)  # a busy machine is no fault
@given(st.sampled_from(OF_NUMBERS), st.integers())
def test_any_other_count_anywhere_is_another_plan(path: Path, number: int) -> None:
    _is_another_plan_unless_same(path, number)


def _is_another_plan_unless_same(path: Path, value: object) -> None:
    other, same = _changed(path, value), _value(path) == value
    assert (other.fingerprint == PLAN.fingerprint) is same
    assert (PLAN.difference(other) == ()) is same


def test_another_kind_of_step_is_another_plan() -> None:
    _is_another_plan_unless_same(("steps", 0, "kind"), "place")
    _is_another_plan_unless_same(("steps", 0, "kind"), "swap")


@settings(deadline=None)  # a busy machine is no fault
@given(st.permutations(range(len(PLAN.steps))))
def test_another_order_of_steps_is_another_plan(order: list[int]) -> None:
    other = PLAN.model_copy(update={"steps": tuple(PLAN.steps[i] for i in order)})
    assert (other.fingerprint == PLAN.fingerprint) is (order == sorted(order))


@settings(deadline=None)  # a busy machine is no fault
@given(st.sampled_from(OF_TEXT), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_round_trip_through_json_keeps_the_plan(path: Path, text: str) -> None:
    other = _changed(path, text)
    again = Plan.model_validate_json(other.model_dump_json())
    assert again == other
    assert again.fingerprint == other.fingerprint


def test_the_difference_names_what_changed_and_how() -> None:
    other = PLAN.model_copy(update={"observer": "gw-d", "before": {"gw-a": "OLD"}})
    assert PLAN.difference(other) == ("before.gw-d2: standby -> (absent)", "observer: gw-a -> gw-d")
    assert other.difference(PLAN) == ("before.gw-d2: (absent) -> standby", "observer: gw-d -> gw-a")


def test_a_plan_kept_before_plans_had_their_newer_parts_loads_and_keeps_its_fingerprint() -> None:
    content = PLAN.model_dump(mode="json", exclude=NEWER)
    text = json.dumps(content, sort_keys=True)
    old = Plan.model_validate_json(text)
    assert old == PLAN
    assert old.fingerprint == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_another_stage_of_trust_is_another_plan() -> None:
    stage = TrustStage(after="restart:gw-d", groups=(("gw-a", "gw-d"),))
    told = PLAN.model_copy(update={"trust": (stage,)})
    crooked = PLAN.model_copy(update={"trust": (stage.model_copy(update={"one_way": (("gw-a", "gw-d"),)}),)})
    assert len({PLAN.fingerprint, told.fingerprint, crooked.fingerprint}) == 3
    assert Plan.model_validate_json(crooked.model_dump_json()) == crooked
    assert told.difference(crooked) == (
        "trust.0.one_way.0.0: (absent) -> gw-a",
        "trust.0.one_way.0.1: (absent) -> gw-d",
    )


def test_there_is_no_difference_to_itself() -> None:
    assert PLAN.difference(Plan.model_validate_json(PLAN.model_dump_json())) == ()


def test_a_step_lacking_is_a_difference() -> None:
    shorter = PLAN.model_copy(update={"steps": PLAN.steps[:-1]})
    assert "steps.3.target: cluster -> (absent)" in PLAN.difference(shorter)
    assert shorter.fingerprint != PLAN.fingerprint


def test_step_ids_are_stable_words_and_restarts_are_known_by_kind() -> None:
    assert [step.id for step in PLAN.steps] == [
        "swap:gw-d",
        "restart-standby:gw-d",
        "restart:gw-d",
        "prove:cluster",
    ]
    assert [step.id for step in PLAN.restarts] == ["restart-standby:gw-d", "restart:gw-d"]


def test_a_plan_cannot_be_changed_and_takes_no_unknown_words() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PLAN.observer = "gw-d"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Plan.model_validate(PLAN.model_dump() | {"speed": "fast"})
