"""How a task's end is told: errors become exit codes, and with `--json` stdout holds one JSON text."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO

from tasks.core.dataclass import dataclass
from tasks.core.errors import Interrupted, OperatorError
from tasks.core.plugin import UNKNOWN, unknown_line
from tasks.effects.console import say, tell

if TYPE_CHECKING:
    from tasks.effects.account import Account  # where one is needed: most commands that read need none

Body = Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task's body ended; its error has been told."""

    code: int
    error: OperatorError | None = None


def answer(task: str, body: Body, options: Mapping[str, Any], account: Account | None) -> int:
    """Run a task's body, tell how it ended, and give back the exit code.

    Args:
        options: As they were typed; `json`, `nagios`, `watch` and `cluster` are looked at.
        account: Of an acting task; None of one that only reads.
    """
    _open_streams()
    if options.get("nagios"):
        return _as_plugin(body)
    if options.get("watch") or not options.get("json"):  # what is watched is told as it comes
        return _attempt(body).code
    cluster = options.get("cluster") or ""
    if account is None:
        return _shown(task, body, cluster=cluster)
    aside = io.StringIO() if options.get("progress") == "json" else sys.stderr  # that is for a machine, too
    return _concluded(task, body, account, aside=aside, cluster=cluster)


def _open_streams() -> None:
    """Who closed stdout or stderr (`>&-`) wants nothing from it: that breaks nothing off."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.StringIO())


def _attempt(body: Body) -> Ended:
    try:
        return Ended(body() or 0)
    except OperatorError as error:
        failed = error
    except KeyboardInterrupt:
        failed = Interrupted(
            "interrupted; no step was under way", remedy="fab status names a run that is open"
        )
    tell(str(failed))
    return Ended(failed.exit_code, failed)


def _as_plugin(body: Body) -> int:
    """An error is one line on stdout, and 3: what is watched is not known."""
    try:
        return body() or 0
    except OperatorError as error:
        say(unknown_line(error.problem), verbatim=True)
    except KeyboardInterrupt:
        say(unknown_line("interrupted"), verbatim=True)
    return UNKNOWN


def _shown(task: str, body: Body, *, cluster: str) -> int:
    """Of a reading task: what it shows; where it came to show nothing, how it failed."""
    with redirect_stdout(io.StringIO()) as shown:
        ended = _attempt(body)
    if text := shown.getvalue():
        say(text.removesuffix("\n"), verbatim=True)
    elif ended.error is not None:
        from tasks.core.json_text import json_text
        from tasks.effects.account import Account

        say(json_text(Account().result(task, ended.error, cluster=cluster)), verbatim=True)
    return ended.code


def _concluded(task: str, body: Body, account: Account, *, aside: TextIO, cluster: str) -> int:
    """Of an acting task: what it came to. What it shows meanwhile is for people."""
    from tasks.core.json_text import json_text

    with redirect_stdout(aside):
        ended = _attempt(body)
    say(json_text(account.result(task, ended.error, cluster=cluster)), verbatim=True)
    return ended.code
