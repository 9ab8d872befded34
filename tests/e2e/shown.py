"""The commands that README.md and docs/*.md show, and by which test each is run.

Those of the pages of docs/journeys, and of docs/credentials.md, are run as they stand by test_journeys.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.labs import PROJECT

README = "README.md"
# One lab, from a fresh one on; each page's commands in their order, those of ELSEWHERE left out. The README's way back
# comes right before SECURITY: what the others read is the run that it leads back from.
SECURITY, BACK = "security.md", "fab rollback"
WALK = (
    README,
    "runbook.md",
    "reports.md",
    "monitoring.md",
    "exit-codes.md",
    "help.md",
    "integration.md",
    "machine-interfaces.md",
    "recover.md",
    SECURITY,
)
NIGHTS = "strategies.md"  # make test-pages runs its commands as well
_JOURNEYS, _WATCH = "tests/e2e/test_journeys.py", "tests/e2e/test_restart.py"
_SHELLS = "tests/effects/test_completing.py"
# What is not part of the walk, because a test of its own runs it, or because it would not end there.
ELSEWHERE = {
    "make rehearse": (_JOURNEYS, "test_a_rehearsal_of_each_strategy_goes_through"),
    "make test": ("tests/test_readme.py", "test_ci_runs_the_test_command_of_the_readme"),
    "source <(fab completion bash)": (_SHELLS, "test_bash_completes_names_and_leaves_files_to_itself"),
    "source <(fab completion zsh)": (_SHELLS, "test_zsh_completes_names"),
    "fab completion fish > ~/.config/fish/completions/fab.fish": (
        _SHELLS,
        "test_fish_completes_names_and_files",
    ),
    "fab status --watch": (_WATCH, "test_the_watch_survives_a_node_that_goes_away_and_marks_what_changes"),
    "fab status --watch --interval 10": (
        _WATCH,
        "test_the_watch_survives_a_node_that_goes_away_and_marks_what_changes",
    ),
    "fab status --watch --json": (
        _WATCH,
        "test_a_watch_for_machines_is_one_object_a_line_and_ends_with_its_reader",
    ),
}
# What a reader puts in the place of a page's own: the pattern, and the lab's.
_OWN = (
    (r"/etc/amlen/inventory\.yaml", "$AMLEN_INVENTORY"),
    (r"/var/lib/node_exporter/", "$PWD/"),
    (r"--cluster production\b", "--cluster rehearsal"),
    (
        r"\bFINGERPRINT\b|\b9dc4f6bfd06d\b",
        "$(fab migrate-cluster --plan --json | grep -o '\"fingerprint\": \"[0-9a-f]*' | cut -d'\"' -f4)",
    ),
    (r"\bRUN\b|\b2026\d{4}T\d{6}Z-\w+-\w+\b", "$(ls .lab/runs/rehearsal | grep ^2 | tail -n 1)"),
    (
        r"--chain 3f9c0d52e1a7",
        "--chain $(fab runs.verify --json | grep -o '\"chain\": \"[0-9a-f]*' | cut -d'\"' -f4)",
    ),
)
# What is answered at a terminal, which a test has not; and an interruption, so that there is something to resume.
_ANSWERED = {
    "fab migrate-cluster": "fab migrate-cluster --approve FINGERPRINT --stop-after 1",
    "fab migrate-cluster --until 1": "fab migrate-cluster --yes --until 1",
    "fab rollback": "fab rollback --yes",
    "fab recover gw-b": "fab recover gw-b --yes",
    "fab runs.clean --run": "fab runs.clean --yes --run",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One command of a page; it may have several lines."""

    page: str
    command: str

    @property
    def runnable(self) -> str:
        """With the lab's names in it, and answered."""
        begin, rest = self.command, ""
        if begin.startswith("fab runs.clean --run"):
            begin, rest = "fab runs.clean --run", begin.removeprefix("fab runs.clean --run")
        text = _ANSWERED.get(begin, begin) + rest
        for own, lab in _OWN:
            text = re.sub(own, lambda _, lab=lab: lab, text)  # type: ignore[misc]
        return text


def path_of(page: str) -> Path:
    return PROJECT / page if page == README else PROJECT / "docs" / page


def shown_on(page: str) -> Iterator[Shown]:
    """The commands of a page's sh blocks; a loop, and lines that end in a backslash, are one."""
    for block in re.findall(r"```sh\n(.*?)```", path_of(page).read_text(), flags=re.DOTALL):
        for command in _commands(block.splitlines()):
            yield Shown(page, command)


def _commands(lines: Sequence[str]) -> Iterator[str]:
    begun: list[str] = []
    for line in lines:
        plain = re.sub(r"\s+#.*", "", line)
        begun += [plain] if plain.strip() else []
        if begun and not plain.endswith("\\") and _whole(begun):
            yield "\n".join(begun)
            begun = []


def _whole(lines: Sequence[str]) -> bool:
    words = " ".join(lines).split()
    return words.count("do") == words.count("done")


def walked(pages: Sequence[str]) -> str:
    """A script of all commands of these pages that are not run elsewhere, each told before it runs."""
    commands = [each for page in pages for each in shown_on(page) if each.command not in ELSEWHERE]
    commands.sort(key=lambda each: (each.page == SECURITY, each.command == BACK))
    return "\n".join(f"{_told(each)}\n{each.runnable}" for each in commands)


def _told(shown: Shown) -> str:
    text = f"{shown.page}: {shown.command}".replace("'", "'\\''")
    return f"printf '%s\\n' '{text}' >&2"
