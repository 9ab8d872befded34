"""Swapping in: never a mismatched pair on disk, whatever happens in the middle."""

from __future__ import annotations

import dataclasses
import os
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.files import back_up, clean_up, stage, swap_in
from tasks.effects.looking import look_at_files
from tasks.effects.remote import Completed
from tests.effects.live_files import NEW, OLD, PAIRS, killed_everywhere, live, staged, swap
from tests.effects.node_tree import (
    CA,
    CERT,
    KEY,
    ROOT,
    SYSTEM_PATH,
    BoundedRemote,
    Disturbed,
    Tree,
    deliveries,
    mode,
    needs_root,
    owner,
    sha256,
    tree,
)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def test_the_staged_files_become_the_live_ones(node: Tree) -> None:
    at = staged(node)
    cfg = node.cfg.read_bytes()
    assert live(node) == OLD
    swap(node, at)
    assert live(node) == NEW
    assert node.cfg.read_bytes() == cfg
    assert (mode(node.keystore / KEY), owner(node.keystore / KEY)) == ("600", node.user)
    assert mode(node.keystore) == "700"


def test_swapping_in_again_changes_nothing(node: Tree) -> None:
    at = staged(node)
    swap(node, at)
    swap(node, at)
    assert live(node) == NEW


def test_the_order_is_ca_certificate_key(node: Tree) -> None:
    at = staged(node)
    log = node.root / "log"
    log.touch(mode=0o666)
    log.chmod(0o666)
    look = f'for f in "{node.truststore / CA}" "{node.keystore / CERT}" "{node.keystore / KEY}"'
    after = f'{{ {look}; do cat "$f" 2>/dev/null || printf none; printf ,; done; echo; }} >> {log}'
    disturbed = Disturbed.make(node.root / "bin", after=after)
    swap(node.with_path(disturbed.folder), at)
    states = list(dict.fromkeys(line.strip(",") for line in log.read_text().splitlines()))
    assert states == [
        "ca new,cert old,key old",
        "ca new,cert old,none",
        "ca new,cert new,none",
        "ca new,cert new,key new",
    ]


def test_broken_off_anywhere_there_is_never_a_key_beside_another_certificate() -> None:
    states = []

    def attempt(node: Tree) -> None:
        at = node.places()
        if not Path(at.key_stage).exists():
            staged(node.with_path(Path("/")))
        swap(node, at)
        assert live(node) == NEW

    def look(node: Tree) -> None:
        files = live(node)
        states.append(files)
        assert CERT in files
        assert KEY not in files or (files[CERT], files[KEY]) in PAIRS
        assert KEY not in files or files[KEY] == OLD[KEY] or files[CA] == NEW[CA]

    assert killed_everywhere(attempt, look) >= 4
    assert any(KEY not in files for files in states)


def test_the_invariant_would_see_a_mismatched_pair() -> None:
    assert (NEW[CERT], OLD[KEY]) not in PAIRS


@pytest.mark.parametrize("signal", ["HUP", "PIPE", "INT", "TERM"])
def test_a_signal_in_the_middle_does_not_break_the_swap_off(node: Tree, signal: str) -> None:
    at = staged(node)
    disturbed = Disturbed.make(node.root / "bin", after=f"kill -{signal} $PPID")
    swap(node.with_path(disturbed.folder), at)
    assert disturbed.count > 4
    assert live(node) == NEW


def test_a_signal_does_break_the_staging_off(node: Tree) -> None:
    disturbed = Disturbed.make(node.root / "bin", after="kill -HUP $PPID")
    with pytest.raises(RemoteError, match="place files: exit -1"):
        stage(
            node.with_path(disturbed.folder).remote,
            deliveries(node.places(), NEW),
            acting=node.acting,
            owner=node.user,
        )


class NobodyListens(BoundedRemote):
    """The connection is lost: nobody reads what the command writes."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        reading, writing = os.pipe()
        os.close(reading)
        command = ("/usr/bin/env", "-i", f"PATH={self.path}", *argv)
        done = subprocess.run(command, input=stdin, stdout=writing, stderr=writing, timeout=10, check=False)
        os.close(writing)
        return Completed(done.returncode, b"", b"")


def test_a_lost_connection_does_not_break_the_swap_off(node: Tree) -> None:
    at = staged(node)
    deaf = dataclasses.replace(node, remote=NobodyListens(node.remote.node, path=SYSTEM_PATH))
    files = look_at_files(node.remote)
    with pytest.raises(RemoteError, match="swap in the staged files"):
        swap_in(deaf.remote, at, wanted={}, files=files)
    assert live(node) == NEW
    swap(node, at)


def test_a_live_file_that_is_not_the_wanted_one_is_an_error(node: Tree) -> None:
    at = staged(node, {**NEW, CERT: b"another"})
    with pytest.raises(RemoteError, match=rf"{CERT} reads back as {sha256(b'another')[:12]}, wanted"):
        swap(node, at)


def test_without_staged_files_the_live_ones_stay_and_the_hash_tells(node: Tree) -> None:
    with pytest.raises(RemoteError, match=f"{CA} reads back as {sha256(OLD[CA])[:12]}"):
        swap(node, node.places())
    assert live(node) == OLD


def test_a_live_symlink_is_replaced_and_not_written_through(node: Tree) -> None:
    at = staged(node)
    victims = [node.write(node.root / f"victim-{name}", b"untouched", mode=0o666) for name in NEW]
    homes = [node.truststore / CA, node.keystore / CERT, node.keystore / KEY]
    for path, victim in zip(homes, victims, strict=True):
        path.unlink()
        path.symlink_to(victim)
    swap(node, at)
    assert live(node) == NEW
    assert not any(path.is_symlink() for path in homes)
    assert {victim.read_bytes() for victim in victims} == {b"untouched"}


def test_a_live_symlink_to_a_folder_takes_nothing_in(node: Tree) -> None:
    at = staged(node)
    victim = node.folder(node.root / "victim", mode=0o777)
    (node.keystore / CERT).unlink()
    (node.keystore / CERT).symlink_to(victim)
    swap(node, at)
    assert live(node) == NEW
    assert not list(victim.iterdir())


def test_cleaning_up_removes_the_stages_and_keeps_the_backup(node: Tree) -> None:
    at = staged(node)
    back_up(node.remote, {KEY: PurePosixPath(node.keystore / KEY)}, to=at.backup, acting=node.acting)
    clean_up(node.remote, at, acting=node.acting)
    assert not any(Path(path).exists() for path in at.stages)
    assert Path(at.backup / KEY).read_bytes() == OLD[KEY]
    assert live(node) == OLD
    clean_up(node.remote, at, acting=node.acting)


@needs_root
def test_the_service_user_alone_does_the_work_where_it_can(node: Tree) -> None:
    at = staged(node)
    swap(node, at)
    changed = [argv for argv in node.remote.ran if "mv -fT" in " ".join(argv)]
    assert {argv[:3] for argv in changed} == {("chroot", f"--userspec={node.user}", "/")}
    assert {path.stat().st_uid for path in node.data.rglob("*")} == {node.uid}


def test_the_work_directory_is_closed_to_others(node: Tree) -> None:
    staged(node)
    assert stat.S_IMODE((node.data / ".fab-tls").stat().st_mode) & 0o077 == 0
    assert ROOT or (node.data / ".fab-tls").stat().st_uid == os.geteuid()
