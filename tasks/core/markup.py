"""Elements of HTML and SVG, in which every text is escaped: what is no `Markup` cannot become an element."""

from __future__ import annotations

import html
from collections.abc import Iterable

from tasks.core.dataclass import dataclass
from tasks.core.text_table import printable

_VOID = frozenset({"meta", "br", "rect", "line", "path", "polygon", "circle"})  # that have no content here


@dataclass(frozen=True, slots=True)
class Markup:
    """Text of a page that is safe as it is."""

    text: str


def element(name: str, /, *children: str | Markup, **attributes: str | float) -> Markup:
    """`<name attributes>children</name>`; children that are texts, and every attribute's value, are escaped.

    Args:
        attributes: "class_" is class; "_" in a name is "-" ("stroke_width"), but names of SVG in mixed case stay.
    """
    told = "".join(f' {_name(key)}="{_value(value)}"' for key, value in attributes.items())
    if name in _VOID and not children:
        return Markup(f"<{name}{told}/>" if name not in ("meta", "br") else f"<{name}{told}>")
    return Markup(f"<{name}{told}>{joined(children).text}</{name}>")


def joined(children: Iterable[str | Markup]) -> Markup:
    return Markup("".join(each.text if isinstance(each, Markup) else escaped(each) for each in children))


def escaped(text: str) -> str:
    """For content and for quoted attributes; lines stay lines, what is not printable becomes "?"."""
    return html.escape("\n".join(map(printable, text.split("\n"))), quote=True)


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return escaped(value) if isinstance(value, str) else f"{value:.6g}"
