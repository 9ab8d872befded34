"""What happens in a run, as data: for JSON lines, for notifications and for gates of one's own."""

from __future__ import annotations

import json
from enum import StrEnum

from pydantic import AwareDatetime

from tasks.core.plan import Frozen

VERSION = 1


class EventKind(StrEnum):
    START = "start"  # a run begins, or is gone on with
    STEP = "step"  # a step begins
    WAITING = "waiting"  # a gate was looked at, and does not hold yet
    WAITING_LONG = "waiting_long"  # of notifications only: once per wait, after notify.waiting_long_s
    NOTE = "note"
    STEP_DONE = "step_done"  # its gate held
    FAILED = "failed"  # the line is stopped, nothing further is touched
    STOPPED = "stopped"  # as asked: Ctrl-C, --until, --stop-after, --not-after
    BEFORE_RESTART = "before_restart"  # to a gate of one's own alone
    AFTER_RESTART = "after_restart"
    DONE = "done"  # the run is complete, and proven


class Event(Frozen):
    """One thing that happened; what does not belong to its kind is empty. No secrets.

    Times are UTC, durations in seconds.
    """

    version: int = VERSION
    at: AwareDatetime
    event: EventKind
    cluster: str  # the inventory's key
    task: str  # what the operator typed: "migrate-cluster"
    run: str
    step: str = ""  # its id: "restart:gw-b"
    number: int = 0  # of the step, from 1
    steps: int = 0  # of the plan
    member: str = ""  # of the step
    node: str = ""
    text: str = ""  # in the operator's words
    seen: str = ""  # what a gate saw last
    left_s: float | None = None  # until the limit of a wait
    took_s: float | None = None
    remedy: str = ""
    exit_code: int | None = None
    resume: str = ""  # the command that goes on


def event_line(event: Event) -> str:
    """One line of JSON, without what is empty and without its end."""
    said = event.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({"version": event.version, **said})
