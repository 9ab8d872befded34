"""`fab credentials.expiry` on a screen of 80 columns."""

from __future__ import annotations

import pytest

from tasks.core.certificates import Certificate
from tasks.core.expiry_text import expiry_lines, expiry_table, short_name, verdict
from tasks.core.held import Held
from tasks.effects.console import show_table
from tests.core.endings import (
    certificate,
    dead,
    garbage,
    here,
    judged,
    list_on_disk,
    on_disk,
    revocation_list,
    served,
)

LEAF = certificate("gw.MyCluster", 824)


def everywhere(one: Certificate) -> tuple[Held, ...]:
    held = [each for node in ("gw-a", "gw-b") for each in (served(node, one), on_disk(node, one))]
    return (*held, here("gw-a/Cluster_cert.pem", one))


def drawn(capsys: pytest.CaptureFixture[str], *found: Held, columns: int = 80) -> list[str]:
    show_table(expiry_table(judged(*found), width=columns), columns=columns)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_same_certificate_is_named_once_and_each_place_beside_what_it_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert drawn(capsys, *everywhere(LEAF)) == [
        "production at 2026-11-22 12:00:00 UTC: certificates and revocation lists",
        "WHERE     SOURCE  FILE         SUBJECT      ENDS       DAYS STATE",
        "all nodes served  port 9104    gw.MyCluster 2029-02-23 824  OK",
        "all nodes on disk Cluster_cert",
        "here      local   Cluster_cert",
    ]


def test_a_second_file_of_the_same_place_repeats_nothing() -> None:
    files = (on_disk("gw-a", LEAF, file=name) for name in ("Cluster_cafile.pem", "Cluster_cert.pem"))
    first, second = expiry_table(judged(*files), width=80).rows
    assert (first[:3], second) == (("gw-a", "on disk", "Cluster_cafile"), ("", "", "Cluster_cert", *[""] * 4))


def test_a_wide_screen_has_the_whole_subject_and_the_whole_file_name() -> None:
    (row,) = expiry_table(judged(on_disk("gw-a", LEAF)), width=120).rows
    assert row == ("gw-a", "on disk", "Cluster_cert.pem", "CN=gw.MyCluster", "2029-02-23", "824", "OK")


def test_one_certificate_in_two_states_is_two_rows() -> None:
    found = judged(served("gw-a", LEAF), on_disk("gw-b", certificate("gw.MyCluster", 3)))
    rows = expiry_table(found, width=80).rows
    assert [(row[0], row[5], row[6]) for row in rows] == [("gw-b", "3", "CRITICAL"), ("gw-a", "824", "OK")]


def test_what_is_not_known_is_a_question_mark() -> None:
    rows = expiry_table(judged(dead("gw-b"), garbage("gw-a")), width=80).rows
    assert ("gw-b", "?", "?", "?", "?", "?", "UNKNOWN") in rows
    assert ("gw-a", "on disk", "Cluster_cafile", "?", "?", "?", "UNKNOWN") in rows


def test_no_line_passes_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    found = (*everywhere(LEAF), *everywhere(certificate("a certificate with a longer name", -3)))
    lists = list_on_disk("gw-a", revocation_list(2))
    lines = drawn(capsys, *found, lists, dead("gw-b"))
    assert max(map(len, lines)) <= 80
    assert any("Cluster_crl/crl" in line for line in lines)


def test_the_unknown_is_named_with_its_remedy() -> None:
    assert list(expiry_lines(judged(dead("gw-b"))))[:2] == [
        "UNKNOWN: [gw-b] no route to host",
        "  -> is it up?",
    ]


def test_a_standby_is_said_to_serve_nothing() -> None:
    lines = list(expiry_lines(judged(on_disk("gw-b", LEAF), silent=("gw-b",))))
    assert lines[0].startswith("gw-b: standby, or in no cluster: serves nothing")
    assert not any("serves nothing" in line for line in expiry_lines(judged(on_disk("gw-b", LEAF))))


def test_a_list_is_said_to_keep_nobody_out() -> None:
    lines = "\n".join(expiry_lines(judged(list_on_disk("gw-a", revocation_list(100)))))
    assert "T12" in lines
    assert "change the CA" in lines
    assert "T12" not in "\n".join(expiry_lines(judged(on_disk("gw-a", LEAF))))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        pytest.param(824, "good: nothing ends within 30 days; first to end: gw-a served", id="good"),
        pytest.param(3, "1 CRITICAL of 1 (warning below 30 days, critical below 7 days)", id="critical"),
        pytest.param(-3, "EXPIRED on 2026-11-19", id="expired"),
        pytest.param(1, "ends in 1 day, on 2026-11-23", id="tomorrow"),
    ],
)
def test_the_verdict_is_one_line(days: int, said: str) -> None:
    assert said in verdict(judged(served("gw-a", certificate("gw-a", days))))


def test_where_nothing_was_found_nothing_is_called_good() -> None:
    assert verdict(judged()).startswith("nothing was found that ends")


def test_a_certificate_of_tomorrow_says_when_it_begins() -> None:
    found = judged(served("gw-a", certificate("gw-a", 100, begins=1)))
    assert "not valid before 2026-11-23" in verdict(found)


def test_a_subject_without_common_name_stays_whole() -> None:
    assert short_name("CN=gw-a,O=Org") == "gw-a"
    assert short_name("O=Org") == "O=Org"


def test_a_comma_in_a_common_name_does_not_end_it() -> None:
    assert short_name(r"O=Org,CN=Weird\, \"Inc\" a\+b\\c") == r'Weird, "Inc" a+b\c'
    assert short_name(r"O=no\,CN=name") == r"O=no\,CN=name"


def test_a_name_that_would_steer_the_terminal_is_shown_plain() -> None:
    found = judged(served("gw-a", certificate("\x1b[2Jgone", 3)))
    cells = " ".join(cell for row in expiry_table(found, width=120).rows for cell in row)
    assert "CN=?[2Jgone" in cells
    assert "\x1b" not in cells + verdict(found)
