"""Who gets a view in place, and who gets plain lines."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tasks.core.screens import Screen, draws

TERMINAL = Screen(terminal=True, columns=80, lines=24)
XTERM = {"TERM": "xterm"}


@pytest.mark.parametrize("environment", [XTERM, {"TERM": "tmux-256color", "NO_COLOR": "", "CI": "false"}])
def test_a_terminal_is_drawn_upon(environment: Mapping[str, str]) -> None:
    assert draws(TERMINAL, environment)


@pytest.mark.parametrize(
    ("screen", "environment"),
    [
        pytest.param(Screen(terminal=False, columns=80, lines=24), XTERM, id="piped"),
        pytest.param(Screen(terminal=True, columns=59, lines=24), XTERM, id="narrow"),
        pytest.param(Screen(terminal=True, columns=80, lines=9), XTERM, id="low"),
        pytest.param(TERMINAL, {"TERM": "dumb"}, id="dumb"),
        pytest.param(TERMINAL, {}, id="unknown"),
        pytest.param(TERMINAL, {**XTERM, "NO_COLOR": "1"}, id="NO_COLOR"),
        pytest.param(TERMINAL, {**XTERM, "CI": "true"}, id="CI"),
    ],
)
def test_else_lines_are_told(screen: Screen, environment: Mapping[str, str]) -> None:
    assert not draws(screen, environment)
