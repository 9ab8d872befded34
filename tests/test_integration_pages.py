"""The files of docs/integration: they parse, and what they run exists; the page maps every exit code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tasks.core import errors
from tests.test_readme import ROOT, _help

FOLDER = ROOT / "docs" / "integration"
FILES = sorted(FOLDER.iterdir())
PAGE = (ROOT / "docs" / "integration.md").read_text()


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Every task that is run, with its options; also where words are quoted one by one, or folded by YAML."""
    plain = re.sub(r'[\[\]",\']', " ", re.sub(r"^ *(//|#).*", "", text, flags=re.MULTILINE))
    plain = re.sub(r"\n +(?=--)", " ", plain)
    found = re.findall(r"\bfab +([a-z][a-z.-]*)([^\n|]*)", plain)
    return [(task, re.findall(r"(?<!\S)--[a-z-]+", rest)) for task, rest in found]


def read(name: str) -> Any:
    return YAML(typ="safe").load((FOLDER / name).read_text())


RUN = sorted(
    {(task, option) for file in FILES for task, options in commands(file.read_text()) for option in options}
)


def test_each_file_but_the_timer_runs_something() -> None:
    without = {file.name for file in FILES if not commands(file.read_text())}
    assert without == {"amlen-expiry@.timer"}


@pytest.mark.parametrize(("task", "option"), RUN)
def test_what_a_file_runs_exists_with_its_option(task: str, option: str) -> None:
    shown = _help(task)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.search(rf"{option}\b", shown.stdout), f"{task} has no {option}"


def test_commands_are_found_in_every_form() -> None:
    assert commands('command = [ "/usr/local/bin/fab", "credentials.expiry", "--nagios" ]') == [
        ("credentials.expiry", ["--nagios"])
    ]
    assert commands("cmd: >-\n  fab status --cluster {{ x }}\n  --json\n") == [
        ("status", ["--cluster", "--json"])
    ]
    assert commands("out=$(fab status --cluster p 2>&1) || echo --no") == [("status", ["--cluster"])]
    assert commands("# fab nothing --here") == []


def test_every_file_is_named_by_the_page() -> None:
    assert {file.name for file in FILES} == set(re.findall(r"\(integration/([^)]+)\)", PAGE))


def test_the_page_says_of_every_exit_code_what_to_do_with_it() -> None:
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.OperatorError)
    }
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert told == codes | {0, 1}


def test_the_crontab_of_the_page_is_that_of_the_file() -> None:
    (line,) = re.findall(r"^\*/15 .*", PAGE, re.MULTILINE)
    assert line in (FOLDER / "crontab").read_text().splitlines()
    assert "%" not in line, "cron would end the command there"


def test_the_playbook_tries_again_on_a_lock_and_on_nothing_else() -> None:
    (play,) = read("awx.yml")
    first = play["tasks"][0]
    assert first["until"] == "migration.rc != 7"
    assert first["failed_when"] == "migration.rc != 0"
    assert "--approve {{ fingerprints[inventory_hostname] }}" in first["ansible.builtin.command"]["cmd"]


def test_the_alerts_ask_for_metrics_that_are_written() -> None:
    (group,) = read("prometheus-rules.yml")["groups"]
    asked = {name for rule in group["rules"] for name in re.findall(r"amlen_\w+", rule["expr"])}
    written = set(
        re.findall(r"^\| `(amlen_\w+)`", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE)
    )
    assert asked
    assert asked <= written


@pytest.mark.parametrize(
    ("code", "said"), [(0, ""), (7, "run this job again later"), (5, "the run is open"), (3, "")]
)
def test_the_script_of_the_rundeck_job_keeps_the_exit_code(tmp_path: Path, code: int, said: str) -> None:
    (job,) = read("rundeck.yaml")
    (step,) = job["sequence"]["commands"]
    assert step["args"] == "${option.cluster} ${option.fingerprint}"
    fab = tmp_path / "fab"
    fab.write_text(f'#!/bin/sh\necho "$AMLEN_INVENTORY: $@"\nexit {code}\n')
    fab.chmod(0o755)
    done = subprocess.run(
        ("sh", "-c", step["script"], "job", "prod", "0123456789ab"), env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stdout == "/etc/amlen/inventory.yaml: migrate-cluster --cluster prod --approve 0123456789ab\n"
    assert said in done.stderr
    assert bool(said) == bool(done.stderr)


def test_the_jenkinsfile_finds_the_fingerprint_in_what_the_plan_says() -> None:
    (words,) = re.findall(r"^ *(sed -n .*) plan\.txt$", (FOLDER / "Jenkinsfile").read_text(), re.MULTILINE)
    plan = (
        "fingerprints\n4 restarts\nfingerprint 94d8e1725f21 -> fab migrate-cluster --approve 94d8e1725f21\n"
    )
    script = words.replace("\\\\", "\\")  # as Groovy reads it
    done = subprocess.run(("sh", "-c", script), input=plan, capture_output=True, text=True, check=True)
    assert done.stdout == "94d8e1725f21\n"
