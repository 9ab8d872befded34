"""When a run began, and when files were put aside: both stand in the names of their directories."""

from __future__ import annotations

import re
from datetime import UTC, datetime

RUN_ID = re.compile(r"(?P<at>\d{8}T\d{6}Z)-[0-9a-f]{6}-[0-9a-f]{4}")
_REPLACED = re.compile(r"replaced-(?P<at>\d{8}T\d{6}Z)-.+")


def run_begun(name: str) -> datetime | None:
    """When a run of that id began; None if no run of ours has such an id."""
    return _moment(RUN_ID.fullmatch(name))


def replaced_at(name: str) -> datetime | None:
    """When `fab recover` put these files aside; None if the name is another one."""
    return _moment(_REPLACED.fullmatch(name))


def _moment(match: re.Match[str] | None) -> datetime | None:
    if match is None:
        return None
    try:
        return datetime.strptime(match["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:  # the digits of no day
        return None
