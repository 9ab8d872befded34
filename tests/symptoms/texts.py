"""What an expression of the source can say: text, with … for what is known only when it runs.

Where it can say several things (a branch, a table, several callers) `every` takes one way after the other,
and the same way for all expressions that are asked for together: problem and remedy stay those of one case.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Hashable, Iterator

from tests.symptoms.names import Fork, Names, Place, Ways
from tests.symptoms.source import Function, Site, Source, own_nodes

UNKNOWN = "…"
MOST_WAYS = 400
DEEPEST = 48
_SAYS = {"one_of": "one of: …", "nearest": UNKNOWN, "listed": UNKNOWN, "named": UNKNOWN}  # as short as can be
_SAME_TEXT = ("strip", "rstrip", "lstrip", "capitalize", "removesuffix", "removeprefix", "expandtabs")


class Reader(Names):
    """Reads expressions along one choice of ways."""

    def __init__(self, source: Source, ways: Ways, *, tired: bool) -> None:
        super().__init__(source, ways, tired=tired)
        self._depth = 0

    def text(self, expr: ast.expr | None, place: Place) -> str:
        """The expression's text. Raises Fork where a way has to be chosen first."""
        if expr is None or self._depth > DEEPEST:
            return UNKNOWN
        self._depth += 1
        try:
            return self._text(expr, place)
        finally:
            self._depth -= 1

    def _text(self, expr: ast.expr, place: Place) -> str:
        match expr:
            case ast.Constant(value=str(value)):
                return value
            case ast.Constant(value=bool() | None):
                return UNKNOWN
            case ast.Constant(value=int(number) | float(number)):
                return str(number)
            case ast.JoinedStr(values=values):
                return "".join(self.text(value, place) for value in values)
            case ast.FormattedValue(value=value):
                return self.text(value, place)
            case ast.BinOp(left=left, op=ast.Add(), right=right) if not _is_number(right):
                return self.text(left, place) + self.text(right, place)
            case ast.IfExp(test=test, body=body, orelse=other):
                way = self._way(("if", ast.dump(test), place.function), 2)
                return UNKNOWN if way is None else self.text((body, other)[way], place)
            case ast.BoolOp(values=values):
                way = self._way((expr, "or"), len(values))
                return UNKNOWN if way is None else self.text(values[way], place)
            case ast.NamedExpr(value=value):
                return self.text(value, place)
            case ast.Name():
                return self._name(expr, place)
            case ast.Attribute():
                return self._attribute(expr, place)
            case ast.Subscript(value=table, slice=key):
                return self._entry(table, key, place)
            case ast.Call():
                return self._call(expr, place)
        return UNKNOWN

    def _name(self, name: ast.Name, place: Place) -> str:
        found = self._expression(name, place)
        return UNKNOWN if found is None else self.text(*found)

    def _attribute(self, expr: ast.Attribute, place: Place) -> str:
        if not isinstance(expr.value, ast.Name):
            return UNKNOWN
        if (known := self.source.a_class(place.module, expr.value.id)) is not None:
            value = _class_value(known[1], expr.attr)
            return UNKNOWN if value is None else self.text(value, Place(known[0], None))
        if not self._is_table(expr.value.id, place):
            return UNKNOWN
        found = self._expression(expr.value, place)
        return UNKNOWN if found is None else self._field(*found, expr.attr)

    def _is_table(self, name: str, place: Place) -> bool:
        """Whether it is of a private class of its module: a few texts, told apart by how it was made."""
        kind = place.function.parameter(name) if place.function else None
        if name == "self":
            return any(one is place.function for one, _, _ in place.calls)
        return kind is not None and isinstance(kind.annotation, ast.Name) and kind.annotation.id[0] == "_"

    def _field(self, made: ast.expr, place: Place, name: str) -> str:
        while isinstance(made, ast.Name) and (found := self._expression(made, place)) is not None:
            made, place = found
        if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Name):
            return UNKNOWN
        known = self.source.a_class(place.module, made.func.id)
        if known is None:
            returned = self._returned(made, place)
            return UNKNOWN if returned is None else self._field(*returned, name)
        home = self.source.modules[known[0].name].functions.get(f"{known[1].name}.{name}")
        if home is not None:
            return self._property(home, made, place)
        fields = [
            s.target.id
            for s in known[1].body
            if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
        ]
        by_name = {word.arg: word.value for word in made.keywords}
        if name in fields and fields.index(name) < len(made.args):
            return self.text(made.args[fields.index(name)], place)
        return self.text(by_name.get(name), place)

    def _property(self, function: Function, made: ast.Call, place: Place) -> str:
        """What is computed of the fields: it is entered with the object as `self`."""
        ends = [n.value for n in own_nodes(function.node) if isinstance(n, ast.Return)]
        site = Site(place.module, place.function, ast.Call(ast.Name("", ast.Load()), [made], []))
        inside = Place(function.module, function, (*place.calls, (function, site, place)))
        return self.text(ends[0], inside) if len(ends) == 1 else UNKNOWN

    def _entry(self, table: ast.expr, key: ast.expr, place: Place) -> str:
        home = place
        if isinstance(table, ast.Name) and (found := self._expression(table, place)) is not None:
            table, home = found
        if not isinstance(table, ast.Dict):
            return UNKNOWN
        wanted = self.text(key, place)
        named = {self.text(each, home): value for each, value in zip(table.keys, table.values, strict=True)}
        if wanted in named:
            return self.text(named[wanted], home)
        way = self._way(("entry", ast.dump(key), place.function), len(table.values))
        return UNKNOWN if way is None else self.text(table.values[way], home)

    def _call(self, call: ast.Call, place: Place) -> str:
        match call.func:
            case ast.Name(id="str" | "_harmless" | "printable" | "shown") if len(call.args) == 1:
                return self.text(call.args[0], place)
            case ast.Attribute(value=receiver, attr=name) if name in _SAME_TEXT:
                return self.text(receiver, place)
            case ast.Attribute(value=ast.Constant(), attr="join") if len(call.args) == 1:
                return self._one_of(call.args[0], place)
            case ast.Name(id=name) if name in _SAYS:
                return _SAYS[name]
        returned = self._returned(call, place)
        return UNKNOWN if returned is None else self.text(*returned)

    def _one_of(self, rows: ast.expr, place: Place) -> str:
        """One line of several that are put together."""
        found = list(self._elements(rows, place, deep=0))
        way = self._way(("joined", rows), len(found))
        return UNKNOWN if way is None else self.text(*found[way])

    def _elements(self, rows: ast.expr, place: Place, *, deep: int) -> Iterator[tuple[ast.expr, Place]]:
        if deep > 5:
            return
        match rows:
            case ast.Tuple(elts=each) | ast.List(elts=each):
                for one in each:
                    if isinstance(one, ast.Starred):
                        yield from self._elements(one.value, place, deep=deep + 1)
                    else:
                        yield one, place
            case ast.GeneratorExp(elt=one) | ast.ListComp(elt=one):
                yield one, place
            case ast.IfExp(body=body, orelse=other):
                yield from self._elements(body, place, deep=deep + 1)
                yield from self._elements(other, place, deep=deep + 1)
            case ast.Call(func=ast.Name(id="tuple" | "list" | "sorted"), args=[inner, *_]):
                yield from self._elements(inner, place, deep=deep + 1)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[inner]):
                yield from self._elements(inner, place, deep=deep + 1)
            case ast.Call():
                yield from self._given_back(rows, place, deep=deep + 1)
            case ast.Name() if place.function is not None:
                yield from self._collected(rows, place, deep=deep + 1)

    def _given_back(self, call: ast.Call, place: Place, *, deep: int) -> Iterator[tuple[ast.expr, Place]]:
        """The lines that a function of ours yields or returns."""
        site = Site(place.module, place.function, call)
        function = self.source.called(site)
        if function is None or any(one is function for one, _, _ in place.calls):
            return
        inside = Place(function.module, function, (*place.calls, (function, site, place)))
        for node in own_nodes(function.node):
            match node:
                case ast.Yield(value=ast.expr() as value):
                    yield value, inside
                case ast.YieldFrom(value=value) | ast.Return(value=ast.expr() as value):
                    yield from self._elements(value, inside, deep=deep)

    def _collected(self, name: ast.Name, place: Place, *, deep: int) -> Iterator[tuple[ast.expr, Place]]:
        """What a list of this function was filled with."""
        assert place.function is not None
        for node in own_nodes(place.function.node):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=called), attr="append"), args=[one]) if (
                    called == name.id
                ):
                    yield one, place
                case ast.AugAssign(target=ast.Name(id=called), value=value) if called == name.id:
                    yield from self._elements(value, place, deep=deep)
                case ast.Assign(targets=[ast.Name(id=called)], value=value) if called == name.id:
                    yield from self._elements(value, place, deep=deep)


def _is_number(expr: ast.expr) -> bool:
    return isinstance(expr, ast.Constant) and isinstance(expr.value, (int, float))


def _class_value(node: ast.ClassDef, name: str) -> ast.expr | None:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=called)], value=value) if called == name:
                return value
    return None


def every(source: Source, read: Callable[[Reader], tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The texts of each way through, without repetition, in the order of the source.

    Args:
        read: Asks the reader for all texts that belong together.
    """
    found: dict[tuple[str, ...], None] = {}
    todo: list[dict[Hashable, int]] = [{}]
    tried = 0
    while todo:
        ways = todo.pop(0)
        tried += 1
        try:
            texts = read(Reader(source, ways, tired=tried > MOST_WAYS))
        except Fork as fork:
            todo[:0] = [{**ways, fork.key: way} for way in range(fork.ways)]
        else:
            found[tuple(map(plain, texts))] = None
    return list(found)


def plain(text: str) -> str:
    """One line, what is unknown side by side put together."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(rf"{UNKNOWN}(?:[ ]?{UNKNOWN})+", UNKNOWN, text)
