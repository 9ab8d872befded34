"""What /proc says of a server's process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasks.core.recovery_process import Process, Processes, parse_processes, port_digits

BOOT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEAD = f"now {BOOT.timestamp() + 500:.1f}\nuptime 500.00\n"


def test_a_process_has_its_start_by_the_node_s_clock_and_its_ports() -> None:
    text = f"{HEAD}process 17 12050\nlisten 17 0100007F:2390\nlisten 18 0100007F:2391\n"
    assert parse_processes(text) == Processes(
        (Process(17, 12050, BOOT + timedelta(seconds=120.5), ("127.0.0.1:9104",)),)
    )


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("00000000:2381", "0.0.0.0:9089"),
        ("0A0B0C0D:0016", "13.12.11.10:22"),
        ("00000000000000000000000000000000:2381", "[::]:9089"),
        ("B80D0120000000000000000001000000:2381", "[2001:db8::1]:9089"),
        ("0000000000000000FFFF00000100007F:2381", "127.0.0.1:9089"),
    ],
)
def test_an_address_of_the_kernel_is_shown_as_people_write_it(place: str, shown: str) -> None:
    (found,) = parse_processes(f"{HEAD}process 1 2\nlisten 1 {place}\n").found
    assert found.listening == (shown,)
    assert found.listens_at(int(shown.rpartition(":")[2]))
    assert not found.listens_at(9090)


@pytest.mark.parametrize("line", ["process 1", "process x 2", "process", "listen 1", "", "process 1 2 3"])
def test_what_is_no_fact_is_passed_over(line: str) -> None:
    assert parse_processes(f"{HEAD}{line}\n") == Processes(())


def test_a_server_that_may_not_be_looked_at_is_known_by_its_pid() -> None:
    assert parse_processes(f"{HEAD}hidden 17\n") == Processes((), (17,))


def test_a_clock_without_fractions_will_do() -> None:
    (found,) = parse_processes("now 1000.%N\nuptime 500.00\nprocess 1 0\n").found
    assert found.started_at.timestamp() == 500


def test_a_port_is_written_as_the_kernel_does() -> None:
    assert port_digits(9089) == "2381"
