"""Staging and backing up: byte for byte, private, once only, and never through a symlink."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.files import back_up, stage
from tasks.effects.looking import look_at_files
from tasks.effects.remote import Completed
from tests.effects.live_files import NEW, OLD, live, staged, swap
from tests.effects.node_tree import (
    CA,
    CERT,
    CFG,
    KEY,
    SYSTEM_PATH,
    BoundedRemote,
    Tree,
    deliveries,
    mode,
    owner,
    sha256,
    tree,
)

CONTENTS = {
    "text": b"-----BEGIN X-----\n",
    "empty": b"",
    "binary": bytes(range(256)),
    "100 KB": os.urandom(100_000),
    "shell": b"$(touch ran); exit 1\n'\"\n\0\nEOF\n",
    "no line end": b"a",
}


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


class TestStage:
    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_content_arrives_byte_for_byte(self, node: Tree, content: bytes) -> None:
        at = staged(node, {CA: b"before", CERT: content, KEY: b"after"})
        assert Path(at.key_stage / CERT).read_bytes() == content
        assert Path(at.ca_stage / CA).read_bytes() == b"before"
        assert Path(at.key_stage / KEY).read_bytes() == b"after"
        assert live(node) == OLD
        assert not list(node.root.rglob("ran"))

    @pytest.mark.parametrize("umask", [0o000, 0o077])
    def test_files_and_folders_are_private_and_the_service_users_whatever_the_umask(
        self, node: Tree, umask: int
    ) -> None:
        before = os.umask(umask)
        try:
            at = staged(node)
        finally:
            os.umask(before)
        assert (mode(Path(at.key_stage / KEY)), owner(Path(at.key_stage / KEY))) == ("600", node.user)
        work = [path for path in (node.data / ".fab-tls").rglob("*") if path.is_dir()]
        assert {mode(path) for path in (*work, node.data / ".fab-tls")} == {"700"}

    def test_no_content_is_in_an_argument(self, node: Tree) -> None:
        staged(node, {KEY: b"very secret"})
        assert not any("secret" in text for argv in node.remote.ran for text in argv)
        assert any(KEY in text for argv in node.remote.ran for text in argv)

    def test_a_delivery_shows_no_content(self, node: Tree) -> None:
        assert "secret" not in repr(deliveries(node.places(), {KEY: b"very secret"}))

    def test_a_file_that_reads_back_otherwise_is_an_error(self, node: Tree) -> None:
        wrong = dataclasses.replace(deliveries(node.places(), NEW)[1], content=b"cert nex")
        with pytest.raises(RemoteError, match=rf"{CERT} reads back as {sha256(b'cert nex')[:12]}, wanted"):
            stage(node.remote, [wrong], acting=node.acting, owner=node.user)

    def test_a_transfer_that_is_cut_short_is_an_error(self, node: Tree) -> None:
        cut = CutShort(node.remote.node, path=SYSTEM_PATH)
        with pytest.raises(RemoteError, match=f"{KEY} reads back as"):
            stage(cut, deliveries(node.places(), NEW), acting=node.acting, owner=node.user)
        assert live(node) == OLD

    def test_staging_again_replaces_what_was_staged(self, node: Tree) -> None:
        staged(node, {KEY: b"a longer key of before"})
        at = staged(node)
        assert Path(at.key_stage / KEY).read_bytes() == NEW[KEY]
        assert sorted(path.name for path in Path(at.key_stage).iterdir()) == sorted(NEW)

    @pytest.mark.parametrize("name", [KEY, f"{KEY}.part"])
    @pytest.mark.parametrize("kind", ["file", "folder", "nothing"])
    def test_nothing_is_written_through_a_symlink(self, node: Tree, name: str, kind: str) -> None:
        at = staged(node)
        victim = node.root / "victim"
        if kind == "file":
            node.write(victim, b"untouched", mode=0o666)
        elif kind == "folder":
            node.folder(victim, mode=0o777)
        trap = Path(at.key_stage / name)
        trap.unlink(missing_ok=True)
        trap.symlink_to(victim)
        staged(node)
        assert not Path(at.key_stage / KEY).is_symlink()
        assert Path(at.key_stage / KEY).read_bytes() == NEW[KEY]
        assert victim.exists() == (kind != "nothing")
        assert kind != "file" or victim.read_bytes() == b"untouched"
        assert kind != "folder" or not list(victim.iterdir())

    def test_a_part_that_was_left_over_is_replaced(self, node: Tree) -> None:
        at = staged(node)
        node.write(Path(at.key_stage / f"{KEY}.part"), b"half of something else", mode=0o444)
        staged(node)
        assert Path(at.key_stage / KEY).read_bytes() == NEW[KEY]
        assert not Path(at.key_stage / f"{KEY}.part").exists()

    def test_a_stage_that_cannot_be_made_is_an_error(self, node: Tree) -> None:
        node.write(node.data / ".fab-tls", b"a file")
        with pytest.raises(RemoteError, match=r"place files: exit \d+: .*\.fab-tls"):
            staged(node)


class CutShort(BoundedRemote):
    """The connection breaks off in the last file."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        return BoundedRemote.run(self, argv, stdin=stdin[:-1], privileged=privileged, limit_s=limit_s)


class TestBackUp:
    def back_up(self, node: Tree) -> Path:
        files = look_at_files(node.remote)
        paths = {name: state.path for name, state in files.files.items()} | {CFG: files.cfg_path}
        back_up(node.remote, paths, to=node.places().backup, acting=files.acting)
        return Path(node.places().backup)

    def test_it_holds_what_was_live_with_mode_and_owner(self, node: Tree) -> None:
        kept = self.back_up(node)
        assert {name: (kept / name).read_bytes() for name in OLD} == OLD
        assert (kept / CFG).read_bytes() == node.cfg.read_bytes()
        assert (mode(kept), mode(kept / KEY), mode(kept / CFG)) == ("700", "600", "640")
        assert owner(kept / KEY) == node.user

    def test_an_absent_file_is_noted_as_absent(self, node: Tree) -> None:
        (node.keystore / KEY).unlink()
        kept = self.back_up(node)
        assert (kept / f"{KEY}.absent").exists()
        assert not (kept / KEY).exists()
        assert not (kept / f"{CERT}.absent").exists()

    def test_it_is_made_once_and_not_overwritten_after_the_swap(self, node: Tree) -> None:
        kept = self.back_up(node)
        swap(node, staged(node))
        self.back_up(node)
        assert live(node) == NEW
        assert {name: (kept / name).read_bytes() for name in OLD} == OLD

    def test_one_that_was_broken_off_is_made_anew(self, node: Tree) -> None:
        kept = self.back_up(node)
        (kept / "complete").unlink()
        (kept / KEY).write_bytes(b"hal")
        self.back_up(node)
        assert (kept / KEY).read_bytes() == OLD[KEY]

    def test_a_symlink_is_kept_as_what_it_pointed_to(self, node: Tree) -> None:
        (node.keystore / KEY).rename(node.keystore / "real")
        (node.keystore / KEY).symlink_to("real")
        kept = self.back_up(node)
        assert not (kept / KEY).is_symlink()
        assert (kept / KEY).read_bytes() == OLD[KEY]
