"""The lines that are drawn in place: on a real pseudo-terminal, read back as a terminal shows it."""

from __future__ import annotations

import os
import signal

from tasks.core.screens import Screen
from tasks.effects.area import Area, screen_of
from tests.effects.screens import Terminal, terminal


def test_what_is_drawn_is_replaced_and_what_is_told_above_it_stays() -> None:
    with terminal() as (pty, stream):
        area = Area(stream)
        area.draw(["one", "two"], above=["log 1"])
        area.draw(["uno"], above=["log 2", "log 3"])
        area.draw(["eins", "zwei", "drei"])
        stream.write("after\n")
    assert pty.terminal.shown == ["log 1", "log 2", "log 3", "eins", "zwei", "drei", "after"]


def test_what_is_the_same_is_not_written_again() -> None:
    with terminal() as (pty, stream):
        area = Area(stream)
        area.draw(["same"])
        area.leave()
        area.draw(["same"])
        area.draw(["same"])
    assert pty.terminal.shown == ["same", "same"]


def test_the_log_goes_on_above_when_the_screen_is_full() -> None:
    with terminal(40, 6) as (pty, stream):
        area = Area(stream)
        for number in range(20):
            area.draw([f"now {number}", "below"], above=[f"log {number}"])
    assert pty.terminal.shown == [*(f"log {number}" for number in range(20)), "now 19", "below"]


def test_a_long_line_of_the_log_is_folded_and_steers_nothing() -> None:
    with terminal(40, 10) as (pty, stream):
        Area(stream).draw(
            ["now"], above=["word " * 10 + "/a/very/long/path/that/no/screen/is/wide/enough/for\x1b[2J"]
        )
    shown = pty.terminal.shown
    assert shown[0] == "word word word word word word word word"[:39].rstrip()
    assert "?[2J" in "".join(shown)
    assert shown[-1] == "now"


def test_a_terminal_that_becomes_narrower_has_broken_the_lines_anew() -> None:
    with terminal(80, 24) as (pty, stream):
        area = Area(stream)
        area.draw(["x" * 70, "y"], above=["log"])
        pty.until("y")
        pty.resize(40, 24)
        pty.terminal.lines[1:2] = ["x" * 40, "x" * 30]  # as most terminals do
        pty.terminal.columns, pty.terminal.row = 40, pty.terminal.row + 1
        area.draw(["z"])
    assert pty.terminal.shown == ["log", "z"]


def test_after_a_stop_it_goes_on_below_what_the_shell_wrote() -> None:
    with terminal() as (pty, stream):
        area = Area(stream)
        with area.shared():
            area.draw(["before"])
            stream.write("[1]+ Stopped\n")
            os.kill(os.getpid(), signal.SIGCONT)
            area.draw(["behind"])
        assert signal.getsignal(signal.SIGCONT) is signal.SIG_DFL
    assert pty.terminal.shown == ["before", "[1]+ Stopped", "behind"]


def test_a_terminal_that_goes_away_breaks_nothing() -> None:
    with terminal() as (pty, stream):
        area = Area(stream)
        area.draw(["seen"])
        pty.until("seen")
        pty.hang_up()
        for number in range(3):
            area.draw([f"unseen {number}"], above=["lost"])
        assert area.screen() == Screen(terminal=True, columns=79, lines=23)


def test_the_size_is_that_of_the_stream_and_what_is_no_terminal_has_none() -> None:
    with terminal(100, 30) as (_, stream):
        assert screen_of(stream) == Screen(terminal=True, columns=100, lines=30)
    with open(os.devnull, "w") as nowhere:
        assert not screen_of(nowhere).terminal
    with terminal(0, 0) as (_, stream):
        assert screen_of(stream) == Screen(terminal=True, columns=80, lines=24)


def test_the_terminal_of_these_tests_scrolls_and_breaks_lines() -> None:
    seen = Terminal(4, 2)
    seen.feed("abcdef\ng\n\x1b[5AX")
    assert seen.shown == ["abcd", "ef", "X"]
