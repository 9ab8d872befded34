"""What `fab status` says of a lock."""

from __future__ import annotations

from tasks.core.lock_text import lock_lines

HELD = ("run-1", "run run-1 of ops@bastion since 2026-11-28T20:00:00Z", "migrate-cluster")


def test_a_run_of_another_machine_is_named_with_both_ways_on() -> None:
    assert lock_lines({"gw-a": HELD, "gw-b": HELD}, nodes=2, own="") == (
        "locked on every node by run run-1 of ops@bastion since 2026-11-28T20:00:00Z "
        "-> fab migrate-cluster --resume takes it over, --break-lock run-1 gives it up",
    )


def test_the_lock_of_ones_own_open_run_is_said_with_the_run_itself() -> None:
    assert lock_lines({"gw-a": HELD, "gw-b": HELD}, nodes=2, own="run-1") == ()


def test_a_lock_that_lies_on_some_nodes_only_is_told_even_of_ones_own_run() -> None:
    (line,) = lock_lines({"gw-b": HELD}, nodes=2, own="run-1")
    assert line.startswith("locked on gw-b only by run run-1")


def test_two_runs_are_two_lines_and_no_lock_is_none() -> None:
    other = ("run-2", "run run-2 of dev@laptop since 2026-11-28T21:00:00Z", "rollback")
    first, second = lock_lines({"gw-a": HELD, "gw-b": other}, nodes=2, own="")
    assert "gw-a only by run run-1" in first
    assert "fab rollback --resume" in second
    assert lock_lines({}, nodes=2, own="run-1") == ()
