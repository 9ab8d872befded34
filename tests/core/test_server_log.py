"""What the server's logs say: by code, by time, in any zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasks.core.server_log import dead_admin_lines, parse_log, peer_refusals

SINCE = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
DEAD = '2026-11-22T{t} Server       .          CWLNA0911 E: Unable to create an SSL/TLS context: Error="x"'
REFUSED = "2026-11-22T21:07:00.000Z ssl.c FMDU21133 10.0.1.5:9104 SSL_accept certificate verify failed"


@pytest.mark.parametrize("stamp", ["21:06:06.194Z", "22:06:06.194+01:00", "22:06:06.194+01"])
def test_a_dead_admin_api_is_found_by_code_in_any_zone(stamp: str) -> None:
    assert len(dead_admin_lines(DEAD.format(t=stamp), since=SINCE)) == 1


def test_a_line_from_before_the_restart_does_not_count() -> None:
    assert dead_admin_lines(DEAD.format(t="20:59:59.000Z"), since=SINCE) == ()


def test_cluster_start_error_187_counts_and_another_code_does_not() -> None:
    line = "2026-11-22T21:06:06.194Z Server . CWLNA6120 E: The server could not start. Error code is {n}"
    assert dead_admin_lines(line.format(n=187), since=SINCE)
    assert not dead_admin_lines(line.format(n=500), since=SINCE)


def test_refused_peers_are_told_with_address_and_reason() -> None:
    assert peer_refusals(REFUSED, since=SINCE) == (REFUSED.split(" ", 1)[1],)
    assert peer_refusals(REFUSED.replace("21133", "20000"), since=SINCE) == ()


def test_a_cut_first_line_and_control_characters_do_no_harm() -> None:
    (line,) = parse_log("A0911 E: cut\n2026-11-22T21:06:06Z text \x1b[2Jmore\n")
    assert "\x1b" not in line.text


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("error(167772294): error:0A000086:SSL routines::certificate verify failed", True),
        ("error(1): SSL_ERROR_SSL", False),
        ("error(167772359): error:0A0000C7:SSL routines::peer did not return a certificate", False),
    ],
    ids=["refused", "without a reason", "our own probe"],
)
def test_a_refused_peer_on_the_ha_channel_is_told_with_its_reason(reason: str, told: bool) -> None:
    line = f"2026-11-22T21:07:00.000Z store.c openssl func=SSL_accept, conn= |10.0.1.8|, {reason}\n"
    assert bool(peer_refusals(line, since=SINCE)) is told


@pytest.mark.parametrize(
    "stamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z"]
)
def test_a_time_that_does_not_exist_in_utc_is_passed_over(stamp: str) -> None:
    (line,) = parse_log(f"{stamp} Server . CWLNA0911 E: x\n2026-11-22T21:06:06Z Server . CWLNA0900 I: y\n")
    assert line.text.endswith("y")


@pytest.mark.parametrize("end", ["\u2028", "\u0085", "\x0b", "\x1c", "\r"])
def test_a_client_cannot_write_a_line_of_its_own_into_the_log(end: str) -> None:
    forged = (
        f'2026-11-22T21:06:06Z Connection . CWLNA1118 I: Client "{end}{DEAD.format(t="21:06:06Z")}" left.'
    )
    assert len(parse_log(forged)) == 1
    assert dead_admin_lines(forged, since=SINCE) == ()


def test_a_client_that_is_called_as_the_code_kills_no_server() -> None:
    named = '2026-11-22T21:06:06Z Connection . CWLNA1118 I: Client "CWLNA0911 E:" or "CWLNA6120 E: 187" left.'
    assert dead_admin_lines(named, since=SINCE) == ()
