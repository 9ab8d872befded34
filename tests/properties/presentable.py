"""What may be shown to an operator: nothing that steers a terminal, nothing that a file cannot hold."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable, Mapping

from tasks.core.errors import OperatorError

_HARMFUL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_OVERRIDES = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def harmful(text: str) -> str:
    """The characters that must not get out; line ends of our own making are none."""
    return "".join(c for c in text if c != "\n" and (unicodedata.category(c) in _HARMFUL or c in _OVERRIDES))


def texts_of(value: object) -> Iterable[str]:
    """Every text in a value, however deep."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, each in value.items():
                yield from (*texts_of(key), *texts_of(each))
        case tuple() | list() | frozenset() | set():
            for each in value:
                yield from texts_of(each)
        case _ if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from texts_of(getattr(value, field.name))


def require_presentable(*values: object) -> None:
    """Every text in them can be shown, and has no line of somebody else's in it."""
    for text in (text for value in values for text in texts_of(value)):
        assert not harmful(text), ascii(text)
        assert "\n" not in text, ascii(text)


def require_remedy(error: OperatorError) -> None:
    """It says what to do next; whoever shows it sees to what a terminal may take."""
    assert error.remedy


def require_helpful(error: OperatorError) -> None:
    """It has a remedy, and steers no terminal."""
    assert error.remedy
    assert not harmful(str(error)), ascii(str(error))
