"""Which assignments of a function reach a use of a name: the last before it, by branches, loops left aside."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tests.symptoms.source import Function

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a name may have.

    Args:
        value: The expression; of a loop, what its rows come from.
        by: The statement; what the value itself names is looked for before it.
        block: The statements it stands among: names given there belong together.
        index: In a tuple of names; None where the value is the name's own.
        loop: The value's rows are taken one after the other.
    """

    value: ast.expr
    by: ast.AST
    block: int
    index: int | None = None
    loop: bool = False


def reaching(function: Function, name: str, use: ast.AST) -> list[Given]:
    """What the name may be where it is used; nothing if it is not of this function's body."""
    parents = _parents(function)
    found: list[Given] = []
    node = use.statement if isinstance(use, Earlier) else use
    while (parent := parents.get(node)) is not None:
        for target, rows in _loops(parent):
            index = _index(target, name)
            if index is not None and node is not rows:
                return [*found, Given(rows, parent, id(parent), index, loop=True)]
        found += _named_within(parent, node, name)
        for block in _blocks(parent):
            if node in block:
                given, sure = _at_the_end(block[: block.index(node)], name)
                found += given
                if sure:
                    return found
        node = parent
    return found


@cache
def _parents(function: Function) -> dict[ast.AST, ast.AST]:
    found: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(function.node):
        for child in ast.iter_child_nodes(node):
            found[child] = node
    return found


class Earlier(ast.Name):
    """The name as it was before this statement."""

    def __init__(self, name: str, statement: ast.AST) -> None:
        super().__init__(name, ast.Load())
        self.statement = statement


def _blocks(node: ast.AST) -> Iterator[Sequence[ast.AST]]:
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _loops(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.For):
        yield node.target, node.iter
    for each in getattr(node, "generators", ()):
        yield each.target, each.iter


def _named_within(parent: ast.AST, node: ast.AST, name: str) -> list[Given]:
    """By := in the condition of what the use is in."""
    if not isinstance(parent, (ast.If, ast.While, ast.IfExp)) or node is parent.test:
        return []
    return [
        Given(each.value, each, id(parent))
        for each in ast.walk(parent.test)
        if isinstance(each, ast.NamedExpr) and each.target.id == name
    ]


def _at_the_end(block: Sequence[ast.AST], name: str) -> tuple[list[Given], bool]:
    """What the name may be after these statements, and whether it was given there on every way."""
    found: list[Given] = []
    for statement in reversed(block):
        if isinstance(statement, _LEAVES):
            return [], True
        given, sure = _by(statement, name, id(block[0]))
        found += given
        if sure:
            return found, True
    return found, False


def _by(statement: ast.AST, name: str, block: int) -> tuple[list[Given], bool]:
    match statement:
        case (
            ast.Assign(targets=[target], value=value)
            | ast.AnnAssign(target=target, value=ast.expr() as value)
        ):
            return _assigned(target, value, statement, block, name)
        case ast.AugAssign(target=ast.Name(id=called), value=value) if called == name:
            return [Given(ast.BinOp(Earlier(name, statement), ast.Add(), value), statement, block)], True
        case ast.If(body=body, orelse=other):
            ends = [_at_the_end(body, name), _at_the_end(other, name)]
            return [each for given, _ in ends for each in given], all(sure for _, sure in ends)
        case ast.With(body=body):
            return _at_the_end(body, name)
        case ast.Match(cases=cases):
            ends = [_at_the_end(case.body, name) for case in cases]
            return [each for given, _ in ends for each in given], all(sure for _, sure in ends)
        case ast.For() | ast.While() | ast.Try():
            ends = [_at_the_end(inner, name) for inner in _blocks(statement) if inner]
            return [each for given, _ in ends for each in given], False
        case ast.ExceptHandler(body=body):
            return _at_the_end(body, name)
    walrus = [
        Given(each.value, statement, block)
        for each in ast.walk(statement)
        if isinstance(each, ast.NamedExpr) and each.target.id == name
    ]
    return walrus, bool(walrus)


def _assigned(
    target: ast.expr, value: ast.expr, by: ast.AST, block: int, name: str
) -> tuple[list[Given], bool]:
    if isinstance(target, ast.Name) and target.id == name:
        return [Given(value, by, block)], True
    if isinstance(target, ast.Tuple) and (index := _index(target, name)) is not None:
        return [Given(value, by, block, index)], True
    return [], False


def _index(target: ast.expr, name: str) -> int | None:
    """Where the name stands in what is given; -1 if it is all of it, None if it is not there."""
    if isinstance(target, ast.Name):
        return -1 if target.id == name else None
    if not isinstance(target, ast.Tuple):
        return None
    named = [each.id if isinstance(each, ast.Name) else "" for each in target.elts]
    return named.index(name) if name in named else None
