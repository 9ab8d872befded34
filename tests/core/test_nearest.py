"""Which known word a mistyped one was probably meant to be."""

from __future__ import annotations

import pytest

from tasks.core.findings import Finding, Severity, unmatched
from tasks.core.nearest import did_you_mean, nearest, one_of

TASKS = ("check", "migrate-cluster", "plan", "status", "restart", "restart-standbys")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        pytest.param("migrate-clster", "migrate-cluster", id="a letter is missing"),
        pytest.param("Status", "status", id="case"),
        pytest.param("restart_standbys", "restart-standbys", id="underscore"),
        pytest.param("xyzzy", None, id="nothing like it"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_slip_gets_the_word_that_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, TASKS) == meant


def test_two_that_are_equally_near_are_no_answer() -> None:
    assert nearest("gw-x", ("gw-a", "gw-b", "gw-c")) is None
    assert nearest("gwa", ("gw-a", "gw-b", "gw-c")) == "gw-a"


def test_the_nearest_comes_first_and_all_of_a_few_follow() -> None:
    assert one_of("gw-aa", ("gw-a", "gw-b")) == "nearest: gw-a; one of: gw-a, gw-b"
    assert one_of("zzz", ("gw-a", "gw-b")) == "one of: gw-a, gw-b"
    assert one_of("zzz", ()) == "one of: none"


def test_of_sixty_members_only_some_are_listed() -> None:
    members = tuple(f"gw-{number:02}" for number in range(60))
    assert one_of("gw-7", members) == f"one of: {', '.join(members[:12])} and 48 more"
    assert one_of("gw-577", members, most=1) == "nearest: gw-57; one of: gw-00 and 59 more"


def test_a_key_of_the_inventory_is_asked_back() -> None:
    assert did_you_mean("membrs", ("members", "observer")) == "did you mean `members`?"
    assert did_you_mean("x", ("members", "observer")) == "known: members, observer"


def test_a_finding_that_is_to_be_ignored_and_is_not_there_is_told() -> None:
    found = (Finding("key-mismatch", Severity.ERROR, "gw-a", "x", "y"),)
    assert list(unmatched(found, {"key-mismatch"})) == []
    assert list(unmatched(found, {"key-mismatsh", "zzz"})) == [
        "--ignore key-mismatsh: there is no such finding now; nearest: key-mismatch",
        "--ignore zzz: there is no such finding now",
    ]
