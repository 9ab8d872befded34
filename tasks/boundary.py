"""The one way from a task to the outside: errors become exit codes, `-H` is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.parser.argument import Argument
from invoke.parser.parser import ParseMachine
from invoke.tasks import Task

from tasks.core.errors import OperatorError, UsageError
from tasks.core.model import Cluster
from tasks.effects.console import tell
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site

INTERRUPTED = 130
_AT_LEAST = {"stop_after": 1}  # 0 could mean at once, or never


def operator_task(**options: Any) -> Callable[[Callable[..., None]], Task[Callable[..., None]]]:
    """Make a Fabric task of a function; `options` are Invoke's, but a `positional` with a default may be left out.

    Every foreseen error is printed with its remedy, on stderr, and ends with its own exit code.
    """

    def make(body: Callable[..., None]) -> Task[Callable[..., None]]:
        @functools.wraps(body)
        def guarded(context: Context, *args: Any, **kwargs: Any) -> None:
            code = _run(body, context, *args, **kwargs)
            if code:
                raise Exit(code=code)

        return _Task(guarded, auto_shortflags=False, **options)

    return make


class _Optional(Argument):
    """A positional that may be left out. Invoke takes a word for it only while it has no value."""

    left_out: str = ""

    @classmethod
    def like(cls, argument: Argument) -> _Optional:
        made = cls(names=argument.names, kind=str, help=argument.help, positional=True)
        made.attr_name, made.left_out = argument.attr_name, str(argument.default)
        return made


class _Number(Argument):
    """A whole number; another word ends as Invoke's own parse errors do, and not in a traceback."""

    @classmethod
    def like(cls, argument: Argument) -> _Number:
        made = cls(names=argument.names, kind=int, default=argument.default, help=argument.help)
        made.attr_name = argument.attr_name
        return made

    def set_value(self, value: Any, cast: bool = True) -> None:
        least = _AT_LEAST.get(self.attr_name or "", 0)
        if not str(value).isdecimal() or int(value) < least:
            given = str(self.name).replace("_", "-")
            raise ParseError(f"--{given} takes a whole number, {least} or more, and not {value!r}")
        super().set_value(value, cast=cast)


class _Task(Task[Callable[..., None]]):
    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        return [_as_meant(argument) for argument in super().get_arguments(ignore_unknown_help)]


def _as_meant(argument: Argument) -> Argument:
    """With a default of (), Invoke would take the letters of a word for several words."""
    if argument.kind is tuple:
        names, help_text = argument.names, argument.help
        return Argument(names=names, kind=list, default=[], help=help_text, attr_name=argument.attr_name)
    if argument.kind is int:
        return _Number.like(argument)
    return _Optional.like(argument) if argument.positional and argument.default is not None else argument


def _filling(wrap_up: Callable[[ParseMachine], None]) -> Callable[[ParseMachine], None]:
    """Invoke has no hook for the moment at which a task's words are over: this is put there."""

    def complete_context(parser: ParseMachine) -> None:
        for argument in parser.context.positional_args if parser.context else ():
            if isinstance(argument, _Optional) and argument.value is None:
                argument.value = argument.left_out
        wrap_up(parser)

    return complete_context


ParseMachine.complete_context = _filling(ParseMachine.complete_context)  # type: ignore[method-assign,assignment]


def _run(body: Callable[..., None], context: Context, *args: Any, **kwargs: Any) -> int:
    try:
        _refuse_hosts(context)
        body(context, *args, **kwargs)
        return 0
    except OperatorError as error:
        tell(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        tell("interrupted; no step was under way\n  -> fab status names a run that is open")
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
def opened(
    inventory: str, cluster: str, *, seen_as: Callable[[Cluster], Cluster] | None = None
) -> Iterator[Site]:
    """The cluster of the inventory, ready to be asked; closes every connection at the end.

    Args:
        seen_as: What the inventory is taken to say, where a task is about to change that.
    """
    chosen = open_inventory(inventory or None, cluster or None)
    secrets = Secrets()
    with Site(seen_as(chosen) if seen_as else chosen, secrets=secrets.resolve) as site:
        yield site
