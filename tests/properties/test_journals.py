"""Journals, plans and samples on a disk that lost some of it: what is read was written, what is added is read."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tasks.core.availability import Sample, read_samples, sample_line
from tasks.core.journal import Entry, progress, read_journal
from tasks.core.plan import Counts, Edit, Plan, Step, Target
from tasks.core.queues import Mark, marks_from, marks_text, told_from
from tasks.core.step_kinds import StepKind
from tasks.core.verification import Kept, verification_lines, verified
from tasks.effects.record import RunRecord, open_run, runs, unfinished
from tasks.effects.run_folders import JOURNAL, PLAN
from tests.core.statuses import NOON
from tests.properties.mutation import few, hold, tried

STEPS = tuple(
    Step(kind=kind, target=target, expected={"gw-a": Counts(connected=1, disconnected=0)})
    for kind in (StepKind.PLACE, StepKind.SWAP, StepKind.RESTART)
    for target in ("gw-a", "gw-ß")
)
PLAN_A = Plan(
    cluster="production",
    cluster_name="Größe",
    steps=STEPS,
    targets={"gw-a": Target(files={"x": "00"}, leaf_sha256="AA", leaf_subject="CN=ß", not_after="2027")},
    before={"gw-a": "00" * 32},
    edits={
        "gw-a": Edit(
            path="/c",
            keystore="/k",
            truststore=None,
            old_sha256="0",
            new_sha256="1",
            diff="-a\n+b",
            carried=(),
        )
    },
    baseline={"gw-a": Counts(connected=1, disconnected=0)},
    pairs=(),
    addresses={"gw-a": ("10.0.1.4", 9104)},
)
ENTRIES = (
    Entry(at=NOON, event="opened", seen="plan 0123456789ab"),
    *(
        Entry(
            at=NOON + timedelta(seconds=n),
            event=event,
            step=step.id,
            seen="sah: \u2028 {é}\n",
            facts={"node": "ß"},
        )
        for n, step in enumerate(STEPS[1:4:2])
        for event in ("started", "noted", "done")
    ),
    Entry(at=NOON, event="failed", step=STEPS[-1].id, seen='"'),
)
LINES = tuple(entry.model_dump_json(exclude_defaults=True).encode() + b"\n" for entry in ENTRIES)
WHOLE = b"".join(LINES)
LAST = Entry(at=NOON, event="noted", step="place:gw-a", seen="after it")
PIECES = (
    b'"event":"done"',
    b'"step":"',
    b'"at":',
    b"null",
    b"\n{}\n",
    b"\0" * 40,
    b"\xff\xfe",
    b'"facts":{"a":1}',
    b"}\n{",
)

texts = st.text(max_size=12)
entries = st.builds(
    Entry,
    at=st.datetimes().map(lambda at: at.replace(tzinfo=NOON.tzinfo)),
    event=st.sampled_from(("started", "noted", "done", "failed", "completed")),
    step=st.sampled_from([step.id for step in STEPS]) | texts,
    seen=texts,
    facts=st.dictionaries(texts, texts, max_size=2),
)


def record(folder: Path, content: bytes) -> RunRecord:
    (folder / JOURNAL).write_bytes(content)
    return RunRecord(folder.name, folder, PLAN_A)


@few(100)
@given(st.lists(entries, max_size=5), st.data())
def test_of_a_cut_journal_the_whole_lines_are_read_and_no_others(
    written: list[Entry], data: st.DataObject
) -> None:
    tried["journal, cut"] += 1
    lines = [one.model_dump_json(exclude_defaults=True) + "\n" for one in written]
    whole = "".join(lines).encode()
    cut = whole[: data.draw(st.integers(0, len(whole)))].decode(errors="replace")
    found = read_journal(cut)
    assert found == tuple(written[: len(found)])
    assert len(found) == cut.count("\n")


def test_a_journal_cut_at_any_byte_goes_on_with_the_next_line(tmp_path: Path) -> None:
    """Every cut there is: what was whole before stays, what was cut did not happen, what is added is read."""
    for length in range(len(WHOLE) + 1):
        tried["journal, cut on the disk"] += 1
        one = record(tmp_path, WHOLE[:length])
        whole = WHOLE[:length].count(b"\n")
        assert one.entries() == ENTRIES[:whole]
        if length % 31 == 0 or length in (1, len(WHOLE)):  # each takes a sync of the disk
            one.append(LAST)
            assert one.entries() == (*ENTRIES[:whole], LAST)
            assert (tmp_path / JOURNAL).read_bytes().startswith(WHOLE[:length].rpartition(b"\n")[0])


def test_garbage_in_a_journal_hides_nothing_that_was_before_it_and_nothing_that_comes_after(
    tmp_path: Path,
) -> None:
    chance = random.Random(0)

    def check(content: bytes) -> None:
        one = record(tmp_path, content)
        before = one.entries()
        intact = next(
            (n for n, line in enumerate(LINES) if content.split(b"\n")[n : n + 1] != [line[:-1]]), len(LINES)
        )
        assert before[: min(intact, content.count(b"\n"))] == ENTRIES[: min(intact, content.count(b"\n"))]
        assert progress(before).done <= {entry.step for entry in before}
        if chance.random() < 0.3:
            one.append(LAST)
            assert one.entries() == (*before, LAST)

    hold("journal, damaged", (WHOLE, WHOLE, b"".join(LINES[:4]), b""), check, few=150, pieces=PIECES)


def test_a_plan_that_is_not_whole_is_no_plan_and_no_traceback(tmp_path: Path) -> None:
    one = open_run(tmp_path / "runs", PLAN_A, at=NOON)
    whole = (one.directory / PLAN).read_bytes()
    assert unfinished(tmp_path / "runs") == one

    def check(content: bytes) -> None:
        (one.directory / PLAN).write_bytes(content)
        for found in runs(tmp_path / "runs"):
            assert isinstance(found.plan, Plan)
            assert found.plan == PLAN_A or content != whole
            assert len(found.plan.fingerprint) == 12
            assert found.progress().remaining(found.plan) == found.plan.steps

    for length in range(0, len(whole), 3):
        tried["plan, cut"] += 1
        (one.directory / PLAN).write_bytes(whole[:length])
        found = runs(tmp_path / "runs")
        assert not found or (length >= len(whole) - 1 and found[0].plan == PLAN_A)
    hold("plan, damaged", (whole,), check, few=60, pieces=(*PIECES, b'"steps": []', b'"place"', b"null"))


def test_samples_that_are_not_whole_are_passed_over() -> None:
    samples = [
        Sample(at=NOON + timedelta(seconds=n), settled={"gw-a": ("gw-ß",)}, away=("gw-b",)) for n in range(4)
    ]
    lines = "".join(map(sample_line, samples)).encode()

    def check(content: bytes) -> None:
        for one in read_samples(content.decode(errors="replace")):
            assert isinstance(one, Sample)

    for length in range(len(lines)):
        tried["samples, cut"] += 1
        assert read_samples(lines[:length].decode(errors="replace")) == tuple(
            samples[: lines[:length].count(b"\n")]
        )
    hold("samples, damaged", (lines,), check, few=100, pieces=PIECES)


def test_a_damaged_journal_is_told_from_a_whole_one() -> None:
    """The control: the whole one is read to its end, a line that was changed is not."""
    assert read_journal(WHOLE.decode()) == ENTRIES
    assert read_journal(WHOLE.decode().replace('"started"', "started", 1)) == ENTRIES[:1]


def test_no_damage_to_a_chained_journal_passes_for_what_was_written(tmp_path: Path) -> None:
    """What is called not altered is the beginning of it: whole lines, and perhaps one cut short."""
    one = record(tmp_path, b"")
    for entry in ENTRIES:
        one.append(entry)
    chained = (tmp_path / JOURNAL).read_bytes()

    def check(content: bytes) -> None:
        found = verified(Kept(content, plans={"plan.json": "0123456789ab"}))
        whole = content[: content.rfind(b"\n") + 1]
        assert (found.state == "ok") == (bool(whole) and chained.startswith(whole))
        assert all(verification_lines("RUN", found))

    check(chained)
    hold("journal, sealed", (chained,), check, few=150, pieces=PIECES)


def test_what_a_journal_noted_of_queues_is_read_or_passed_over() -> None:
    def check(content: bytes) -> None:
        text = content.decode(errors="replace")
        for mark in marks_from(text).values():
            assert mark.buffered + mark.discarded is not None
        assert all(isinstance(number, int) for number in told_from(text).values())

    marks = {"gw-a": Mark(3, 4), "gw-ß": Mark(0, 0)}
    assert marks_from(marks_text(marks)) == marks
    hold(
        "queues in a journal",
        (marks_text(marks).encode(), b'{"gw-a": 7}', b""),
        check,
        few=100,
        pieces=PIECES,
    )
