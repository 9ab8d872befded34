"""What all answers of a monitoring plugin have in common.

Source: the Monitoring Plugins Development Guidelines, "Plugin Output".
"""

from __future__ import annotations

UNKNOWN = 3
WORDS = {0: "OK", 1: "WARNING", 2: "CRITICAL", UNKNOWN: "UNKNOWN"}


def unknown_line(problem: str) -> str:
    """What a plugin prints that could not do its work: one line."""
    return plain(f"{WORDS[UNKNOWN]} - {problem}")


def plain(text: str) -> str:
    """One line, without the bar that begins the perfdata."""
    return " ".join(text.replace("|", "/").split())
