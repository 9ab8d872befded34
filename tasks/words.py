"""How a task's words are read, where Invoke reads them otherwise than an operator means them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from invoke.collection import Collection
from invoke.exceptions import ParseError
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext
from invoke.parser.parser import ParseMachine
from invoke.tasks import Task

from tasks.core.nearest import nearest
from tasks.core.text_table import printable

_AT_LEAST = {"stop_after": 1}  # 0 could mean at once, or never
_NO_IDEA = "No idea what "  # how Invoke begins what it says of a word that it does not know
_NO_VALUE = "Flag "  # and of an option at the end of the line


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

    def __deepcopy__(self, memo: object) -> OperatorTask:
        """Itself: Invoke copies the whole namespace once, and changes no task."""
        return self

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        texts = dict(self.help)
        found = [_as_meant(argument) for argument in super().get_arguments(ignore_unknown_help)]
        self.help = texts  # Invoke gives each away once
        return found


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


def no_task(word: str, tasks: Iterable[str]) -> str:
    """What is said of a word where a task is wanted."""
    near = nearest(word, tasks)
    return f"there is no task {printable(word)}{f'; nearest: {near}' if near else ''}\n  -> fab --list"


def _context(parser: ParseMachine) -> ParserContext:
    """The task whose words are read, or Invoke's own options; an empty one before either."""
    return parser.context or ParserContext()  # it may be None, whatever its annotation says


def _stranger(parser: ParseMachine, word: str) -> str:
    """What is said of a word that nobody takes, where Invoke has no idea."""
    task, shown = _context(parser).name, printable(word)
    then = f"fab --help {task}" if task else "fab --help"
    if word.startswith("-"):
        near = nearest(word, [*_context(parser).flags, *_context(parser).inverse_flags])
        what = f"{task or 'fab'} has no option {shown}{f'; nearest: {near}' if near else ''}"
        return f"{what}\n  -> {then}"
    tasks = [str(context.name) for context in parser.contexts.values()]
    if task is None:
        return no_task(word, tasks)
    near = nearest(word, tasks)
    meant = f"; nearest task: {near}" if near else ""
    return f"{task} takes no further word, and {shown} is no task{meant}\n  -> {then}"


def _with_nearest(handle: Callable[[ParseMachine, str], None]) -> Callable[[ParseMachine, str], None]:
    def handle_word(parser: ParseMachine, token: str) -> None:
        try:
            if _is_stray_option(parser, token):
                _no_positional(parser, token)
            else:
                handle(parser, token)
        except ParseError as error:
            if not str(error).startswith(_NO_IDEA):
                raise
            raise ParseError(_stranger(parser, token), parser.context) from error

    return handle_word


def _is_stray_option(parser: ParseMachine, word: str) -> bool:
    """One that is not the task's own. While a positional may come, Invoke would take it for that."""
    context = _context(parser)
    own = word in context.flags or word in context.inverse_flags
    open_ended = context.missing_positional_args and not parser.waiting_for_flag_value
    return word.startswith("-") and not own and bool(open_ended)


def _no_positional(parser: ParseMachine, word: str) -> None:
    """As Invoke does after the positionals: an option of its own (--help), or nobody's."""
    if not parser.initial or word not in parser.initial.flags:
        raise ParseError(f"{_NO_IDEA}{word!r} is!", parser.context)
    flag = parser.initial.flags[word]
    if flag.name == "help":
        flag.value = parser.context.name
    else:
        parser.switch_to_flag(word)


def _with_name(complete_flag: Callable[[ParseMachine], None]) -> Callable[[ParseMachine], None]:
    """Invoke names an option without its value by its repr."""

    def complete(parser: ParseMachine) -> None:
        try:
            complete_flag(parser)
        except ParseError as error:
            flag: Argument | None = getattr(parser, "flag", None)
            if flag is None or not str(error).startswith(_NO_VALUE):
                raise
            task, option = _context(parser).name, str(flag.name).replace("_", "-")
            then = f"fab --help {task}" if task else "fab --help"
            raise ParseError(
                f"--{option} takes a value, and none was given\n  -> {then}", parser.context
            ) from error

    return complete


def _copied(argument: Argument, memo: object) -> Argument:
    """Before it reads a word, Invoke copies all that every task takes, twice. What an option holds it never changes,
    it only gives it another value.
    """
    return copy(argument)


Argument.__deepcopy__ = _copied  # type: ignore[attr-defined]
ParseMachine.handle = _with_nearest(ParseMachine.handle)  # type: ignore[method-assign,assignment]
ParseMachine.complete_flag = _with_name(ParseMachine.complete_flag)  # type: ignore[method-assign,assignment]
ParseMachine.complete_context = _filling(ParseMachine.complete_context)  # type: ignore[method-assign,assignment]
