"""What servers, nodes and certificates say steers no terminal, hides no line, and is no markup of ours."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tasks.core.findings import Finding, Severity
from tasks.core.render import findings_lines
from tasks.core.server_cfg import diff
from tasks.core.text_table import TextTable
from tasks.effects.console import say, show_table, tell
from tasks.effects.console_reporter import ConsoleReporter
from tasks.effects.operations import show_findings
from tests.core.certs import SHARED

STEERING = {
    "escape": "\x1b[2J",
    "title": "\x1b]0;x\x07",
    "C1": "\x9b2J",
    "carriage return": "fault\rall is well",
    "backspace": "bad\b\b\bok",
    "right to left": "\u202elive\u202c",
    "isolate": "\u2066x\u2069",
    "mark": "\u200fx\u061c",
    "line separator": "a\u2028b\u2029c",
    "delete": "a\x7fb",
    "zero width": "gw\u200b-a",
    "surrogate": "a\udc9bb",
}
MARKUP = "[bold red]x[/bold red] [link=http://h]y[/link] [/]"


def table(text: str) -> None:
    show_table(TextTable(text, ("NODE", text), (("gw-a", text),)), columns=200)


def finding(text: str) -> None:
    show_findings((Finding("name", Severity.ERROR, "gw-a", text, "fab check"),))


WAYS: dict[str, Callable[[str], object]] = {
    "line": say,
    "verbatim": lambda text: say(text, verbatim=True),
    "progress": tell,
    "table": table,
    "finding": finding,
    "note": lambda text: ConsoleReporter().note("gw-a", text),
    "wait": lambda text: ConsoleReporter().waiting("gw-a", "x", text, left_s=1),
}


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
@pytest.mark.parametrize("way", WAYS)
def test_on_no_way_to_the_screen_it_gets_through(
    way: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not text.isprintable()
    WAYS[way](f"CN={text}")
    shown = "".join(capsys.readouterr())
    assert "CN=" in shown
    assert all(line.isprintable() for line in shown.split("\n")), ascii(shown)


@pytest.mark.parametrize("way", WAYS)
def test_markup_is_shown_as_it_is_written(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    WAYS[way](MARKUP)
    assert MARKUP in "".join(capsys.readouterr())


def test_json_says_the_same_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    texts = {name: text for name, text in STEERING.items() if name != "surrogate"} | {
        "umlaut": "Größe \U0001f511"
    }
    say(json.dumps(texts, ensure_ascii=False, indent=2), verbatim=True)
    shown = capsys.readouterr().out
    assert json.loads(shown) == texts
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "Größe \U0001f511" in shown


def test_the_change_of_a_server_cfg_shows_what_stands_in_it_and_obeys_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    old = "# \x1b[2J\x9b\u202e kept\nKeyStore = /a\n"
    say(diff(old, old.replace("/a", "/b")), verbatim=True)
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.split("\n"))
    assert r" # \u001b[2J\u009b\u202e kept" in shown
    assert "-KeyStore = /a\n+KeyStore = /b" in shown


def test_the_subject_of_a_certificate_is_shown_and_obeyed_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{STEERING['escape']}{MARKUP}\u202e")])
    text = name.rfc4514_string()
    assert not text.isprintable()
    for way in WAYS.values():
        way(text)
    assert all(line.isprintable() for line in "".join(capsys.readouterr()).split("\n"))
    assert SHARED.leaf.subject.isprintable()


def test_a_finding_stays_on_its_own_lines() -> None:
    forged = Finding("name", Severity.INFO, "gw-a", "x\nERROR forged: y", "fab check")
    assert findings_lines((forged,)) == ("INFO name: [gw-a] x?ERROR forged: y", "  -> fab check")


def test_without_this_it_would_get_through(capsys: pytest.CaptureFixture[str]) -> None:
    for text in STEERING.values():
        if text != STEERING["surrogate"]:
            print(text)  # noqa: T201 - the control
            assert not all(line.isprintable() for line in capsys.readouterr().out.split("\n"))
