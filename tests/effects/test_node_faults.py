"""File systems that do not do what is asked: each is told by its layer, and what is live stays a pair."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.files import back_up, stage
from tasks.effects.lock import Claim, lock
from tasks.effects.looking import look_at_files
from tests.effects.live_files import NEW, OLD, live, staged, swap
from tests.effects.node_tree import (
    CA,
    CERT,
    KEY,
    ROOT,
    BoundedRemote,
    Tree,
    as_stranger,
    deliveries,
    needs_root,
    program,
    tree,
)

CLAIM = Claim("run-1", datetime(2026, 11, 22, tzinfo=UTC))
FULL, READ_ONLY = "the file system is full", "the file system is read-only"


def _write_on(file: FileIO) -> None:
    while True:
        file.write(b"\0" * 4096)


class Disk:
    """A small file system of its own, with a node on it."""

    def __init__(self, place: Path, stack: ExitStack) -> None:
        self.place = place
        self.node = stack.enter_context(tree(parent=str(place)))
        stack.callback(self.remount, "rw")
        self._stack = stack

    def fill(self, *, but_bytes: int = 0) -> None:
        with (self.place / "ballast").open("wb", buffering=0) as file:
            with pytest.raises(OSError, match="No space"):
                _write_on(file)
            file.truncate(file.tell() - but_bytes)

    def remount(self, option: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{option}", str(self.place)], check=True)

    def protect(self, path: Path) -> None:
        """Nobody may change or remove it, root neither."""
        done = subprocess.run(["chattr", "+i", str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this file system protects no file: {done.stderr.strip()}")
        self._stack.callback(subprocess.run, ["chattr", "-i", str(path)], check=True)


@pytest.fixture
def disk() -> Iterator[Disk]:
    if not ROOT:
        pytest.skip("needs root: a file system of its own")
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="disk-"))
        stack.callback(place.rmdir)
        mount = ("mount", "-t", "tmpfs", "-o", "size=512k,mode=755", "none", str(place))
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        stack.callback(subprocess.run, ["umount", str(place)], check=True)
        yield Disk(place, stack)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def keep_a_copy(node: Tree) -> None:
    live_files = {name: state.path for name, state in look_at_files(node.remote).files.items()}
    back_up(node.remote, live_files, to=node.places().backup, acting=node.acting)


def take_the_lock(node: Tree) -> None:
    lock([node.remote], CLAIM, acting={node.remote.node.name: node.acting})


WRITES: dict[str, Callable[[Tree], object]] = {
    "place files": staged,
    "back up the live files": keep_a_copy,
    "the lock could not be taken": take_the_lock,
}


@pytest.mark.parametrize(("what", "write"), WRITES.items(), ids=WRITES)
def test_a_full_file_system_is_named_and_nothing_live_is_touched(
    disk: Disk, what: str, write: Callable[[Tree], object]
) -> None:
    disk.fill()
    with pytest.raises(RemoteError, match=f"{what}: {FULL}: .*No space left on device") as caught:
        write(disk.node)
    assert "df -h and df -i" in caught.value.remedy
    assert caught.value.node == "gw-a"
    assert live(disk.node) == OLD
    (disk.place / "ballast").unlink()
    write(disk.node)


def test_a_file_system_that_fills_up_in_the_middle_of_a_file_leaves_no_half_of_it(disk: Disk) -> None:
    disk.fill(but_bytes=8192)
    with pytest.raises(RemoteError, match=f"place files: {FULL}: .*No space left on device"):
        staged(disk.node, {CA: b"ca new", CERT: b"c" * 16384})
    stages = [path for path in disk.place.rglob(f"{CERT}*") if path.parent != disk.node.keystore]
    assert [path.name for path in stages] == [f"{CERT}.part"]
    assert live(disk.node) == OLD


def test_a_full_file_system_does_not_break_the_swap_of_what_is_staged(disk: Disk) -> None:
    at = staged(disk.node)
    disk.fill()
    swap(disk.node, at)
    assert live(disk.node) == NEW


@pytest.mark.parametrize(("what", "write"), WRITES.items(), ids=WRITES)
def test_a_read_only_file_system_is_named(disk: Disk, what: str, write: Callable[[Tree], object]) -> None:
    disk.remount("ro")
    with pytest.raises(RemoteError, match=f"{what}: {READ_ONLY}: .*Read-only file system") as caught:
        write(disk.node)
    assert "findmnt -O ro" in caught.value.remedy


def test_a_file_system_that_turned_read_only_before_the_swap_leaves_the_old_pair(disk: Disk) -> None:
    at = staged(disk.node)
    disk.remount("ro")
    with pytest.raises(RemoteError, match=f"swap in the staged files: {READ_ONLY}"):
        swap(disk.node, at)
    assert live(disk.node) == OLD
    disk.remount("rw")
    swap(disk.node, at)
    assert live(disk.node) == NEW


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (CA, OLD),
        (KEY, OLD | {CA: NEW[CA]}),
        (CERT, {CA: NEW[CA], CERT: OLD[CERT]}),
    ],
)
def test_a_protected_file_stops_the_swap_before_a_pair_is_mismatched(
    disk: Disk, name: str, left: dict[str, bytes]
) -> None:
    at = staged(disk.node)
    disk.protect((disk.node.truststore if name == CA else disk.node.keystore) / name)
    with pytest.raises(
        RemoteError, match=f"a file or its directory is protected: .*{name}.*Operation not permitted"
    ) as caught:
        swap(disk.node, at)
    assert "chattr -i" in caught.value.remedy
    assert live(disk.node) == left


def test_a_used_up_quota_is_named(node: Tree) -> None:
    folder = node.root / "bin"
    folder.mkdir(mode=0o755)
    words = "dd: error writing 'standard output': Disk quota exceeded"
    program(folder / "dd", f'echo "{words}" >&2; echo "0+0 records in" >&2; exit 1')
    with pytest.raises(RemoteError, match=rf"place files: the quota is used up: exit 1: {words}\n") as caught:
        staged(node.with_path(folder))
    assert "quota -s" in caught.value.remedy
    assert live(node) == OLD


def limited(node: Tree) -> Tree:
    """The same node for a login whose files may have no size."""
    login = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
    return replace(node, remote=BoundedRemote(node.remote.node, path=node.remote.path, login=login))


def test_a_login_that_may_write_no_file_of_that_size_is_named(node: Tree) -> None:
    with pytest.raises(RemoteError, match="place files: a limit on the size of files: exit 153"):
        staged(limited(node))
    assert live(node) == OLD
    staged(node)


@needs_root
def test_a_login_without_permission_is_named(node: Tree) -> None:
    at, stranger = node.places(), as_stranger(node.remote)
    with pytest.raises(RemoteError, match=r"place files: no permission: .*Permission denied") as caught:
        stage(stranger, deliveries(at, NEW), acting="", owner=node.user)
    assert "namei -l" in caught.value.remedy
    assert live(node) == OLD


def test_a_fault_is_told_in_english_whatever_the_login_speaks(node: Tree) -> None:
    folder = node.root / "bin"
    folder.mkdir(mode=0o755)
    program(folder / "dd", 'echo "language: ${LC_ALL:-none}" >&2; exit 1')
    german = replace(node.with_path(folder).remote, environment=("LC_ALL=de_DE.UTF-8",))
    with pytest.raises(RemoteError, match="exit 1: language: C\n"):
        staged(replace(node, remote=german))


TMP = {
    "free": ("mode=1777", ":"),
    "stale": ("mode=1777", ": > /tmp/.restart_inited"),
    "unwritable": ("mode=755", ":"),
    "full": ("mode=1777,size=4k", "head -c 4096 /dev/zero > /tmp/x"),
    "full: no inode": ("mode=1777,nr_inodes=2", ": > /tmp/x"),
}


@needs_root
@pytest.mark.parametrize("tmp", TMP)
def test_a_tmp_that_the_servers_restart_would_fail_at_is_seen_before(tmp: str) -> None:
    options, first = TMP[tmp]
    mount = f'mount -t tmpfs -o {options} none /tmp && {{ {first}; }} && exec "$@"'
    with tree(parent="/dev/shm") as node:
        path, login = node.remote.path, ("unshare", "-m", "sh", "-c", mount, "sh")
        remote = BoundedRemote(node.remote.node, path=path, login=login)
        done = remote.run(("true",))
        if done.exit_status:
            pytest.skip(f"no /tmp of its own can be had here: {done.error_text}")
        assert look_at_files(remote).restart_marker == tmp.partition(":")[0]


@pytest.mark.parametrize(
    ("space", "marker"), [("9 4096 0 0", "free"), ("9 4096 5 0", "full"), ("0 4096 5 5", "full")]
)
def test_a_tmp_that_counts_no_inodes_is_not_full(node: Tree, space: str, marker: str) -> None:
    if Path("/tmp/.restart_inited").exists():
        pytest.skip("this machine's /tmp holds the marker")
    folder = node.root / "bin"
    folder.mkdir(mode=0o755)
    real = shutil.which("stat")
    alone = f'[ "$path" != /tmp ] || {{ echo {space}; continue; }}; {real} -f -c "$3" -- "$path"'
    program(
        folder / "stat",
        f'[ "$1" = -f ] || exec {real} "$@"; for path do case $path in /*) {alone} ;; esac; done',
    )
    assert look_at_files(node.with_path(folder).remote).restart_marker == marker


def test_where_the_space_cannot_be_told_tmp_is_not_full_and_nothing_is_free(node: Tree) -> None:
    if Path("/tmp/.restart_inited").exists():
        pytest.skip("this machine's /tmp holds the marker")
    folder = node.root / "bin"
    folder.mkdir(mode=0o755)
    program(folder / "stat", f'[ "$1" != -f ] || exit 1; exec {shutil.which("stat")} "$@"')
    seen = look_at_files(node.with_path(folder).remote)
    assert (seen.restart_marker, seen.free_bytes) == ("free", 0)
