"""The strategies' names, as they are typed."""

from __future__ import annotations

RENEW, OVERLAP, BRIDGE, PRESCRIBED, AUTO = "renew", "overlap", "bridge", "prescribed", "auto"
STRATEGIES = (RENEW, OVERLAP, BRIDGE, PRESCRIBED)
