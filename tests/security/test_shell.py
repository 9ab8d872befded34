"""No shell ever interprets what comes from an inventory, a node or a file: words arrive as they are."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.inventory import parse
from tasks.core.inventory_faults import InventoryFaults
from tasks.core.model import Admin, Cluster
from tasks.effects import trace_scripts
from tasks.effects.files import back_up, clean_up, stage, swap_in
from tasks.effects.lock import Claim, holders, lock, unlock
from tasks.effects.looking import look_at_files
from tasks.effects.mirror import mirror, packed, plan_on
from tasks.effects.rest import Endpoint, read_ca
from tasks.effects.rest_exec import curl_script
from tests.core.certs import SHARED
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.effects.live_files import NEW, live
from tests.effects.node_tree import deliveries, program, sha256, tree
from tests.effects.ssh.ground import Ground

PROJECT = Path(__file__).resolve().parents[2]
BACKSLASHES = r"a\nb\\c\0"
WORDS = (
    "two  words",
    "a'b\"c",
    "$(touch ran)`touch ran`$HOME",
    "x; touch ran; #",
    "x\ntouch ran\n",
    "| tee ran & > ran",
    BACKSLASHES,
    "*?[a]~",
    "-rf",
    "--",
    "",
    "\u202eé\x9b",
)
HOSTILE_DIRECTORY = " -x'y\"$(touch ran)`touch ran`; touch ran #*?"
PLAN = plan_of(healthy(THREE))


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ExitStack() as stack:
        yield Ground(tmp_path, stack)


def test_words_reach_a_command_on_a_node_as_they_are(ground: Ground) -> None:
    remote = ground.remote(ground.sshd())
    done = remote.run(("sh", "-c", r'for word do printf "%s\0" "$word"; done', "sh", *WORDS))
    assert done.stdout == b"".join(word.encode() + b"\0" for word in WORDS)
    assert not list(ground.directory.rglob("ran"))


def test_the_same_words_joined_without_quotes_would_run(tmp_path: Path) -> None:
    def ran(line: str) -> bool:
        subprocess.run(("sh", "-c", line), cwd=tmp_path, capture_output=True, check=False)
        found = (tmp_path / "ran").exists()
        (tmp_path / "ran").unlink(missing_ok=True)
        return found

    assert [ran(f"true {word}") for word in WORDS].count(True) == 4
    assert not any(ran(shlex.join(("true", word))) for word in WORDS)


def test_a_whole_run_on_a_node_whose_paths_are_hostile_touches_what_it_should_and_runs_nothing() -> None:
    run = "run-$(touch ran)"
    with tree(name=HOSTILE_DIRECTORY) as node:
        remotes, acting = [node.remote], {node.remote.node.name: node.acting}
        at, files = node.places(run=run), look_at_files(node.remote)
        lock(remotes, Claim(run, datetime.now(UTC)), acting=acting)
        assert holders(remotes)[node.remote.node.name].run == run
        mirror(remotes, run, packed(PLAN), acting=acting)
        assert plan_on(node.remote, run) == PLAN
        back_up(node.remote, {n: s.path for n, s in files.files.items()}, to=at.backup, acting=files.acting)
        stage(node.remote, deliveries(at, NEW), acting=node.acting, owner=node.user)
        swap_in(node.remote, at, wanted={name: sha256(content) for name, content in NEW.items()}, files=files)
        assert live(node) == NEW
        clean_up(node.remote, at, acting=node.acting)
        assert unlock(remotes, run=run, acting=acting) == ()
        words = ("sh", "-c", trace_scripts.WIPE, "sh", str(node.data / ".fab-tls"), "", str(at.backup.parent))
        assert node.remote.run(words).exit_status == 0
        assert not (node.data / ".fab-tls").exists()
        assert not list(node.root.parent.rglob("ran"))
    assert not Path("ran").exists()


def inventory(*, cluster: str = "demo", member: str = "gw-a", **settings: object) -> str:
    """One cluster with one member; JSON is YAML."""
    return json.dumps({"clusters": {cluster: {"members": {member: {"host": "h", **settings}}}}})


INVENTORY: dict[str, Callable[[str], str]] = {
    "cluster": lambda word: inventory(cluster=word),
    "member": lambda word: inventory(member=word),
    "host": lambda word: inventory(host=word),
    "user": lambda word: inventory(ssh={"user": word}),
    "gateway": lambda word: inventory(ssh={"gateway": word}),
    "admin host": lambda word: inventory(admin={"host": word}),
    "container": lambda word: inventory(service={"files": "docker", "container": word}),
}


@pytest.mark.parametrize("place", INVENTORY)
def test_names_of_the_inventory_that_a_shell_or_a_program_could_take_otherwise_are_refused(
    place: str,
) -> None:
    def read(word: str) -> Cluster:
        return parse(INVENTORY[place](word), path=Path("/i.yaml"), cluster=None)

    for word in WORDS:
        if word == BACKSLASHES and place in ("user", "container"):
            continue  # they may have some
        with pytest.raises(InventoryFaults, match="yaml"):
            read(word)
    assert read("gw-1").members


ATTACK = "END-OF-CA\ntouch ran\n: <<'END-OF-CA'"


def run_by(script: str, folder: Path) -> None:
    """With a curl that does nothing."""
    program(folder / "curl", "cat > /dev/null")
    path = f"{folder}:/usr/bin:/bin"
    subprocess.run(("/bin/sh", "-c", script), cwd=folder, env={"PATH": path}, input=b"", check=True)


def test_of_a_ca_file_only_its_certificates_go_into_a_command(tmp_path: Path) -> None:
    pem = SHARED.leaf.pem().decode()
    (tmp_path / "ca.pem").write_text(f"# {ATTACK}\n{pem}\n{ATTACK}\n{pem}")
    one = Endpoint("gw-a", Admin(host="127.0.0.1", ca=tmp_path / "ca.pem"), limit_s=5.0)
    ca = read_ca(one)
    assert ca is not None
    assert ca.split("\n") == [*pem.strip().split("\n"), *pem.strip().split("\n")]
    run_by(curl_script(one, ca), tmp_path)
    assert not (tmp_path / "ran").exists()
    run_by(curl_script(one, (tmp_path / "ca.pem").read_text()), tmp_path)
    assert (tmp_path / "ran").exists()


def put_together(source: str) -> list[int]:
    """Lines of a module in which a text is put together from values."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod))
        or (isinstance(node, ast.Attribute) and node.attr in ("format", "join", "replace"))
    ]


SCRIPTS = sorted((PROJECT / "tasks/effects").glob("*_scripts.py"))


def test_no_script_for_a_node_is_put_together_from_values() -> None:
    assert len(SCRIPTS) > 6
    assert {path.name: put_together(path.read_text()) for path in SCRIPTS} == {p.name: [] for p in SCRIPTS}
    for line in ('A = f"rm {path}"', 'A = "rm %s" % path', 'A = "rm {}".format(path)', 'A = " ".join(path)'):
        assert put_together(line)


def test_only_these_modules_ask_a_shell_at_all() -> None:
    """Each gives values as arguments; rest_exec puts options and certificates into its text, and is tested above.

    In completion_scripts it is Python's own, of a fixed text, on this machine.
    """
    asking = {
        str(path.relative_to(PROJECT / "tasks"))
        for path in (PROJECT / "tasks").rglob("*.py")
        if "lab" not in path.parts and '"-c"' in path.read_text()
    }
    assert asking == {
        "core/completion_scripts.py",
        "effects/file_access.py",
        "effects/rest_exec.py",
        "effects/service.py",
        "effects/ssh/sudo.py",
        "effects/wire_openssl.py",
    }
