"""What --json prints, and its schema: of the same type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from tasks.core.json_text import json_text, schema_text


@dataclass(frozen=True, slots=True)
class Seen:
    path: PurePosixPath
    at: datetime
    names: frozenset[str] = frozenset()


SEEN = Seen(PurePosixPath("/etc/x"), datetime(2026, 11, 22, 12, tzinfo=UTC), frozenset({"a"}))


def test_paths_times_and_sets_are_plain_json() -> None:
    assert json.loads(json_text(SEEN)) == {"path": "/etc/x", "at": "2026-11-22T12:00:00Z", "names": ["a"]}


def test_a_list_has_the_type_that_is_named() -> None:
    assert json.loads(json_text((SEEN,), tuple[Seen, ...]))[0]["path"] == "/etc/x"


def test_a_name_that_is_no_unicode_is_written_all_the_same() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    text = json_text((name, "é"), tuple[str, ...])
    assert text.isascii()
    assert json.loads(text) == [name, "é"]


def test_the_schema_requires_what_is_always_printed() -> None:
    schema = json.loads(schema_text(Seen, title="seen"))
    assert schema["title"] == "seen"
    assert schema["required"] == ["path", "at", "names"]
    assert schema["properties"]["at"]["format"] == "date-time"
