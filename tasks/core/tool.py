"""Which version of the tool this is."""

from __future__ import annotations

VERSION = "0.1.0"  # as pyproject.toml says
