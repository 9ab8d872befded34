"""From the bytes of a REST answer to values: one small reader for every body the server sends.

Texts of the server may be in any language and hold anything: control characters never get through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tasks.core.dataclass import dataclass

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_LARGEST = 2**63  # a server counts in 64 bits
_SECTION = re.compile(r'"([A-Z][A-Za-z]+)"\s*:\s*[{\[]')
_EXCERPT_CHARS = 120


class StatusFault(Exception):
    """The server's answer does not say what was asked.

    Args:
        reason: What is wrong, with the path of the value: `Cluster.Enabled is "yes", wanted true or false`.
        excerpt: The place in the answer, short, without control characters.
    """

    def __init__(self, reason: str, excerpt: str) -> None:
        super().__init__(f"{reason}; answer: {excerpt or '(empty)'}")
        self.reason = reason
        self.excerpt = excerpt


def clean(text: str) -> str:
    """The text without control characters and the like: safe to show on a terminal and to write to a file."""
    return _CONTROL.sub(" ", text).strip()


def excerpt(body: bytes, *, around: int = 0) -> str:
    """At most 120 characters of the body from shortly before character `around`."""
    text = body[: 1 << 20].decode("utf-8", "replace")
    start = max(0, around - _EXCERPT_CHARS // 2)
    return clean(text[start : start + _EXCERPT_CHARS])


def parse_object(body: bytes) -> Section:
    """The answer's outermost JSON object.

    Raises:
        StatusFault: Not JSON, or not an object. Servers send malformed JSON with HTTP 200 when the
            cluster component is in error: the reason then names the object.
    """
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise StatusFault(_malformed(text, error), excerpt(body, around=error.pos)) from error
    except (ValueError, RecursionError) as error:
        raise StatusFault("JSON that cannot be read (size or depth)", excerpt(body)) from error
    return Section(body, "", found).require_object()


def _malformed(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "an empty answer, wanted JSON"
    if not text.lstrip().startswith("{"):
        return "not JSON"
    sections = [m.group(1) for m in _SECTION.finditer(text, 0, error.pos)]
    where = f" in the {sections[-1]} object" if sections else ""
    return f"malformed JSON{where} (character {error.pos}: {error.msg})"


def _shown(value: object) -> str:
    return clean(json.dumps(value, ensure_ascii=False))[:40]


@dataclass(frozen=True, slots=True)
class Section:
    """One JSON object of the answer, and where it is; every getter raises StatusFault."""

    body: bytes
    path: str
    value: Any

    def require_object(self) -> Section:
        if isinstance(self.value, Mapping):
            return self
        raise self._fault(self.path or "the answer", self.value, wanted="an object")

    def section(self, key: str) -> Section:
        return Section(self.body, self._at(key), self._get(key)).require_object()

    def sections(self, key: str) -> tuple[Section, ...]:
        found = self._get(key)
        if not isinstance(found, list):
            raise self._fault(self._at(key), found, wanted="a list")
        at = self._at(key)
        return tuple(Section(self.body, f"{at}[{i}]", v).require_object() for i, v in enumerate(found))

    def integer(self, key: str) -> int:
        return self._as_integer(key, self._get(key))

    def integer_or_none(self, key: str) -> int | None:
        found = self.value.get(key)
        return None if found is None or found == "" else self._as_integer(key, found)

    def boolean(self, key: str) -> bool:
        found = self._get(key)
        if isinstance(found, bool):
            return found
        raise self._fault(self._at(key), found, wanted="true or false")

    def text(self, key: str) -> str:
        return self._as_text(key, self._get(key))

    def text_or_empty(self, key: str) -> str:
        found = self.value.get(key)
        return "" if found is None else self._as_text(key, found)

    def time(self, key: str) -> datetime:
        """A moment in UTC; the server writes `2026-11-22T20:43:43.192Z`."""
        found = self._get(key)
        try:
            moment = datetime.fromisoformat(found)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            pass  # the same fault as a time without a zone
        raise self._fault(self._at(key), found, wanted="a time in UTC")

    def has(self, key: str) -> bool:
        return self.value.get(key) is not None

    def _get(self, key: str) -> Any:
        if key in self.value:
            return self.value[key]
        raise StatusFault(f"{self._at(key)} is missing", excerpt(self.body))

    def _as_integer(self, key: str, found: object) -> int:
        if isinstance(found, int) and not isinstance(found, bool) and -_LARGEST <= found < _LARGEST:
            return found
        raise self._fault(self._at(key), found, wanted="a whole number")

    def _as_text(self, key: str, found: object) -> str:
        if isinstance(found, str):
            return clean(found)
        raise self._fault(self._at(key), found, wanted="a text")

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _fault(self, at: str, found: object, *, wanted: str) -> StatusFault:
        return StatusFault(f"{at} is {_shown(found)}, wanted {wanted}", excerpt(self.body))
