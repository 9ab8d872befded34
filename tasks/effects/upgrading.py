"""The upgrade's runbook, on stdout and into a file."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.core.json_text import json_text
from tasks.core.upgrade import Runbook, plan_upgrade
from tasks.core.upgrade_text import as_markdown
from tasks.effects.console import say
from tasks.effects.look import take_snapshot
from tasks.effects.site import Site


def show_upgrade(site: Site, *, output: str | None = None, json_wanted: bool = False) -> Runbook:
    """Look at every node, and print the way; changes nothing but the file asked for.

    Raises:
        UsageError: The file exists, or cannot be written.
    """
    runbook = plan_upgrade(take_snapshot(site))
    text = json_text(runbook) if json_wanted else as_markdown(runbook)
    if output is not None:
        write_runbook(Path(output), f"{text}\n")
    say(text, verbatim=True)
    return runbook


def write_runbook(path: Path, text: str) -> None:
    """Into a file that is not there yet. Raises UsageError."""
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o644)) as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} exists", remedy="give --output another name") from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", remedy="name a file in a folder of yours"
        ) from error
