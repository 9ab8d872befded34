"""Writes docs/troubleshooting.md: `make docs`."""

from __future__ import annotations

from tests.symptoms.collect import error_classes, symptoms
from tests.symptoms.page import catalogue, page
from tests.symptoms.source import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"

if __name__ == "__main__":
    PAGE.write_text(page(symptoms(), catalogue(), error_classes()))
