"""How a task's words are read, where Invoke reads them otherwise than an operator means them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invoke.collection import Collection
from invoke.exceptions import ParseError
from invoke.parser.argument import Argument
from invoke.parser.parser import ParseMachine
from invoke.tasks import Task

_AT_LEAST = {"stop_after": 1}  # 0 could mean at once, or never


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


class OperatorTask(Task[Callable[..., None]]):
    """A task whose optional positionals, numbers and repeated options are what they seem to be."""

    said_as: str = ""  # what the operator types: "credentials.create"; see `name_tasks`

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        return [_as_meant(argument) for argument in super().get_arguments(ignore_unknown_help)]


def name_tasks(namespace: Collection) -> None:
    """Tell every task the name under which the namespace has it."""
    for name in namespace.task_names:
        namespace[name].said_as = name


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
