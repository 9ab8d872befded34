"""Staging, backing up, swapping in: byte for byte, once only, and never a mismatched pair on disk."""

from __future__ import annotations

import dataclasses
import functools
import os
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import RemoteError
from tasks.core.places import Places
from tasks.core.snapshot import NodeFiles
from tasks.effects.files import back_up, clean_up, look_at_files, stage, swap_in
from tasks.effects.remote import Completed
from tests.effects.node_tree import (
    CA,
    CERT,
    CFG,
    KEY,
    ROOT,
    SYSTEM_PATH,
    WRAPPED,
    BoundedRemote,
    Disturbed,
    Tree,
    deliveries,
    mode,
    needs_root,
    owner,
    program,
    sha256,
    tree,
)

NEW = {CA: b"ca new", CERT: b"cert new", KEY: b"key new"}
OLD = {CA: b"ca old", CERT: b"cert old", KEY: b"key old"}
PAIRS = {(b"cert old", b"key old"), (b"cert new", b"key new")}
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


@functools.cache
def seen() -> NodeFiles:
    """What a look at an untouched node shows: who acts, who owns."""
    with tree() as untouched:
        return look_at_files(untouched.remote)


def staged(node: Tree, contents: dict[str, bytes] | None = None, *, keystore: Path | None = None) -> Places:
    at = node.places(keystore=keystore)
    found = deliveries(at, NEW if contents is None else contents)
    stage(node.remote, found, acting=node.acting, owner=node.user)
    return at


def swap(node: Tree, at: Places, *, moved_from: Path | None = None, **contents: bytes) -> None:
    """Swap in what is staged; `contents` by file name without its ending."""
    wanted = {name: sha256(content) for name, content in NEW.items()}
    swap_in(
        node.remote,
        at,
        wanted=wanted | {f"{name}.cfg": sha256(content) for name, content in contents.items()},
        moved_from=PurePosixPath(moved_from) if moved_from else None,
        files=seen(),
    )


def live(node: Tree, keystore: Path | None = None) -> dict[str, bytes]:
    """What the server would read now, by file name."""
    home = keystore or node.keystore
    files = {CA: node.truststore / CA, CERT: home / CERT, KEY: home / KEY}
    return {name: path.read_bytes() for name, path in files.items() if path.exists()}


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


def killed_everywhere(attempt: Callable[[Tree], None], look: Callable[[Tree], None]) -> int:
    """Kill the script after its first, second, ... command; look, repeat without, look again."""
    number = 0
    while True:
        number += 1
        with tree() as node:
            after = f"[ $n != {number} ] || kill -9 $PPID"
            disturbed = Disturbed.make(node.root / "bin", after=after, wrapped=WRAPPED[:6])
            problem = ""
            try:
                attempt(node.with_path(disturbed.folder))
            except RemoteError as error:
                problem = error.problem
            look(node)
            if not problem:
                return number
            assert "exit -9" in problem
            attempt(node)
            look(node)


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


def furnish_old_keystore(node: Tree) -> None:
    """An admin endpoint's files, a dot file, a folder, symlinks: what else a keystore holds."""
    node.write(node.keystore / "AdminDefaultKey.pem", b"admin key" * 1000, mode=0o400)
    node.write(node.keystore / "Admin Default$(touch ran).pem", b"odd name", mode=0o644)
    node.write(node.keystore / "..data", b"dots")
    node.write(node.keystore.parent / "shared.pem", b"shared")
    (node.keystore / "Linked.pem").symlink_to("../shared.pem")
    node.folder(node.keystore / "folder")
    node.write(node.keystore / "folder" / "inner", b"inner")


OTHERS = {"AdminDefaultKey.pem", "Admin Default$(touch ran).pem", "..data", "Linked.pem", "folder"}


def move(node: Tree, new: Path, *, files: NodeFiles | None = None) -> bytes:
    """Stage (once) with an edited server.cfg, and swap in with the keystore moving to `new`."""
    files = files or seen()
    before = node.cfg.read_bytes()
    text = before.replace(bytes(node.keystore) + b"\n", bytes(new) + b"\n")
    at = node.places(keystore=new)
    if text != before and not Path(at.cfg_stage / CFG).exists():
        found = deliveries(at, {**NEW, CFG: text})
        stage(node.with_path(Path("/")).remote, found, acting=files.acting, owner=node.user)
    wanted = {name: sha256(content) for name, content in {**NEW, CFG: text}.items()}
    old = PurePosixPath(node.keystore) if text != before else None
    swap_in(node.remote, at, wanted=wanted, moved_from=old, files=files)
    return text


