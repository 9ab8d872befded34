"""Counts the examples of each parser and says so at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator

import pytest

from tests.properties.mutation import EXAMPLES, SEED, tried


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """What a test tried goes with its report, from whichever process it ran in."""
    tried.clear()
    try:
        return (yield)
    finally:
        item.user_properties.append(("examples", dict(tried)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Only where a number was asked for: a run of everything has enough to say."""
    if not EXAMPLES:
        return
    passed = terminalreporter.stats.get("passed", ())
    total: Counter[str] = Counter()
    for report in passed:
        total.update(
            {k: v for name, found in report.user_properties if name == "examples" for k, v in found.items()}
        )
    terminalreporter.section(f"examples by parser, seed {SEED}")
    for parser, number in sorted(total.items()):
        terminalreporter.write_line(f"{number:>9}  {parser}")
