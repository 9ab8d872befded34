"""What a terminal shows: lines folded between words, tables within the screen."""

from __future__ import annotations

import pytest

from tasks.effects.console import fold, say


def test_a_long_line_is_folded_between_words_and_continued_indented() -> None:
    folded = fold("  -> fab status; then fab migrate-cluster --resume", columns=30)
    assert folded.split("\n") == ["  -> fab status; then fab", "    migrate-cluster --resume"]


def test_a_path_is_never_broken() -> None:
    path = "/var/lib/amlen-server/data/certificates/keystore/Cluster_cert.pem"
    assert path in fold(f"[gw-a] {path} is absent", columns=30)


def test_a_short_line_stays_as_it_is() -> None:
    assert fold("healthy", columns=30) == "healthy"


def test_a_piped_line_is_never_folded(capsys: pytest.CaptureFixture[str]) -> None:
    say("word " * 60)
    assert capsys.readouterr().out == "word " * 60 + "\n"
