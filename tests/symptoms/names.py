"""What a name, a parameter or a call of the source stands for, along one choice of ways through it."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from tests.symptoms.flow import reaching
from tests.symptoms.source import Function, Module, Site, Source, own_nodes

DEEPEST = 12
Ways = Mapping[Hashable, int]


class Fork(Exception):
    """Several ways from here; taken are as many as there are."""

    def __init__(self, key: Hashable, ways: int) -> None:
        super().__init__(key)
        self.key = key
        self.ways = ways


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands. `calls` holds the call by which each function was entered, where it is known."""

    module: Module
    function: Function | None
    calls: tuple[tuple[Function, Site, Place], ...] = ()


class Names:
    """Looks names up along one choice of ways."""

    def __init__(self, source: Source, ways: Ways, *, tired: bool) -> None:
        self.source = source
        self.ways = ways
        self.tired = tired  # too many ways: what forks is unknown

    def _way(self, key: Hashable, count: int) -> int | None:
        if count == 1:
            return 0
        if key in self.ways:
            return self.ways[key]
        if self.tired or count == 0:
            return None
        raise Fork(key, count)

    def _expression(self, name: ast.Name, place: Place) -> tuple[ast.expr, Place] | None:
        """What a name stands for, and where that is written."""
        function = place.function
        use: ast.AST = name
        while function is not None:
            here = Place(place.module, function, place.calls)
            if (local := self._assigned(name, use, here)) is not None:
                return local
            if function.parameter(name.id) is not None:
                return self._argument(name.id, here)
            use, function = function.node, function.inside
        constant = self.source.constant(place.module, name.id)
        return None if constant is None else (constant[1], Place(constant[0], None))

    def _assigned(self, name: ast.Name, use: ast.AST, place: Place) -> tuple[ast.expr, Place] | None:
        assert place.function is not None
        found = reaching(place.function, name.id, use)
        if not found:
            return None
        way = self._way(("assigned", place.function, frozenset(each.block for each in found)), len(found))
        if way is None:
            return None
        chosen = found[way]
        if chosen.index is None:
            return chosen.value, place
        return self._unpacked(chosen.value, chosen.index, place, loop=chosen.loop)

    def _unpacked(
        self, value: ast.expr, index: int, place: Place, *, loop: bool
    ) -> tuple[ast.expr, Place] | None:
        """One of several names that a tuple, or the rows of a table, are given to."""
        rows, home = self._rows(value, place) if loop else ([value], place)
        way = self._way(("row", value), len(rows)) if rows else None
        if way is None:
            return None
        row = rows[way]
        if index < 0:
            return row, home
        if isinstance(row, ast.IfExp):
            branch = self._way(("if", ast.dump(row.test), place.function), 2)
            row = row if branch is None else (row.body, row.orelse)[branch]
        if isinstance(row, ast.Tuple):
            return row.elts[index], home
        if isinstance(row, ast.Call) and (inlined := self._returned(row, home)) is not None:
            returned, where = inlined
            return (returned.elts[index], where) if isinstance(returned, ast.Tuple) else None
        return None

    def _rows(self, value: ast.expr, place: Place) -> tuple[list[ast.expr], Place]:
        if isinstance(value, ast.Name) and (found := self._expression(value, place)) is not None:
            value, place = found
        match value:
            case ast.Tuple(elts=rows) | ast.List(elts=rows):
                return rows, place
            case ast.Call(func=ast.Attribute(value=table, attr="items")):
                if isinstance(table, ast.Name) and (found := self._expression(table, place)) is not None:
                    table, place = found
                if isinstance(table, ast.Dict):
                    pairs = zip(table.keys, table.values, strict=True)
                    return [ast.Tuple([key, entry], ast.Load()) for key, entry in pairs if key], place
        return [], place

    def _argument(self, name: str, place: Place) -> tuple[ast.expr, Place] | None:
        """What a parameter was given by the call that is looked at, or by each call in turn."""
        function = place.function
        assert function is not None
        entered = next(((site, at) for one, site, at in place.calls if one is function), None)
        if entered is None:
            entered = self._a_call(function, place)
        if entered is None:
            return None
        site, at = entered
        if name == "self":
            return (
                (site.call.args[0], at) if site.call.args and isinstance(site.call.func, ast.Name) else None
            )
        given = argument(site.call, function, name)
        if given is not None:
            return given, at
        default = function.default_of(name)
        return None if default is None else (default, Place(function.module, None))

    def _a_call(self, function: Function, place: Place) -> tuple[Site, Place] | None:
        calls = [c for c in self.source.calls_of(function) if c.function is not function]
        if len(place.calls) > DEEPEST or not calls:
            return None
        way = self._way(("call", function), len(calls))
        if way is None:
            return None
        return calls[way], Place(calls[way].module, calls[way].function)

    def _returned(self, call: ast.Call, place: Place) -> tuple[ast.expr, Place] | None:
        """What a function of ours gives back for this call: one of its returns."""
        site = Site(place.module, place.function, call)
        function = self.source.called(site)
        if function is None or len(place.calls) > 5 or any(one is function for one, _, _ in place.calls):
            return None
        ends = [
            n.value for n in own_nodes(function.node) if isinstance(n, ast.Return) and n.value is not None
        ]
        told = [end for end in ends if not (isinstance(end, ast.Constant) and end.value in ("", None))]
        way = self._way(("returned", call), len(told)) if told else None
        if way is None:
            return None
        return told[way], Place(function.module, function, (*place.calls, (function, site, place)))


def argument(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """What the call gives to this parameter; None if nothing, or by * or **."""
    for word in call.keywords:
        if word.arg == name:
            return word.value
    rules = function.node.args
    plain = [each.arg for each in (*rules.posonlyargs, *rules.args)]
    if plain[:1] == ["self"]:
        plain = plain[1:]
    if name in plain and plain.index(name) < len(call.args):
        given = call.args[plain.index(name)]
        return None if isinstance(given, ast.Starred) else given
    return None