def test_a_moving_keystore_takes_every_other_file_along_and_not_ours(node: Tree) -> None:
    furnish_old_keystore(node)
    new = node.root / "amlen" / "new"
    text = move(node, new)
    clean_up(node.remote, node.places(keystore=new), acting=node.acting)
    assert live(node, new) == NEW
    assert {path.name for path in new.iterdir()} == {CERT, KEY} | OTHERS
    assert (mode(new), owner(new)) == ("700", node.user)
    assert mode(new / "AdminDefaultKey.pem") == "400"
    assert (new / "Linked.pem").read_bytes() == b"shared"
    assert (new / "folder" / "inner").read_bytes() == b"inner"
    assert live(node)[KEY] == OLD[KEY]
    assert (node.cfg.read_bytes(), mode(node.cfg)) == (text, "640")
    assert not list(node.root.rglob("ran"))


@needs_root
def test_a_moving_keystore_keeps_the_owners_where_root_acts(node: Tree) -> None:
    furnish_old_keystore(node)
    node.own(node.keystore / "AdminDefaultKey.pem", mode=0o440, uid=0)
    os.chown(node.keystore / "AdminDefaultKey.pem", 0, node.gid)
    node.own(node.cfg, mode=0o644, uid=0)
    new = node.root / "srv" / "amlen" / "keystore"
    files = look_at_files(node.with_paths(keystore=new).remote)
    assert files.acting == "0:0"
    move(node, new, files=files)
    assert owner(new / "AdminDefaultKey.pem") == f"0:{node.gid}"
    assert (owner(node.cfg), mode(node.cfg)) == ("0:0", "644")
    assert {owner(path) for path in (new, new.parent, new.parent.parent, new / KEY)} == {node.user}
    now = look_at_files(node.remote)
    assert now.keystore == PurePosixPath(new)
    assert now.files[KEY].readable


def test_a_keystore_move_broken_off_anywhere_is_completed_by_the_next_try() -> None:
    def attempt(node: Tree) -> None:
        if not (node.keystore / "AdminDefaultKey.pem").exists():
            node.write(node.keystore / "AdminDefaultKey.pem", b"admin key" * 1000, mode=0o400)
        move(node, node.root / "amlen" / "deep" / "new")

    def look(node: Tree) -> None:
        new = node.root / "amlen" / "deep" / "new"
        if bytes(new) + b"\n" in node.cfg.read_bytes():
            assert live(node, new) == NEW
            assert {path.name for path in new.iterdir()} - {".fab-tls"} == {CERT, KEY, "AdminDefaultKey.pem"}
            assert (new / "AdminDefaultKey.pem").read_bytes() == b"admin key" * 1000
            assert {owner(path) for path in (new.parent, new, new / KEY)} == {node.user}
        else:
            assert live(node) in (OLD, OLD | {CA: NEW[CA]})

    assert killed_everywhere(attempt, look) >= 8


def test_a_copy_that_was_cut_in_the_middle_is_made_anew(node: Tree) -> None:
    furnish_old_keystore(node)
    new = node.root / "amlen" / "new"
    cut = node.root / "bin"
    cut.mkdir(mode=0o755)
    program(
        cut / "cp",
        "for made; do :; done\n"
        '/bin/cp "$@"; case $* in *AdminDefaultKey.pem*) ;; *) exit 0 ;; esac\n'
        '[ ! -d "$made" ] || made=$made/AdminDefaultKey.pem\n'
        'chmod u+w -- "$made"; echo cut > "$made"; kill -9 $PPID',
    )
    with pytest.raises(RemoteError, match="swap in the staged files: exit -9"):
        move(node.with_path(cut), new)
    move(node, new)
    assert (new / "AdminDefaultKey.pem").read_bytes() == b"admin key" * 1000


def test_what_is_in_the_new_keystore_already_is_kept(node: Tree) -> None:
    furnish_old_keystore(node)
    new = node.folder(node.root / "amlen" / "new")
    node.write(new / "AdminDefaultKey.pem", b"another")
    move(node, new)
    assert (new / "AdminDefaultKey.pem").read_bytes() == b"another"


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
        swap_in(deaf.remote, at, wanted={}, moved_from=None, files=files)
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
