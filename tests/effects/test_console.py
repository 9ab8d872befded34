"""What a terminal shows: lines folded between words, tables within the screen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.text_table import TextTable
from tasks.effects.console import encodable, fold, say, show_table, tell

PROJECT = Path(__file__).resolve().parents[2]
TREE = "└─ gw-ä · leaf"


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


def test_a_screen_of_another_encoding_gets_plain_trees_and_no_traceback() -> None:
    assert encodable(TREE, "latin-1") == "`- gw-ä · leaf".replace("·", "-")
    assert encodable(TREE, "ascii") == "`- gw-? - leaf"
    assert encodable("file-\udcff", "utf-8") == "file-?"
    assert encodable(TREE, "utf-8") == encodable(TREE, None) == TREE


def test_names_of_strangers_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("CN=a\x1b[2Jb\n\tc")
    tell("CN=a\x1b[2Jb")
    show_table(TextTable("t", ("H",), (("CN=a\x1b[2Jb",),)))
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert shown.out.startswith("CN=a?[2Jb\n        c\n")
    say("as\tit is", verbatim=True)
    assert capsys.readouterr().out == "as\tit is\n"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("say('x')", id="line"),
        pytest.param("show_table(TextTable('t', ('H',), (('c',),)))", id="table"),
    ],
)
def test_a_reader_that_has_gone_changes_no_exit_code(call: str) -> None:
    code = (
        "import sys; from tasks.core.text_table import TextTable; from tasks.effects.console import *; "
        f"{call}; {call}; sys.exit(6)"
    )
    read_end, write_end = os.pipe()
    os.close(read_end)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, stdout=write_end, stderr=subprocess.PIPE, check=False
    )
    os.close(write_end)
    assert (ran.returncode, ran.stderr) == (6, b"")
