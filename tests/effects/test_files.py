"""Looking at a node's files: what is there, who may read it, who writes; and nothing else happens."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.looking import look_at_files
from tasks.effects.server_logs import tail_of_log
from tests.effects.node_tree import (
    CA,
    CERT,
    CFG,
    KEY,
    ROOT,
    SHELLS,
    STRANGER,
    Tree,
    as_stranger,
    in_shell,
    mode,
    needs_root,
    not_as_root,
    program,
    sha256,
    tree,
)

HOSTILE = {
    "spaces": "two  words",
    "quotes": "a'b\"c",
    "substitution": "$(touch ran)`touch ran`",
    "separator": "x; touch ran; #",
    "backslashes": r"a\nb\\c\0",
    "glob": "*?[a]",
    "leading dash": "-rf",
}


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


@pytest.fixture(params=tuple(SHELLS.values()), ids=tuple(SHELLS))
def any_shell(request: pytest.FixtureRequest, node: Tree) -> Tree:
    return in_shell(node, *request.param)


def test_owner_mode_hash_and_content_are_seen_in_every_shell(any_shell: Tree) -> None:
    node = any_shell
    node.write(node.keystore / "AdminDefaultKey.pem", b"admin")
    seen = look_at_files(node.remote)
    assert seen.target_fault is None
    assert {name: state.sha256 for name, state in seen.files.items()} == {
        CA: sha256(b"ca old"),
        CERT: sha256(b"cert old"),
        KEY: sha256(b"key old"),
    }
    key = seen.files[KEY]
    assert (key.path, key.owner, key.mode, key.readable) == (
        PurePosixPath(node.keystore / KEY),
        node.user,
        "600",
        True,
    )
    assert key.changed_at == int((node.keystore / KEY).stat().st_ctime)
    assert (seen.ca_pem, seen.cert_pem) == (b"ca old", b"cert old")
    assert (seen.others, seen.crl_present, seen.work_entries) == (("AdminDefaultKey.pem",), False, ())
    assert (seen.service_user, seen.acting, seen.login_uid) == (node.user, node.acting, os.geteuid())
    assert (seen.cfg_path, seen.cfg_sha256) == (PurePosixPath(node.cfg), sha256(node.cfg.read_bytes()))


def test_absent_files_are_seen_as_absent_and_not_as_unreadable(node: Tree) -> None:
    (node.keystore / KEY).unlink()
    (node.truststore / CA).unlink()
    seen = look_at_files(node.remote)
    assert [name for name, state in seen.files.items() if not state.exists] == [KEY, CA]
    assert seen.files[CERT].exists
    assert seen.ca_pem == b""


def test_a_key_that_belongs_to_another_user_is_not_readable(node: Tree) -> None:
    assert look_at_files(node.remote).files[KEY].readable
    if ROOT:
        node.own(node.keystore / KEY, mode=0o600, uid=0)
    else:
        (node.keystore / KEY).chmod(0)
    key = look_at_files(node.remote).files[KEY]
    assert (key.exists, key.readable) == (True, False)


@needs_root
def test_a_file_is_readable_by_its_directory_too(node: Tree) -> None:
    node.own(node.keystore / KEY, mode=0o644, uid=0)
    assert look_at_files(node.remote).files[KEY].readable
    node.own(node.keystore, mode=0o600)  # no x for its owner
    assert not look_at_files(node.remote).files[KEY].readable
    assert look_at_files(node.remote).files[CA].readable


def test_a_certificate_that_is_a_directory_is_not_a_certificate(node: Tree) -> None:
    (node.keystore / CERT).unlink()
    node.folder(node.keystore / CERT)
    seen = look_at_files(node.remote)
    assert seen.files[CERT].sha256 == "unreadable"
    assert seen.cert_pem == b""


def test_a_symlinked_server_cfg_is_resolved(node: Tree) -> None:
    legacy = node.root / "legacy.cfg"
    legacy.symlink_to(node.cfg)
    seen = look_at_files(node.with_paths(server_cfg=legacy).remote)
    assert seen.cfg_path == PurePosixPath(node.cfg)
    assert seen.target_fault is None


def test_a_missing_server_cfg_is_an_error_that_names_it(node: Tree) -> None:
    node.cfg.unlink()
    with pytest.raises(
        RemoteError, match=f"look at server.cfg and its files: exit 10: no such file: {node.cfg}"
    ):
        look_at_files(node.remote)


@needs_root
def test_a_server_cfg_that_the_login_may_not_read_is_an_error(node: Tree) -> None:
    stranger = as_stranger(node.remote)
    with pytest.raises(RemoteError, match="exit 11: not readable"):
        look_at_files(stranger)
    node.cfg.chmod(0o644)
    assert look_at_files(stranger).login_uid == STRANGER


def test_server_cfg_arrives_byte_for_byte(node: Tree) -> None:
    content = b"# \xff\xfe\r\n---\nKeyStore = /x y\n\n\n"
    node.write(node.cfg, content, mode=0o640)
    seen = look_at_files(node.remote)
    assert seen.cfg_sha256 == sha256(content)
    assert str(seen.keystore) == "/x y"


def test_without_a_keystore_in_server_cfg_no_file_is_believed_to_be_there(node: Tree) -> None:
    node.write(node.cfg, f"TrustedCertificateDir = {node.truststore}\n".encode(), mode=0o640)
    seen = look_at_files(node.remote)
    assert (seen.keystore, seen.truststore) == (None, PurePosixPath(node.truststore))
    assert [name for name, state in seen.files.items() if state.exists] == [CA]


@pytest.mark.parametrize("value", ["keystore", '"/var/keystore"', "./key/store", "-rf"])
def test_a_keystore_that_is_no_absolute_path_is_looked_at_in_time(node: Tree, value: str) -> None:
    node.write(node.cfg, f"KeyStore = {value}\n".encode(), mode=0o640)
    seen = look_at_files(node.remote)
    assert str(seen.keystore) == value.removeprefix("./")
    assert not any(state.exists for state in seen.files.values())


def test_a_custom_keystore_is_looked_at_where_server_cfg_says_and_written_where_the_inventory_says(
    node: Tree,
) -> None:
    custom = node.folder(node.root / "amlen" / "custom")
    seen = look_at_files(node.with_paths(keystore=custom / "new").remote)
    assert seen.keystore == PurePosixPath(node.keystore)
    assert seen.target_fault is None
    assert not (custom / "new").exists()


def test_the_clock_and_the_free_space_are_those_of_the_node(node: Tree) -> None:
    seen = look_at_files(node.remote)
    assert abs(seen.clock_offset_s) < 2
    space = os.statvfs(node.data)
    assert seen.free_bytes == pytest.approx(space.f_bavail * space.f_frsize, rel=0.02)
    fast = node.root / "fast"
    fast.mkdir(mode=0o755)
    program(fast / "date", f"echo {int(time.time()) + 3600}")
    assert look_at_files(node.with_path(fast).remote).clock_offset_s == pytest.approx(3600, abs=2)


def test_the_leftovers_of_earlier_runs_are_seen_and_the_lock_is_none(node: Tree) -> None:
    node.folder(node.data / ".fab-tls")
    node.folder(node.data / ".fab-tls" / "run-0")
    node.folder(node.data / ".fab-tls" / "lock")
    assert set(look_at_files(node.remote).work_entries) == {str(node.data / ".fab-tls/run-0")}


def test_every_other_entry_of_the_keystore_is_seen_dot_files_too(node: Tree) -> None:
    names = {"a b.pem", ".hidden", "..data", "-x", r"back\nslash", "x---", "---", "facts", "x facts"}
    for name in names:
        node.write(node.keystore / name, b"")
    seen = look_at_files(node.remote)
    assert set(seen.others) == names
    assert seen.cfg.text == node.cfg.read_text()


@pytest.mark.parametrize("name", ["facts", "x facts", "x---", "---", r"back\\slash", r"\\n", "*", "$(id)"])
def test_a_directory_named_like_a_line_between_the_answers_confuses_nothing(node: Tree, name: str) -> None:
    own = node.folder(node.root / name)
    for file in (CERT, "HA_key.pem"):
        node.write(own / file, file.encode())
    node.cfg.write_text(node.cfg.read_text().replace(str(node.keystore), str(own)))
    for one in (node, node.with_paths(keystore=own)):
        seen = look_at_files(one.remote)
        assert seen.keystore == PurePosixPath(own)
        for file, state in {**seen.files, **seen.ha.files}.items():
            there = Path(str(state.path))
            content = there.read_bytes() if there.exists() else None
            assert state.sha256 == (None if content is None else hashlib.sha256(content).hexdigest()), file
        assert seen.cfg.text == node.cfg.read_text()


def test_a_crl_is_seen(node: Tree) -> None:
    assert not look_at_files(node.remote).crl_present
    node.folder(node.truststore / "Cluster_crl")
    node.write(node.truststore / "Cluster_crl" / "crl.pem", b"crl")
    assert look_at_files(node.remote).crl_present


def test_a_file_name_with_a_line_end_cannot_pass_for_a_fact(node: Tree) -> None:
    (node.keystore / CERT).unlink()
    node.write(node.keystore / "x\ncontent64 Cluster_cert.pem Zm9yZ2Vk\ntarget root 1 2 zero x", b"")
    seen = look_at_files(node.remote)
    assert seen.cert_pem == b""
    assert seen.target_fault is None
    assert seen.others == ("x?content64 Cluster_cert.pem Zm9yZ2Vk?target root 1 2 zero x",)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_path_is_a_path_and_never_runs(name: str) -> None:
    with tree(name=name) as node:
        seen = look_at_files(node.remote)
        assert seen.target_fault is None
        assert (seen.cfg_path, seen.keystore) == (PurePosixPath(node.cfg), PurePosixPath(node.keystore))
        assert seen.files[KEY].sha256 == sha256(b"key old")
        assert seen.ca_pem == b"ca old"
        assert not list(node.root.parent.rglob("ran"))
    assert not Path("ran").exists()


def test_a_path_with_a_line_end_is_refused_and_never_runs() -> None:
    with tree(name="a\ntouch ran\nb") as node:
        with pytest.raises(RemoteError, match="exit 12: control characters in the path"):
            look_at_files(node.remote)
        assert not list(node.root.parent.rglob("ran"))


@needs_root
def test_root_acts_only_where_the_service_user_may_not_write(node: Tree) -> None:
    assert look_at_files(node.remote).acting == node.user
    node.own(node.keystore, mode=0o755, uid=0)
    assert look_at_files(node.remote).acting == "0:0"


@needs_root
def test_root_acts_where_server_cfg_belongs_to_another_user(node: Tree) -> None:
    assert look_at_files(node.remote).acting == node.user
    node.own(node.cfg, mode=0o644, uid=0)
    assert look_at_files(node.remote).acting == "0:0"


@needs_root
def test_a_login_that_may_not_write_there_is_a_fault(node: Tree) -> None:
    node.cfg.chmod(0o644)
    seen = look_at_files(as_stranger(node.remote))
    assert seen.target_fault == f"uid {STRANGER} may not write to {node.keystore} as {node.user}"


@not_as_root
def test_a_keystore_that_its_owner_may_not_write_is_a_fault(node: Tree) -> None:
    assert look_at_files(node.remote).target_fault is None
    node.keystore.chmod(0o500)
    fault = look_at_files(node.remote).target_fault
    node.keystore.chmod(0o700)
    assert fault == f"uid {os.geteuid()} may not write to {node.keystore} as {node.user}"


@pytest.fixture
def elsewhere(node: Tree) -> Iterator[Path]:
    if not os.access("/dev/shm", os.W_OK) or Path("/dev/shm").stat().st_dev == node.root.stat().st_dev:
        pytest.skip("no second file system to write to")
    folder = Path(tempfile.mkdtemp(prefix="node-", dir="/dev/shm"))
    yield node.own(folder, mode=0o755)
    shutil.rmtree(folder)


def test_a_keystore_on_another_file_system_than_its_stage_is_a_fault(node: Tree, elsewhere: Path) -> None:
    (node.data / ".fab-tls").symlink_to(elsewhere)
    fault = look_at_files(node.remote).target_fault
    assert fault == f"{node.keystore} is on another file system than its work directory"


def test_a_keystore_linked_to_another_file_system_is_staged_there(node: Tree, elsewhere: Path) -> None:
    shutil.rmtree(node.keystore)
    node.keystore.symlink_to(elsewhere)
    seen = look_at_files(node.remote)
    assert seen.target_fault is None
    assert seen.resolved(PurePosixPath(node.keystore)) == PurePosixPath(elsewhere)
    assert seen.resolved(PurePosixPath(node.truststore)) == PurePosixPath(node.truststore)


def test_a_keystore_outside_the_data_directory_is_staged_beside_itself(node: Tree, elsewhere: Path) -> None:
    assert look_at_files(node.with_paths(keystore=elsewhere).remote).target_fault is None


def test_the_end_of_a_log_is_read_and_a_missing_log_is_empty(node: Tree) -> None:
    assert tail_of_log(node.remote, "imaserver-default.log") == ""
    logs = node.root / "amlen" / "diag" / "logs"
    logs.mkdir(parents=True)
    (logs / "imaserver-default.log").write_text("first\n" + "x" * 100 + "last")
    assert tail_of_log(node.remote, "imaserver-default.log", size_bytes=5) == "xlast"


def test_looking_changes_nothing(node: Tree) -> None:
    def listing() -> list[tuple[str, str, int]]:
        return sorted((str(p), mode(p), p.lstat().st_mtime_ns) for p in node.root.rglob("*"))

    before = listing()
    look_at_files(node.remote)
    assert listing() == before
    node.write(node.cfg.with_name(CFG + ".new"), b"")
    assert listing() != before


@pytest.mark.parametrize("end", ["\n", "\u2028", "\u0085", "\x0b", "\x1c"])
def test_a_name_cannot_say_anything_in_the_place_of_the_script(node: Tree, end: str) -> None:
    name = f"x{end}file {KEY} absent{end}marker stale"
    node.write(node.keystore / name, b"")
    seen = look_at_files(node.remote)
    assert seen.files[KEY].exists
    assert seen.restart_marker == "free"
    assert len(seen.others) == 1


def test_a_login_that_prints_text_of_its_own_is_named_as_the_cause(node: Tree) -> None:
    folder = node.root / "greeting"
    folder.mkdir(mode=0o755)
    program(folder / "sh", 'echo Welcome!; exec /bin/sh "$@"')
    with pytest.raises(
        RemoteError, match=r"look at server\.cfg and its files: what came back is not what our script prints"
    ) as caught:
        look_at_files(node.with_path(folder).remote)
    assert "must print nothing" in caught.value.remedy


ALONE = {  # a program of a node, and how many words it takes where it is asked of one thing
    "readlink": "[ $# -le 3 ]",
    "sha256sum": "[ $# -le 2 ]",
    "stat": '[ $# -le 5 ] || [ "$2" = %u:%g ]',
    "stat -L": '[ $# -le 5 ] || [ "$1" != -L ]',
    "stat -f": '[ $# -le 5 ] || [ "$1" != -f ]',
}


@pytest.mark.parametrize("name", ALONE)
def test_what_cannot_be_asked_at_once_is_asked_one_by_one(node: Tree, name: str) -> None:
    node.write(node.truststore / "HA_cafile.pem", b"ha ca")
    node.folder(node.truststore / "Cluster_crl")
    (node.keystore / KEY).unlink()
    whole = look_at_files(node.remote)
    folder = node.root / "one-by-one"
    folder.mkdir(mode=0o755)
    real, refused = name.split()[0], folder / "refused"
    program(
        folder / real,
        f'{{ {ALONE[name]}; }} || {{ echo no | tee {refused}; exit 1; }}; exec /usr/bin/{real} "$@"',
    )
    seen = look_at_files(node.with_path(folder).remote)
    assert refused.exists()
    assert replace(seen, clock_offset_s=0, free_bytes=0) == replace(whole, clock_offset_s=0, free_bytes=0)
    assert seen.free_bytes == pytest.approx(whole.free_bytes, rel=0.02)


def test_a_file_that_goes_away_while_it_is_looked_at_is_absent(node: Tree) -> None:
    """HA sync replaces the whole tree of a standby (T7)."""
    folder = node.root / "slow"
    folder.mkdir(mode=0o755)
    program(folder / "sha256sum", f'/usr/bin/sha256sum "$@"; rm -f {node.keystore / KEY}')
    seen = look_at_files(node.with_path(folder).remote)
    assert not seen.files[KEY].exists
    assert seen.files[CERT].exists
