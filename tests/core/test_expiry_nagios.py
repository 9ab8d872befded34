"""`--nagios`: one status line, perfdata in the guidelines' syntax, exit codes of a plugin."""

from __future__ import annotations

import re

import pytest

from tasks.core.expiry_nagios import nagios_answer
from tasks.core.held import Held
from tasks.core.plugin import unknown_line
from tests.core.endings import (
    certificate,
    dead,
    garbage,
    judged,
    list_on_disk,
    on_disk,
    revocation_list,
    served,
)

GOOD = served("gw-a", certificate("gw-a", 824))
LATE = served("gw-b", certificate("gw-b", 20))
ENDED = served("gw-b", certificate("gw-b", -1))
FUTURE = served("gw-b", certificate("gw-b", 100, begins=2))
PERFDATA = re.compile(r"'((?:[^'=]|'')+)'=(-?\d+);(\d+:);(\d+:);;")


@pytest.mark.parametrize(
    ("found", "word", "code"),
    [
        pytest.param((GOOD,), "OK", 0, id="good"),
        pytest.param((GOOD, LATE), "WARNING", 1, id="a warning"),
        pytest.param((GOOD, ENDED), "CRITICAL", 2, id="expired"),
        pytest.param((GOOD, FUTURE), "CRITICAL", 2, id="not valid yet"),
        pytest.param((GOOD, dead("gw-b")), "UNKNOWN", 3, id="a dead node"),
        pytest.param((GOOD, garbage("gw-b")), "UNKNOWN", 3, id="a file of nonsense"),
        pytest.param((LATE, dead("gw-b")), "WARNING", 1, id="a warning goes before unknown"),
        pytest.param((ENDED, dead("gw-b"), LATE), "CRITICAL", 2, id="critical goes before all"),
        pytest.param((), "UNKNOWN", 3, id="nothing found"),
    ],
)
def test_the_worst_decides(found: tuple[Held, ...], word: str, code: int) -> None:
    text, given = nagios_answer(judged(*found))
    assert text.startswith(f"{word} - ")
    assert given == code


def test_the_first_line_says_the_worst_and_the_long_output_all_that_is_not_good() -> None:
    first, *more = nagios_answer(judged(GOOD, LATE, dead("gw-b")))[0].splitlines()
    assert first.startswith(
        "WARNING - production: gw-b served port 9104 (CN=gw-b): ends in 20 days, on 2026-12-12 (and 1 more) | "
    )
    assert more == [
        "WARNING: gw-b served port 9104 (CN=gw-b): ends in 20 days, on 2026-12-12",
        "UNKNOWN: gw-b: no route to host",
    ]


def test_perfdata_has_the_fewest_days_per_place_and_alerts_below() -> None:
    chain = served("gw-a", certificate("leaf", 100), certificate("root", 50))
    text, _ = nagios_answer(judged(chain, list_on_disk("gw-a", revocation_list(9)), ENDED))
    perfdata = text.splitlines()[0].partition(" | ")[2]
    assert perfdata == (
        "'gw-a on disk crl days'=9;30:;7:;; 'gw-a served days'=50;30:;7:;; 'gw-b served days'=-1;30:;7:;;"
    )
    assert [match.group(2) for match in PERFDATA.finditer(perfdata)] == ["9", "50", "-1"]
    assert PERFDATA.sub("", perfdata).strip() == ""


def test_what_a_certificate_says_never_begins_the_perfdata() -> None:
    evil = on_disk("gw-a", certificate("x | 'all'=9999\nOK", 3))
    text, code = nagios_answer(judged(evil))
    assert code == 2
    assert text.count("|") == 1
    assert len(text.splitlines()) == 2


def test_a_quote_in_a_name_is_doubled_in_the_label() -> None:
    text, _ = nagios_answer(judged(served("it's=a", certificate("x", 100))))
    assert "'it''s_a served days'=100;30:;7:;;" in text


def test_a_failure_is_one_line() -> None:
    assert unknown_line("no inventory\nat | all") == "UNKNOWN - no inventory at / all"
