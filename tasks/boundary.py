"""The one way from a task to the outside: errors become exit codes, `-H` is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from tasks.core.errors import OperatorError, UsageError
from tasks.effects.console import tell
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site

INTERRUPTED = 130


def operator_task(**options: Any) -> Callable[[Callable[..., None]], Task[Callable[..., None]]]:
    """Make a Fabric task of a function; `options` are Invoke's.

    Every foreseen error is printed with its remedy, on stderr, and ends with its own exit code.
    """

    def make(body: Callable[..., None]) -> Task[Callable[..., None]]:
        @functools.wraps(body)
        def guarded(context: Context, *args: Any, **kwargs: Any) -> None:
            code = _run(body, context, *args, **kwargs)
            if code:
                raise Exit(code=code)

        return Task(guarded, auto_shortflags=False, **options)

    return make


def _run(body: Callable[..., None], context: Context, *args: Any, **kwargs: Any) -> int:
    try:
        _refuse_hosts(context)
        body(context, *args, **kwargs)
        return 0
    except OperatorError as error:
        tell(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        tell("interrupted; nothing was begun that is not finished\n  -> fab status")
        return INTERRUPTED


def _refuse_hosts(context: Context) -> None:
    """`fab -H a,b task` would run the whole task once per host."""
    if getattr(context, "host", None):
        raise UsageError(
            "-H/--hosts is not for these tasks: the nodes come from the inventory, and each task "
            "works on the whole cluster once",
            remedy="name the cluster instead: fab TASK --inventory FILE --cluster NAME",
        )


@contextmanager
def opened(inventory: str, cluster: str) -> Iterator[Site]:
    """The cluster of the inventory, ready to be asked; closes every connection at the end."""
    chosen = open_inventory(inventory or None, cluster or None)
    secrets = Secrets()
    with Site(chosen, secrets=secrets.resolve) as site:
        yield site
