"""Remedies name the commands of the task at work."""

from __future__ import annotations

import pytest

from tasks.core.errors import RemoteError, commands_of

TEXT = "fab status; then fab migrate-cluster --resume (or fab plan)"


def test_the_migration_keeps_its_own_commands() -> None:
    assert commands_of("migrate-cluster", TEXT) == TEXT


@pytest.mark.parametrize("task", ["cluster.create", "ha.migrate"])
def test_another_task_is_named_with_its_own_options(task: str) -> None:
    assert commands_of(task, TEXT) == f"fab status; then fab {task} --resume (or fab {task} --plan)"


def test_an_error_says_the_task_that_met_it() -> None:
    error = RemoteError("gone", remedy=TEXT, node="gw-a")
    error.said_by("cluster.join")
    assert "fab cluster.join --resume" in str(error)
    assert "migrate-cluster" not in str(error)
