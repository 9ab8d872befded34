"""Which backups may be wiped: never what is open, needed, or the newest way back; and what is none of ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest

from tasks.core.backup_text import choice_table
from tasks.core.backups import Choice, KnownRun, State, backups_of, choose, others_of
from tasks.core.errors import Refused, UsageError
from tasks.core.run_ids import replaced_at, run_begun
from tasks.core.spans import parse_age
from tasks.core.traces import Part, Trace, read_traces

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORK = PurePosixPath("/data/.fab-tls")
KEPT = (Part("backup", "directory", ("Cluster_key.pem", "complete")), Part("plan.json", "file"))
MONTH = timedelta(days=30)


def run_id(days_ago: int, digits: str = "0001") -> str:
    return f"{NOW - timedelta(days=days_ago):%Y%m%dT%H%M%SZ}-abcdef-{digits}"


def trace(name: str, *, node: str = "gw-a", kind: str = "directory", parts: tuple[Part, ...] = KEPT) -> Trace:
    return Trace(node, WORK / name, kind, parts)


def known(days_ago: int, state: State = State.COMPLETE, *, undoes: str = "") -> KnownRun:
    at = NOW - timedelta(days=days_ago)
    return KnownRun(run_id(days_ago), state, at, "migrate-cluster", ended_at=at, undoes=undoes)


def chosen(
    *runs: KnownRun, others: tuple[str, ...] = (), older_than: timedelta = MONTH, named: str = ""
) -> Choice:
    """Where every run has a backup, and these others as well."""
    by_id = {run.id: run for run in runs}
    found = backups_of([trace(name) for name in (*by_id, *others)], by_id)
    return choose(found, runs, now=NOW, older_than=older_than, named=named)


def gone(choice: Choice) -> list[str]:
    return [backup.id for backup in choice.goes]


def test_old_ones_go_and_young_ones_stay() -> None:
    choice = chosen(known(90), known(40), known(20), known(1))
    assert gone(choice) == [run_id(90), run_id(40)]
    assert choice.stays[0][0].id == run_id(20)
    assert choice.stays[0][1] == "not that old"


def test_the_newest_complete_run_stays_whatever_its_age_unless_it_is_named() -> None:
    runs = (known(90), known(80), known(70, State.GIVEN_UP))
    assert gone(chosen(*runs)) == [run_id(90), run_id(70)]
    assert gone(chosen(*runs, named=run_id(80))) == [run_id(80)]


def test_a_run_of_another_machine_counts_by_its_id_and_its_newest_stays_as_well() -> None:
    assert gone(chosen(known(90), others=(run_id(80), run_id(70)))) == [run_id(80)]
    assert gone(chosen(known(60), others=(run_id(80), run_id(70)))) == [run_id(80), run_id(70)]


def test_an_open_run_stays_and_what_it_goes_back_to() -> None:
    back = known(40, State.OPEN, undoes=run_id(90))
    choice = chosen(known(90, State.GIVEN_UP), back, known(35))
    assert gone(choice) == []
    assert [why for _, why in choice.stays][:2] == [
        f"run {back.id} is on its way back to before it",
        "it is open",
    ]
    assert gone(chosen(known(90, State.GIVEN_UP), known(40, State.GIVEN_UP), known(35))) == [
        run_id(90),
        run_id(40),
    ]


@pytest.mark.parametrize("named", [run_id(90), run_id(40)], ids=["needed", "open"])
def test_what_is_needed_is_refused_even_by_name(named: str) -> None:
    with pytest.raises(Refused, match=f"the backups of run {named} are not wiped"):
        chosen(known(90), known(40, State.OPEN, undoes=run_id(90)), named=named)


def test_a_run_without_a_backup_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="no node that was reached has a backup of run x") as caught:
        chosen(known(90), named="x")
    assert caught.value.remedy == f"one of: {run_id(90)}"


def test_what_a_recovery_put_aside_goes_by_its_own_age() -> None:
    old, young = (
        Part(f"replaced-{day}T120000Z-gw-a", "directory", ("Cluster_key.pem",))
        for day in ("20260101", "20261121")
    )
    found = backups_of([trace("recover-gw-a-ops", parts=(old, young))], {})
    choice = choose(found, (), now=NOW, older_than=MONTH)
    assert gone(choice) == [old.name]
    assert choice.goes[0].traces[0].path == WORK / "recover-gw-a-ops" / old.name


@pytest.mark.parametrize(
    "name", ["lock", "lock.17", "notes", "20261399T120000Z-abcdef-0001", f"{run_id(9)}x"]
)
def test_what_no_run_of_ours_has_made_is_never_taken_for_a_backup(name: str) -> None:
    strange = trace(name)
    assert backups_of([strange], {}) == ()
    assert others_of([strange], (), locked=()) == (strange,)


def test_a_link_named_as_a_run_is_no_backup() -> None:
    assert backups_of([trace(run_id(90), kind="link", parts=())], {}) == ()
    assert len(backups_of([trace(run_id(90))], {})) == 1


def test_a_lock_with_a_holder_is_nothing_strange() -> None:
    assert others_of([trace("lock")], (), locked=("gw-a",)) == ()
    found = backups_of([trace(run_id(9))], {})
    assert others_of([trace(run_id(9))], found, locked=()) == ()


@pytest.mark.parametrize(("text", "hours"), [("30d", 720), ("12h", 12), ("6w", 1008), ("0h", 0)])
def test_an_age_is_a_number_and_a_unit(text: str, hours: int) -> None:
    assert parse_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "30 d", "1m", "999999d"])
def test_any_other_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no age"):
        parse_age(text)


def test_the_table_says_of_each_what_becomes_of_it_and_why() -> None:
    table = choice_table(chosen(known(90), known(2)), cluster="production", now=NOW)
    assert table.rows == (
        (run_id(90), "complete", "90 d", "gw-a", "yes", "is wiped"),
        (
            run_id(2),
            "complete",
            "2 d",
            "gw-a",
            "yes",
            "stays: the newest: fab rollback needs it; --run wipes it",
        ),
    )


def test_what_the_node_printed_is_taken_apart() -> None:
    lines = (
        "work 0",
        f"entry directory {run_id(9)}",
        "part directory backup",
        "file Cluster_key.pem",
        "file a b",
        "part link x",
        "entry file -n",
        "work 1",
        "entry directory z",
    )
    other = PurePosixPath("/srv/keys/.fab-tls")
    found = read_traces("\n".join(lines) + "\n", node="gw-a", works=(WORK, other))
    assert [(one.path, one.kind) for one in found] == [
        (WORK / run_id(9), "directory"),
        (WORK / "-n", "file"),
        (other / "z", "directory"),
    ]
    assert found[0].words == "backup (2 files, a key among them), x (a link)"
    assert [one.words for one in found[1:]] == ["a file", "empty"]
    assert [one.holds_key for one in found] == [True, False, False]


def test_the_note_that_there_was_no_key_is_no_key() -> None:
    assert not trace("x", parts=(Part("backup", "directory", ("Cluster_key.pem.absent",)),)).holds_key
    assert trace("x", parts=(Part("backup", "directory", ("Cluster_key.pem.part",)),)).holds_key


def test_a_moment_is_read_from_a_name_of_ours_alone() -> None:
    assert run_begun("20261122T120000Z-a1b2c3-00ff") == NOW
    assert replaced_at("replaced-20261122T120000Z-gw-a") == NOW
    assert run_begun("20261122T120000Z") is None
    assert replaced_at("20261122T120000Z-a1b2c3-00ff") is None
