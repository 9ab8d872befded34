"""Why a pair did not form, or fell apart: ReasonCode of its HighAvailability status."""

from __future__ import annotations

REASONS = {
    1: "CONFIG_ERROR",
    2: "DISCOVERY_TIMEOUT",
    3: "SPLIT_BRAIN",
    4: "SYNC_ERROR",
    5: "UNRESOLVED_STORE",
    6: "RESYNC_ERROR",
    7: "GROUP_MISMATCH",
    8: "UNKNOWN",
}


def reason_text(code: int, text: str = "") -> str:
    """ReasonCode in words: "ReasonCode 2 DISCOVERY_TIMEOUT (…)"."""
    return f"ReasonCode {code} {REASONS.get(code, 'UNKNOWN')}" + (f" ({text})" if text else "")
