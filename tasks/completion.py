"""`fab completion`: the script that makes a shell complete our tasks, options and names."""

from __future__ import annotations

import json
import os
import sys

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import operator_task


@operator_task(positional=["shell"], help={"shell": "bash | zsh | fish (default: your own, by SHELL)"})
def completion(c: Context, shell: str = "") -> None:
    """Print the completion script of a shell: tasks, options, and the names of clusters, members, nodes and runs.

    Names come from the inventory that the line names, else AMLEN_INVENTORY, else inventory.yaml; no node is asked.
    """
    from tasks.core.completion_scripts import script
    from tasks.effects.completing import HOME
    from tasks.effects.console import say

    wanted = shell or os.environ.get("SHELL", "")
    say(script(wanted, python=sys.executable, home=str(HOME)).rstrip("\n"), verbatim=True)


def options_text(collection: Collection) -> str:
    """What each task takes, as the scripts read it: JSON, sorted."""
    table = {
        str(context.name): {
            "options": {name: argument.takes_value for name, argument in sorted(context.flags.items())},
            "words": [argument.name for argument in context.positional_args],
        }
        for context in collection.to_contexts()
    }
    return json.dumps(table, indent=1, sort_keys=True) + "\n"
