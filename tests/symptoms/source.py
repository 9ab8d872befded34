"""The tool's modules as syntax trees: where a name comes from, who calls a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FunctionNode = ast.FunctionDef


@dataclass(slots=True, eq=False)
class Module:
    """One file: its functions by qualified name, its classes, its constants, what it imports."""

    name: str
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    module: Module
    node: FunctionNode
    owner: str  # its class; "" of a plain function
    inside: Function | None  # the one that it is written in

    def parameter(self, name: str) -> ast.arg | None:
        rules = self.node.args
        return next((a for a in (*rules.posonlyargs, *rules.args, *rules.kwonlyargs) if a.arg == name), None)

    def default_of(self, name: str) -> ast.expr | None:
        rules = self.node.args
        plain = [*rules.posonlyargs, *rules.args]
        late = plain[len(plain) - len(rules.defaults) :]
        pairs = [
            *zip(late, rules.defaults, strict=True),
            *zip(rules.kwonlyargs, rules.kw_defaults, strict=True),
        ]
        return next((value for arg, value in pairs if arg.arg == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A call, and the function that it is in; None at a module's top."""

    module: Module
    function: Function | None
    call: ast.Call


class Source:
    """All modules of these folders.

    Args:
        files: Module name -> path.
    """

    def __init__(self, files: dict[str, Path]) -> None:
        self.modules = {name: _module(name, ast.parse(path.read_text())) for name, path in files.items()}
        self.sites = tuple(site for module in self.modules.values() for site in _sites(module))
        self._calls: dict[FunctionNode, list[Site]] = {}
        for site in self.sites:
            called = self.called(site)
            if called is not None:
                self._calls.setdefault(called.node, []).append(site)

    def calls_of(self, function: Function) -> list[Site]:
        return self._calls.get(function.node, [])

    def called(self, site: Site) -> Function | None:
        """The function of ours that a call goes to, as far as its name tells."""
        match site.call.func:
            case ast.Name(id=name):
                return self.function(site.module, site.function, name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if site.function is not None:
                return site.module.functions.get(f"{site.function.owner}.{name}")
        return None

    def function(self, module: Module, within: Function | None, name: str) -> Function | None:
        inner = within
        while inner is not None:
            if (found := module.functions.get(f"{inner.node.name}.<locals>.{name}")) is not None:
                return found
            inner = inner.inside
        if name in module.functions:
            return module.functions[name]
        origin = self.origin(module, name)
        return origin[0].functions.get(origin[1]) if origin else None

    def origin(self, module: Module, name: str) -> tuple[Module, str] | None:
        """Where an imported name is defined."""
        seen = set()
        while name in module.imports and (module.name, name) not in seen:
            seen.add((module.name, name))
            home, name = module.imports[name]
            if home not in self.modules:
                return None
            module = self.modules[home]
        return (module, name) if seen else None

    def a_class(self, module: Module, name: str) -> tuple[Module, ast.ClassDef] | None:
        home, name = self.origin(module, name) or (module, name)
        return (home, home.classes[name]) if name in home.classes else None

    def constant(self, module: Module, name: str) -> tuple[Module, ast.expr] | None:
        home, name = self.origin(module, name) or (module, name)
        return (home, home.constants[name]) if name in home.constants else None

    def descendants(self, of: str) -> dict[str, ast.ClassDef]:
        """Every class below this one, and itself, by name."""
        classes = {name: node for module in self.modules.values() for name, node in module.classes.items()}
        found: dict[str, ast.ClassDef] = {of: classes[of]}
        while new := {
            name: node
            for name, node in classes.items()
            if name not in found
            and any(isinstance(base, ast.Name) and base.id in found for base in node.bases)
        }:
            found |= new
        return found


@cache
def tool() -> Source:
    """All modules of the tool, the lab's included."""
    files = [path for path in sorted((ROOT / "tasks").glob("**/*.py")) if path.stem != "__init__"]
    return Source({".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files})


def _module(name: str, tree: ast.Module) -> Module:
    module = Module(name, tree)
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(home), names=aliases):
                module.imports |= {alias.asname or alias.name: (home, alias.name) for alias in aliases}
            case ast.ClassDef(name=called):
                module.classes[called] = node
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=called)], value=value):
                module.constants[called] = value
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = zip(names, values, strict=False)  # a * among them
                module.constants |= {one.id: value for one, value in pairs if isinstance(one, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=called), value=ast.expr() as value):
                module.constants[called] = value
    _functions(module, tree.body, owner="", inside=None)
    return module


def _functions(module: Module, body: list[ast.stmt], *, owner: str, inside: Function | None) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            _functions(module, node.body, owner=node.name, inside=None)
        elif isinstance(node, ast.FunctionDef):
            function = Function(module, node, owner, inside)
            prefix = f"{inside.node.name}.<locals>." if inside else f"{owner}." if owner else ""
            module.functions[f"{prefix}{node.name}"] = function
            _functions(module, _statements(node), owner=owner, inside=function)


def _statements(function: FunctionNode) -> list[ast.stmt]:
    """Of all depths, those of functions within left out."""
    found: list[ast.stmt] = []
    for node in own_nodes(function):
        if isinstance(node, ast.stmt):
            found.append(node)
    return [node for node in found if isinstance(node, ast.FunctionDef)]


def own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """Every node of its body, in the order of the source; a function within is given, what is in that is not."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop(0)
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            todo[:0] = ast.iter_child_nodes(node)


def _sites(module: Module) -> Iterator[Site]:
    for function in module.functions.values():
        for node in own_nodes(function.node):
            if isinstance(node, ast.Call):
                yield Site(module, function, node)
    for node in module.constants.values():
        yield from (Site(module, None, call) for call in ast.walk(node) if isinstance(call, ast.Call))
