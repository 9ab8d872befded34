"""Everything that is written is private from its first moment, here and on the nodes, whatever the umask."""

from __future__ import annotations

import ast
import os
import re
import stat
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.effects import kept_scripts, lock_scripts, stage_scripts
from tasks.effects.expiring import give
from tasks.effects.files import back_up
from tasks.effects.lock import Claim, lock
from tasks.effects.mirror import mirror, packed
from tasks.effects.upgrading import write_runbook
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.effects.live_files import seen, staged, swap
from tests.effects.node_tree import KEY, Tree, tree

PROJECT = Path(__file__).resolve().parents[2]
PLAN = plan_of(healthy(THREE))
LIMIT_S = 20.0


@pytest.fixture(params=[0o000, 0o077], ids=["open umask", "closed umask"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_a_run_leaves_on_a_node_is_its_owners_alone(node: Tree, umask: None) -> None:
    acting = {node.remote.node.name: node.acting}
    lock([node.remote], Claim("run-1", datetime.now(UTC)), acting=acting)
    mirror([node.remote], "run-1", packed(PLAN), acting=acting)
    live = {name: state.path for name, state in seen().files.items()}
    back_up(node.remote, live, to=node.places().backup, acting=node.acting)
    staged(node)
    work = node.data / ".fab-tls"
    made = (work, *work.rglob("*"))
    assert {mode(path) for path in made if path.is_dir()} == {0o700}
    assert {mode(path) for path in made if path.is_file()} == {0o600}
    assert len(made) > 12
    swap(node, node.places())
    assert mode(node.keystore / KEY) == 0o600


def test_a_keystore_that_is_made_is_its_owners_alone(node: Tree, umask: None) -> None:
    keystore = node.root / "amlen" / "new" / "keystore"
    staged(node, keystore=keystore)
    assert {mode(keystore), mode(keystore.parent)} == {0o700}


@pytest.mark.usefixtures("umask")
def test_what_others_are_to_read_is_nobodys_to_change(tmp_path: Path) -> None:
    give("# text\n", str(tmp_path / "amlen.prom"))
    write_runbook(tmp_path / "runbook.md", "text\n")
    assert mode(tmp_path / "amlen.prom") == 0o644
    assert mode(tmp_path / "runbook.md") & 0o133 == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["amlen.prom", "runbook.md"]


PART = {
    "stage": (stage_scripts.STAGE, "stage/key", "stage/key.part"),
    "mirror": (kept_scripts.MIRROR, "", "plan.json.gz.part"),
}


def half_sent(script: str, home: Path, *, what: str) -> tuple[int, int]:
    """The modes of the file and of its directory while half of its content has arrived."""
    _, target, part = PART[what]
    args = (f"{os.getuid()}:{os.getgid()}", str(home / target), "8", "600") if target else (str(home), "8")
    argv = ("sh", "-c", script, "sh", *args)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        process.stdin.write(b"half")
        process.stdin.flush()
        path, deadline = home / part, time.monotonic() + LIMIT_S
        while not path.exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.005)
        found = mode(path), mode(path.parent)
        assert not path.with_suffix("").exists()
        process.stdin.write(b"half")
    assert process.returncode == 0
    assert path.with_suffix("").read_bytes() == b"halfhalf"
    return found


@pytest.mark.parametrize("what", PART)
@pytest.mark.usefixtures("umask")
def test_while_half_of_it_has_arrived_a_file_is_private_already(tmp_path: Path, what: str) -> None:
    home = tmp_path / ".fab-tls" / "run-1"
    assert half_sent(PART[what][0], home, what=what) == (0o600, 0o700)


@pytest.mark.parametrize("what", PART)
def test_a_script_that_forgot_its_umask_would_be_noticed(tmp_path: Path, what: str) -> None:
    script = PART[what][0].replace("umask 077", "umask 000")
    assert half_sent(script, tmp_path / ".fab-tls" / "run-1", what=what) == (0o666, 0o777)


def test_every_script_that_writes_sets_its_umask_first() -> None:
    texts = [path.read_text() for path in (PROJECT / "tasks/effects").glob("*_scripts.py")]
    scripts = [script for text in texts for script in _constants(text)]
    writing = [script for script in scripts if WRITES.search(script)]
    assert len(writing) > 8
    functions = ("own_dirs() {", "end_part() {")  # of scripts that set it before they call them
    assert [
        script[:60]
        for script in writing
        if "umask 077\n" not in script and not any(name in script for name in functions)
    ] == []
    assert lock_scripts.LOCK.index("umask 077") < lock_scripts.LOCK.index("mkdir -p")


WRITES = re.compile(r'\b(mkdir|cp -|dd )|[^0-9&]> "\$')


def _constants(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "set -" in node.value:
            yield node.value


def unsaid(source: str) -> list[int]:
    """Lines of a module that open a file for writing, or make a directory, without saying its mode."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _makes_something(node) and not _says_mode(node)
    ]


def _makes_something(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", None) or getattr(call.func, "id", "")
    if name in ("write_text", "write_bytes", "mkdir", "makedirs", "touch"):
        return True
    if name == "open" and isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "os":
        return "O_CREAT" in ast.unparse(call)
    modes = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return name == "open" and any(letter in modes[-1] for letter in "wax") if modes else False


def _says_mode(call: ast.Call) -> bool:
    return any(key.arg in ("opener", "mode") for key in call.keywords) or "O_CREAT" in ast.unparse(call)


CALLS = re.compile(r"\b(open|write_text|write_bytes|mkdir|makedirs|touch)\(")


def test_no_module_makes_a_file_or_a_folder_without_saying_its_mode() -> None:
    texts = {path: path.read_text() for path in (PROJECT / "tasks").rglob("*.py") if "lab" not in path.parts}
    writing = {path: text for path, text in texts.items() if CALLS.search(text)}
    assert len(writing) > 8
    assert {str(path): lines for path, text in writing.items() if (lines := unsaid(text))} == {}


@pytest.mark.parametrize(
    "line",
    [
        'open(p, "w")',
        'p.open("x")',
        'open(p, "ab")',
        "p.write_text(t)",
        "p.mkdir()",
        'os.open(p, O_CREAT)[open(p, "w")]',
    ],
)
def test_one_that_does_would_be_noticed(line: str) -> None:
    assert unsaid(line) == [1]
    assert unsaid('open(p, "rb"); open(p, "w", opener=o); p.mkdir(mode=0o700)') == []
