"""A symbolic link where the tool would write on a node leads it nowhere: nothing outside changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.errors import RemoteError
from tasks.core.plan import Plan
from tasks.effects import lock_scripts
from tasks.effects.file_access import run_script
from tasks.effects.files import back_up, stage
from tasks.effects.lock import Claim, lock
from tasks.effects.mirror import mirror, packed
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.effects.live_files import NEW, live, seen, staged, swap
from tests.effects.node_tree import KEY, STRANGER, Tree, deliveries, needs_root, tree

PLAN: Plan = plan_of(healthy(THREE))
RUN = "run-1"


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def take_lock(node: Tree) -> None:
    name = node.remote.node.name
    lock([node.remote], Claim(RUN, datetime.now(UTC)), acting={name: node.acting})


def leave_plan(node: Tree) -> None:
    mirror([node.remote], RUN, packed(PLAN), acting={node.remote.node.name: node.acting})


def keep(node: Tree) -> None:
    live_paths = {name: state.path for name, state in seen().files.items()}
    back_up(node.remote, live_paths, to=node.places().backup, acting=node.acting)


def bring(node: Tree) -> None:
    staged(node)


WRITERS: dict[str, Callable[[Tree], None]] = {
    "lock": take_lock,
    "plan": leave_plan,
    "backup": keep,
    "stage": bring,
}
DIRECTORIES = {
    "lock": ("", "lock"),
    "plan": ("", RUN),
    "backup": ("", RUN, f"{RUN}/backup"),
    "stage": ("", RUN, f"{RUN}/stage"),
}
CASES = [(writer, place) for writer, places in DIRECTORIES.items() for place in places]


def victim_of(node: Tree) -> Path:
    """A directory of everybody's outside of ours, with what our names would hit in it."""
    victim = node.folder(node.root / "victim", mode=0o777)
    for name in ("plan.json.gz", "owner", KEY, "complete"):
        node.write(victim / name, b"another's", mode=0o666)
    return victim


def look(folder: Path) -> list[tuple[str, bytes | None, int, int, int]]:
    """Name, content, mode, owner and time of change of everything there, itself included."""
    found = []
    for path in (folder, *sorted(folder.rglob("*"))):
        state = path.lstat()
        content = path.read_bytes() if path.is_file() else None
        found.append((path.name, content, state.st_mode, state.st_uid, state.st_ctime_ns))
    return found


def plant(node: Tree, place: str, target: Path) -> Path:
    trap = node.data / ".fab-tls" / place
    trap.parent.mkdir(parents=True, exist_ok=True)
    for folder in (trap.parent, *trap.parent.parents):
        if folder.is_relative_to(node.data):
            node.own(folder, mode=0o755)
    trap.symlink_to(target)
    return trap


@pytest.mark.parametrize(("writer", "place"), CASES)
def test_a_link_in_place_of_a_directory_of_ours_stops_the_writer(node: Tree, writer: str, place: str) -> None:
    victim = victim_of(node)
    plant(node, place, victim)
    before = look(victim)
    with pytest.raises(RemoteError, match=r"symbolic link|is no directory"):
        WRITERS[writer](node)
    assert look(victim) == before


@pytest.mark.parametrize("writer", WRITERS)
def test_without_a_link_each_of_them_writes(node: Tree, writer: str) -> None:
    WRITERS[writer](node)
    assert (node.data / ".fab-tls").is_dir()


FILES = {
    "plan": (f"{RUN}/plan.json.gz", f"{RUN}/plan.json.gz.part"),
    "stage": (f"{RUN}/stage/{KEY}", f"{RUN}/stage/{KEY}.part"),
}


@pytest.mark.parametrize(("writer", "place"), [(w, p) for w, places in FILES.items() for p in places])
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_a_link_in_place_of_a_file_of_ours_is_replaced(
    node: Tree, writer: str, place: str, there: bool
) -> None:
    victim = victim_of(node)
    trap = plant(node, place, victim / (KEY if there else "nothing"))
    before = look(victim)
    WRITERS[writer](node)
    assert look(victim) == before
    assert not trap.is_symlink()


def test_a_backup_keeps_what_a_live_link_leads_to_and_writes_nothing_there(node: Tree) -> None:
    before = node.keystore / "elsewhere"
    node.write(before, b"key old")
    (node.keystore / KEY).unlink()
    (node.keystore / KEY).symlink_to(before)
    keep(node)
    seen_before = before.lstat().st_ctime_ns
    swap(node, staged(node))
    assert before.read_bytes() == b"key old"
    assert before.lstat().st_ctime_ns == seen_before
    assert not (node.keystore / KEY).is_symlink()
    assert live(node) == NEW


@needs_root
def test_root_gives_nothing_away_through_a_link_beside_a_keystore_that_is_to_be_made(node: Tree) -> None:
    victim = node.own(node.folder(node.root / "victim"), mode=0o700, uid=STRANGER)
    keystore = node.root / "keys"
    (node.root / "keys.fab-tls").symlink_to(victim)
    before = look(victim)
    found = deliveries(node.places(keystore=keystore), {KEY: b"key new"})
    stage(node.remote, found, acting="0:0", owner=node.user)
    assert look(victim) == before
    assert (keystore.is_symlink(), keystore.stat().st_uid) == (False, node.uid)


def test_a_lock_is_not_taken_over_through_a_link(node: Tree) -> None:
    victim = victim_of(node)
    work = node.data / ".fab-tls"
    take_lock(node)
    before = (work / "lock" / "owner").read_bytes()
    take_lock(node)
    assert (work / "lock" / "owner").read_bytes() != before
    node.write(victim / "owner", before)
    (work / "lock").rename(node.root / "aside")
    (work / "lock").symlink_to(victim)
    untouched = look(victim)
    with pytest.raises(RemoteError, match="is no directory"):
        take_lock(node)
    done = run_script(node.remote, lock_scripts.TAKE_OVER, str(work), RUN, acting=node.acting, stdin=b"x\n")
    assert done.exit_status == 13
    assert look(victim) == untouched
