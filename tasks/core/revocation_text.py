"""A revocation list in words: whom it names, until when it holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from tasks.core.revocation import RevocationList, limits_of, serial_text
from tasks.core.revocation_wish import TASK, ListWish
from tasks.core.text_table import TextTable

_HEADER = ("SERIAL", "WHO", "SINCE", "REASON")


def list_table(found: RevocationList, *, who: Mapping[int, str], title: str) -> TextTable:
    """A row per entry; who: the names that are known, by serial number."""
    rows = tuple(
        (serial_text(one.serial), who.get(one.serial, "-"), f"{one.at:%Y-%m-%d}", one.reason or "-")
        for one in found.revoked
    )
    return TextTable(title, _HEADER, rows)


def made_lines(
    found: RevocationList, *, path: Path, at: datetime, wish: ListWish, of_another: str
) -> tuple[str, ...]:
    """What is said of a list that was just made.

    Args:
        of_another: The issuer of the list before, where that was another CA; "" if it was not.
    """
    number = len(found.revoked)
    whom = "nobody" if not number else "1 certificate" if number == 1 else f"{number} certificates"
    ends = found.next_update
    until = f", valid until {ends:%Y-%m-%d %H:%M} UTC ({_days(ends - at)} days)" if ends else ""
    lines = [f"{path}: number {found.number} of {found.issuer}, revokes {whom}{until}"]
    if of_another:
        lines.append(f"The list before was of {of_another}: its entries were not carried over")
    if until:
        lines.append(
            "After its end nobody connects to a server that has loaded it: renew and place it in time"
        )
    lines.append(limits_of(wish.names.crl))
    if not wish.place:
        lines.append(f"Nothing was placed -> fab {TASK} --place{wish.option}")
    return tuple(lines)


def _days(left: timedelta) -> int:
    """Whole ones, as they were asked for: a list's times have no fractions of a second."""
    return round(left / timedelta(days=1))
