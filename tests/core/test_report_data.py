"""All that a report tells, as data: verdict, certificates, gates."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tasks.core.journal import Entry
from tasks.core.plan import Counts
from tasks.core.report_data import FullReport, counts_text, full_report_lines, made_report
from tasks.core.run_facts import served_subjects
from tasks.core.run_report import RunReport
from tasks.core.verification import Kept, verified
from tests.core.long_runs import NEW, long_run
from tests.core.plans import plan_of
from tests.core.reports import RUN, report_of
from tests.core.snapshots import WITH_PAIR, healthy
from tests.core.statuses import NOON
from tests.core.test_journal_chain import journal

THREE = long_run(3)
STEP = THREE.plan.steps[0].id


def _broken_off(event: str) -> FullReport:
    entries = (*THREE.entries[:2], Entry(at=NOON, event=event, step=STEP, seen="State 9"))
    return report_of(replace(THREE, entries=entries))


def test_the_verdict_of_a_complete_run_names_its_proof() -> None:
    found = report_of(THREE)
    assert (found.verdict, found.outcome) == (
        "complete: 4 of 4 steps done, every gate held; all as planned",
        "good",
    )


@pytest.mark.parametrize("event", ["failed", "interrupted"])
def test_the_verdict_of_an_open_run_names_where_it_stands_and_how_it_goes_on(event: str) -> None:
    found = _broken_off(event)
    assert (found.verdict, found.outcome) == (
        f"open: 0 of 4 steps done; {STEP} {event}: State 9; it goes on with fab migrate-cluster --resume",
        "open",
    )
    assert (found.gates[0].state, found.gates[0].attempts, found.gates[0].seen) == (event, 1, "State 9")


def test_a_step_that_failed_before_it_began_is_named_as_well() -> None:
    entries = (THREE.entries[0], Entry(at=NOON, event="failed", step=STEP, seen="not as planned"))
    found = report_of(replace(THREE, entries=entries))
    assert f"{STEP} failed: not as planned" in found.verdict
    assert (found.gates[0].state, found.gates[0].attempts, found.timeline.steps[0].what) == (
        "failed",
        0,
        "failed",
    )


def test_a_run_that_was_given_up_and_one_whose_record_was_altered_are_not_good() -> None:
    assert _broken_off("abandoned").outcome == "bad"
    altered = made_report(
        RUN,
        THREE.plan,
        THREE.entries,
        samples=(),
        verification=verified(Kept(journal(*THREE.entries).replace(b"opened", b"openex"))),
        members={},
    )
    assert (altered.verdict, altered.outcome) == (
        "altered: the record of this run is not what was written, nothing below is proven",
        "bad",
    )
    assert list(full_report_lines(altered))[-1] == "record: ALTERED -> fab runs.verify"


def test_as_json_it_has_every_key_of_the_short_report_and_more() -> None:
    found = json.loads(report_of(THREE).model_dump_json())
    assert set(RunReport.model_fields) < set(found)
    assert found["timeline"]["apart"][0]["members"] == ["gw-01", "gw-03"]
    assert found["verification"]["state"] == "ok"
    assert [row["event"] for row in found["journal"]][:2] == ["opened", "started"]


def test_of_a_pair_the_certificate_before_is_that_of_the_node_that_served() -> None:
    seen = healthy(WITH_PAIR)
    plan = plan_of(seen)
    opened = Entry(at=NOON, event="opened", seen=f"plan {plan.fingerprint}", facts=served_subjects(seen))
    found = made_report(
        RUN,
        plan,
        (opened,),
        samples=(),
        verification=verified(Kept(journal(opened))),
        members={member.name: [node.name for node in member.nodes] for member in WITH_PAIR.members},
    )
    of_pair = next(one for one in found.certificates if one.member == "gw-d")
    assert of_pair.before_sha256 == plan.before["gw-d1"]
    assert of_pair.before_subject.startswith("BUILT-IN: ")
    assert (of_pair.after_sha256, of_pair.state) == (plan.targets["gw-d"].leaf_sha256, "not yet")
    assert "subjects" not in found.environment


def test_a_certificate_is_proven_by_the_last_step_and_loaded_by_its_restart() -> None:
    assert {one.state for one in report_of(THREE).certificates} == {"proven"}
    partly = report_of(replace(THREE, entries=THREE.entries[:3]))
    assert [(one.after_sha256, one.state) for one in partly.certificates] == [
        (NEW, "loaded"),
        (NEW, "not yet"),
        (NEW, "not yet"),
    ]


def test_members_with_the_same_counts_are_named_together_and_of_many_the_ends() -> None:
    few = {"gw-a": Counts(connected=1, disconnected=2), "gw-b": Counts(connected=1, disconnected=2)}
    assert counts_text({**few, "gw-c": Counts(connected=0, disconnected=3)}) == "1/2: gw-a, gw-b; 0/3: gw-c"
    many = {f"gw-{n:02}": Counts(connected=59, disconnected=0) for n in range(60)}
    assert counts_text(many) == "59/0: gw-00, gw-01 … gw-59 (60 members)"


def test_what_is_no_list_of_subjects_names_nobody() -> None:
    for text in ("", "[]", "{", '"x"', "null"):
        opened = THREE.entries[0].model_copy(update={"facts": {"subjects": text}})
        assert report_of(replace(THREE, entries=(opened,))).certificates[0].before_subject == ""
