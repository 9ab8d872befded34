"""`fab --list` and `fab --help TASK` as an operator reads them. Invoke has no hook for either."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator

from invoke.collection import Collection
from invoke.exceptions import Exit, ParseError
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext
from invoke.program import Program

from tasks.core.help_text import COMMON, Option, help_lines, list_lines
from tasks.core.nearest import one_of
from tasks.core.text_table import printable
from tasks.words import no_task

_WIDEST = 100  # a line that is longer is read no faster
_KINDS = {str: "TEXT", int: "NUMBER", float: "NUMBER", list: "TEXT"}


def install() -> None:
    """From now on Invoke's programs show these pages."""
    Program.list_flat = _list  # type: ignore[method-assign,assignment]
    Program.print_task_help = _help  # type: ignore[method-assign,assignment]
    Program.no_tasks_given = _nothing_asked  # type: ignore[method-assign,assignment]
    Program.parse_cleanup = _with_known_names(Program.parse_cleanup)  # type: ignore[method-assign,assignment]


def _list(program: Program) -> None:
    _say(list_lines(_tasks(program.collection), under=program.list_root or ""))


def _nothing_asked(program: Program) -> None:
    """Bare `fab`: Invoke would list its own options."""
    _list(program)
    raise Exit


def _help(program: Program, name: str) -> None:
    from tasks.effects.console import width  # here, as below: only a page that is shown needs the console

    context = program.parser.contexts[name]
    said = inspect.getdoc(program.collection[name]) or ""
    words = [f"[{word.name.upper()}]" for word in context.positional_args]
    columns = min(width(), _WIDEST)
    _say(help_lines(name, said, words=words, options=_options(context), columns=columns))


def _with_known_names(clean_up: Callable[[Program], None]) -> Callable[[Program], None]:
    def parse_cleanup(program: Program) -> None:
        asked = program.args.help.value
        if isinstance(asked, str) and asked not in program.parser.contexts:
            raise ParseError(no_task(asked, program.parser.contexts))
        root, known = program.args.list.value, program.collection.collections
        if isinstance(root, str) and root not in known:
            raise ParseError(
                f"there is no collection {printable(root)}; {one_of(root, sorted(known))}\n  -> fab --list"
            )
        clean_up(program)

    return parse_cleanup


def _tasks(collection: Collection) -> dict[str, str]:
    return {name: (inspect.getdoc(collection[name]) or "").split("\n")[0] for name in collection.task_names}


def _options(context: ParserContext) -> Iterator[Option]:
    for argument in sorted(context.args.values(), key=lambda argument: str(argument.name)):
        yield Option(_spec(argument), argument.help or COMMON.get(str(argument.name), ""))


def _spec(argument: Argument) -> str:
    option = f"--{str(argument.name).replace('_', '-')}"
    return f"{option} {_KINDS.get(argument.kind, 'TEXT')}" if argument.takes_value else option


def _say(lines: Iterable[str]) -> None:
    from tasks.effects.console import say

    say("\n".join(lines), verbatim=True)
