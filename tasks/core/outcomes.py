"""What the server will do with credential files: four outcomes."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """From best to worst."""

    CONNECTS = "connects"
    ONE_WAY = "connects by one direction only"  # T4
    NEVER = "silently never connects"  # T2, T3, chain, EKU, dates, protocol
    DEAD = "dead admin API"  # T1
