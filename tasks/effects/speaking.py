"""Whose commands the remedies name while a task is at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.core.errors import Locked, OperatorError


@contextmanager
def speaking_for(task: str) -> Iterator[None]:
    """Remedies name the commands of this task; those of another run's lock name that run's."""
    try:
        yield
    except Locked:
        raise
    except OperatorError as error:
        error.said_by(task)
        raise
