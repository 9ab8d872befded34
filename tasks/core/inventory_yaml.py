"""YAML text to plain values, with the line of each: the small part of YAML that an inventory needs.

Left out on purpose, each with a message: aliases and merge keys (`defaults` is for that), tags,
dates, and numbers that YAML reads otherwise than people do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tasks.core.dataclass import dataclass
from tasks.core.inventory_faults import Fault, YamlPath, dotted

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,2})?")
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_HARMLESS = re.compile(r"""(['"])(\\?.|<[a-z ]+>)\1""")
_QUOTE = "put it in quotes if it is text"


@dataclass(frozen=True, slots=True)
class Document:
    """What the text says.

    Args:
        value: Dicts with text keys, lists, text, numbers, booleans, None. What has a fault is left out.
        lines: Line of each key and list item, counted from 1.
        faults: Already with their lines.
    """

    value: object
    lines: Mapping[YamlPath, int]
    faults: tuple[Fault, ...]

    def located(self, fault: Fault) -> Fault:
        """The fault with its line: that of its key, or of the nearest key above it."""
        if fault.line:
            return fault
        path = fault.path
        while path and path not in self.lines:
            path = path[:-1]
        return replace(fault, line=self.lines.get(path, 1))


def read(text: str) -> Document:
    """Never raises: a text that is no YAML is a document with one fault."""
    try:
        yaml = YAML(typ="safe", pure=True)
        yaml.composer.warn_double_anchors = (
            False  # it would print what is around them, which could be a secret
        )
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        return _broken(_syntax_fault(error))
    except YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        return _broken(Fault((), "a character that YAML forbids", "remove it", line=line))
    except RecursionError:
        return _broken(Fault((), "nested too deeply", "an inventory is seven levels deep", line=1))
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError):
        # ruamel.yaml's own faults with a few malformed texts, such as a directive `%YAML x`.
        return _broken(Fault((), "no YAML that could be read", "see docs/inventory.md", line=1))
    reader = _Reader()
    value = reader.read(root, ()) if root is not None else None
    return Document(value, reader.lines, tuple(reader.faults))


def _broken(fault: Fault) -> Document:
    return Document(None, {}, (fault,))


def _syntax_fault(error: MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    problem = _without_content(str(error.problem or error.context or "unreadable"))
    if "another document" in problem:
        problem = "a second document"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    remedy = "correct the line or the one before; text with : # { [ * & ! % @ needs quotes"
    if "'\\t'" in problem:
        remedy = "indent by spaces: YAML forbids tabs"
    return Fault((), f"not YAML: {problem}", remedy, line=line, column=column)


def _without_content(problem: str) -> str:
    """The parser's words without what it quotes from the file: that could be a secret."""
    return " ".join(
        _QUOTED.sub(lambda found: found[0] if _HARMLESS.fullmatch(found[0]) else "…", problem).split()
    )


@dataclass(slots=True)
class _Reader:
    """One walk over the node graph; a node met twice is an alias."""

    lines: dict[YamlPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def read(self, node: Node, path: YamlPath) -> object:
        if id(node) in self.seen:
            remedy = "write it out; shared settings belong under `defaults`"
            self.faults.append(Fault(path, "an alias (*)", remedy, line=self.lines.get(path, 1)))
            return _LEFT_OUT
        self.seen.add(id(node))
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return self._sequence(node, path)
            case _:
                return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: YamlPath) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if (*path, key) in self.lines:
                first = self.lines[(*path, key)]
                self._fault(key_node, (*path, key), f"given twice, first in line {first}", "keep one of them")
                continue
            self.lines[(*path, key)] = _line(key_node)
            value = self.read(value_node, (*path, key))
            if value is not _LEFT_OUT:
                found[key] = value
        return found

    def _key(self, node: Node, path: YamlPath) -> str | None:
        if node.tag == f"{_TAG}merge":
            self._fault(node, (*path, "<<"), "merge keys are not supported", "use `defaults`")
        elif not isinstance(node, ScalarNode):
            self._fault(node, path, f"a key of {dotted(path) or 'the inventory'} is no text", "write a name")
        else:
            return str(node.value)
        return None

    def _sequence(self, node: SequenceNode, path: YamlPath) -> list[object]:
        found = []
        for index, item in enumerate(node.value):
            self.lines[(*path, index)] = _line(item)
            found.append(self.read(item, (*path, index)))
        return [value for value in found if value is not _LEFT_OUT]

    def _scalar(self, node: Node, path: YamlPath) -> object:
        text = str(node.value)
        match str(node.tag).removeprefix(_TAG):
            case "str":
                return text
            case "null":
                return None
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
            case "int" if _INTEGER.fullmatch(text):
                return int(text)
            case "float" if _DECIMAL.fullmatch(text):
                return float(text)
            case "bool":
                self._fault(node, path, "a boolean that is neither true nor false", f"write it so; {_QUOTE}")
            case "int" | "float":
                self._fault(node, path, "a number of an unusual form", f"write plain digits; {_QUOTE}")
            case "timestamp":
                self._fault(node, path, "YAML reads this as a date", _QUOTE)
            case _:
                self._fault(node, path, "a tag (!) that is not supported", _QUOTE)
        return _LEFT_OUT

    def _fault(self, node: Node, path: YamlPath, problem: str, remedy: str) -> None:
        self.faults.append(Fault(path, problem, remedy, line=_line(node)))


_LEFT_OUT = object()


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
