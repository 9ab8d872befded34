"""Every message of the tool that tells an operator to do something, from its source."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tests.symptoms.flow import reaching
from tests.symptoms.names import Place
from tests.symptoms.source import Module, Site, Source, tool
from tests.symptoms.texts import UNKNOWN, Reader, every

BASE = "OperatorError"
_FINDING = ("name", "severity", "where", "problem", "remedy", "outcome")


@dataclass(frozen=True, slots=True)
class Symptom:
    """One message.

    Args:
        kind: "finding", "error", "gate" (what it saw), "stop" (a gate that stops the line) or "row" (fab doctor).
        name: Of the finding, the class, or the row's check.
        weight: A finding's severity; "" of the others.
        message: With … for what is known only when it runs.
        remedy: As the message; "" where there is none.
        module: Where it is said.
        line: There; what one place says in several ways stays together.
    """

    kind: str
    name: str
    weight: str
    message: str
    remedy: str
    module: str
    line: int


class Nameless(Exception):
    """A finding whose name cannot be told from the source."""


@cache
def symptoms() -> tuple[Symptom, ...]:
    """All of the tool's own modules."""
    return symptoms_of(tool())


@cache
def error_classes() -> Mapping[str, int]:
    """Exit code of each class of error."""
    source = tool()
    codes: dict[str, int] = {}
    for name, node in source.descendants(BASE).items():
        own = [code for statement in node.body if (code := _exit_code(statement)) is not None]
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        codes[name] = own[0] if own else codes[bases[0]]
    return codes


def symptoms_of(source: Source) -> tuple[Symptom, ...]:
    """Raises Nameless: a finding gets its name in a way that is not understood here."""
    errors = set(map(id, source.descendants(BASE).values()))
    found: dict[Symptom, None] = {}
    for site in source.sites:
        found |= dict.fromkeys(_of(source, site, errors))
    return tuple(found)


def _of(source: Source, site: Site, errors: set[int]) -> Iterator[Symptom]:
    for home, called in _called(source, site):
        if id(called) in errors:
            yield from _texts(source, site, "error", called.name, ("problem",))
        elif called.name == "Finding":
            yield from _findings(source, site)
        elif (home.name, called.name) == ("tasks.core.gates", "Broken"):
            yield from _texts(source, site, "stop", called.name, ("seen", "remedy"))
        elif (home.name, called.name) == ("tasks.core.gates", "Waiting"):
            yield from _texts(source, site, "gate", called.name, ("seen",))
        elif (home.name, called.name) == ("tasks.core.inventory_faults", "Fault"):
            yield from _texts(source, site, "error", "InventoryFaults", ("path", "problem", "remedy"))
    function = source.called(site)
    match (function.module.name, function.node.name) if function else ("", ""):
        case ("tasks.core.inventory_values", "refusal"):
            yield from _texts(source, site, "error", "InventoryFaults", ("problem", "remedy"))
        case ("tasks.core.doctor", "wrong"):
            yield from _texts(source, site, "row", "", ("check", "on", "seen", "remedy"))


def _called(source: Source, site: Site) -> Iterator[tuple[Module, ast.ClassDef]]:
    """The class that is called; several where a variable holds one of them."""
    func = site.call.func
    if not isinstance(func, ast.Name):
        return
    values: list[ast.expr] = [func]
    if site.function is not None and _is_variable(func.id, site.module):
        held = reaching(site.function, func.id, func)
        values = [each for given in held for each in _either(given.value)]
    for value in values:
        known = source.a_class(site.module, value.id) if isinstance(value, ast.Name) else None
        if known is not None:
            yield known


def _is_variable(name: str, module: Module) -> bool:
    known = (module.classes, module.imports, module.functions, vars(builtins))
    return not any(name in names for names in known)


def _either(value: ast.expr) -> list[ast.expr]:
    return [*_either(value.body), *_either(value.orelse)] if isinstance(value, ast.IfExp) else [value]


def _texts(source: Source, site: Site, kind: str, name: str, fields: tuple[str, ...]) -> Iterator[Symptom]:
    told = "seen" if "seen" in fields else "problem"
    for check, message, remedy in _read(source, site, fields, "check", told, "remedy"):
        named = name or check
        yield Symptom(kind, named, "", message, remedy, site.module.name, site.call.lineno)


def _findings(source: Source, site: Site) -> Iterator[Symptom]:
    for name, severity, problem, remedy in _read(
        source, site, _FINDING, "name", "severity", "problem", "remedy"
    ):
        if UNKNOWN in name or not name:
            place = f"{site.module.name}:{site.call.lineno}"
            raise Nameless(f"{place}: a finding whose name cannot be told from the source: {name}, {problem}")
        yield Symptom("finding", name, severity, problem, remedy, site.module.name, site.call.lineno)


def _read(source: Source, site: Site, fields: tuple[str, ...], *wanted: str) -> list[tuple[str, ...]]:
    """The texts of these arguments, along every way through."""
    by_name = {word.arg: word.value for word in site.call.keywords}
    given = dict(zip(fields, site.call.args, strict=False)) | by_name
    place = Place(site.module, site.function)

    def read(reader: Reader) -> tuple[str, ...]:
        return tuple(reader.text(given.get(name), place) for name in wanted)

    return every(source, read)


def _exit_code(statement: ast.stmt) -> int | None:
    match statement:
        case ast.AnnAssign(target=ast.Name(id="exit_code"), value=ast.Constant(value=int(code))):
            return code
    return None
