"""Scripts reach a node's files on its host, through a volume, or inside its container."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import RemoteError
from tasks.core.model import ByContainer, ExecFiles, FilesBy, HostFiles, Volume
from tasks.core.places import places
from tasks.effects.file_access import on_node, run_script, shown
from tasks.effects.files import back_up, stage, swap_in
from tasks.effects.lock import Claim, holders, lock, unlock
from tasks.effects.looking import look_at_files
from tasks.effects.server_logs import tail_of_log
from tests.effects.node_tree import CA, CERT, CFG, KEY, Tree, deliveries, program, sha256, tree
from tests.effects.test_lock import AT

DATA = PurePosixPath("/var/lib/amlen-server")
KEYSTORE, TRUSTSTORE = DATA / "data/certificates/keystore", DATA / "data/certificates/truststore"
INSIDE = ExecFiles(ByContainer("docker", "IMA"))
SERVER_CFG = f"# ours\nKeyStore = {KEYSTORE}\nTrustedCertificateDir = {TRUSTSTORE}\n"
# Runs what it is asked to as the user it is asked to; notes its arguments without the script.
ENGINE = """
case $1 in
inspect) cat {state}; exit ;;
esac
[ ! -e {down} ] || {{ echo "container IMA is not running" >&2; exit 1; }}
printf '[%s]' "$1" "$2" "$3" "$4" "$5" >> {log}; echo >> {log}
user=$4; shift 5
[ "$(id -u)" != 0 ] || set -- chroot --userspec="$user" / "$@"
exec "$@"
"""


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def reached(node: Tree, by: FilesBy) -> Tree:
    """The same node, with other ways to its files."""
    server = dataclasses.replace(node.remote.node, files_by=by)
    return dataclasses.replace(node, remote=dataclasses.replace(node.remote, node=server))


@pytest.fixture
def mounted(node: Tree) -> Tree:
    """The tree is a volume; server.cfg and the inventory name the container's paths, which are not here."""
    node.write(node.cfg, SERVER_CFG.encode(), mode=0o640)
    made = reached(node, HostFiles(Volume(PurePosixPath(node.root) / "amlen", DATA)))
    paths = dataclasses.replace(
        made.remote.node.paths,
        data_dir=DATA,
        server_cfg=DATA / "data/config" / CFG,
        log_dir=DATA / "diag/logs",
    )
    server = dataclasses.replace(made.remote.node, paths=paths)
    return dataclasses.replace(made, remote=dataclasses.replace(made.remote, node=server))


def engine(node: Tree, *, running: bool = True) -> Tree:
    """The node with a docker whose one container is this machine."""
    folder = node.root / "engine"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    status = "running" if running else "exited"
    state = {"State": {"Running": running, "Status": status}, "Policy": {"Name": "no"}, "Mounts": []}
    (folder / "state").write_text(json.dumps(state))
    if not running:
        (folder / "down").touch()
    program(folder / "docker", ENGINE.format(**{n: folder / n for n in ("state", "down", "log")}))
    return reached(node, INSIDE).with_path(folder)


def _swapped(node: Tree, *, keystore: PurePosixPath, truststore: PurePosixPath) -> None:
    """Look, back up, stage, swap in, look again."""
    files = look_at_files(node.remote)
    at = places(
        node.remote.node.paths.data_dir / "data",
        run="run-1",
        keystore=keystore,
        truststore=truststore,
        cfg=files.cfg_path,
    )
    live = {name: state.path for name, state in files.files.items()}
    back_up(node.remote, live, to=at.backup, acting=files.acting)
    new = {CA: b"ca new", CERT: b"cert new", KEY: b"key new"}
    stage(node.remote, deliveries(at, new), acting=files.acting, owner=files.service_user)
    swap_in(node.remote, at, wanted={name: sha256(text) for name, text in new.items()}, files=files)
    seen = look_at_files(node.remote).files
    assert {name: state.sha256 for name, state in seen.items()} == {n: sha256(c) for n, c in new.items()}
    assert all(state.readable and state.owner == node.user for state in seen.values())


def test_through_a_volume_paths_are_the_containers_and_the_files_the_hosts(mounted: Tree) -> None:
    seen = look_at_files(mounted.remote)
    assert (seen.cfg_path, seen.keystore) == (DATA / "data/config" / CFG, KEYSTORE)
    assert seen.files[KEY].sha256 == sha256(b"key old")
    assert not Path(KEYSTORE).exists()
    _swapped(mounted, keystore=KEYSTORE, truststore=TRUSTSTORE)
    assert (mounted.keystore / KEY).read_bytes() == b"key new"
    assert mounted.cfg.read_text() == SERVER_CFG
    assert (mounted.data / ".fab-tls/run-1/backup" / KEY).read_bytes() == b"key old"


def test_a_volume_whose_host_path_is_a_link_is_the_same_volume(mounted: Tree) -> None:
    (mounted.root / "link").symlink_to("amlen")
    linked = reached(mounted, HostFiles(Volume(PurePosixPath(mounted.root) / "link", DATA)))
    assert look_at_files(linked.remote).cfg_path == DATA / "data/config" / CFG
    _swapped(linked, keystore=KEYSTORE, truststore=TRUSTSTORE)


def test_without_the_volume_the_host_does_not_have_the_containers_paths(mounted: Tree) -> None:
    with pytest.raises(RemoteError, match=f"no such file: {DATA}"):
        look_at_files(reached(mounted, HostFiles()).remote)


def test_a_keystore_outside_of_the_volume_is_refused_and_not_looked_for_on_the_host(mounted: Tree) -> None:
    mounted.write(mounted.cfg, f"KeyStore = {mounted.keystore}\n".encode(), mode=0o640)
    with pytest.raises(RemoteError, match="lies outside of the volume that the container sees as") as caught:
        look_at_files(mounted.remote)
    assert "files: docker" in caught.value.remedy


def test_a_link_out_of_the_volume_is_refused(mounted: Tree) -> None:
    mounted.keystore.rename(mounted.root / "elsewhere")
    mounted.keystore.symlink_to(mounted.root / "elsewhere")
    with pytest.raises(RemoteError, match=r"a symbolic link leads out of the volume .*/elsewhere"):
        look_at_files(mounted.remote)


def test_a_link_out_of_the_volume_is_refused_where_another_keystore_is_wanted_too(mounted: Tree) -> None:
    """What lies there now would be read from the host, which has another file by that name, or none."""
    mounted.folder(mounted.keystore.parent / "other")
    wanted = mounted.with_paths(keystore=Path(DATA / "data/certificates/other"))
    assert look_at_files(wanted.remote).keystore == KEYSTORE
    mounted.keystore.rename(mounted.root / "elsewhere")
    mounted.keystore.symlink_to(mounted.root / "elsewhere")
    with pytest.raises(RemoteError, match=r"a symbolic link leads out of the volume .*/elsewhere"):
        look_at_files(wanted.remote)


def test_inside_a_container_everything_runs_by_exec_as_the_right_user(node: Tree) -> None:
    inside = engine(node)
    _swapped(inside, keystore=PurePosixPath(node.keystore), truststore=PurePosixPath(node.truststore))
    ran = (node.root / "engine/log").read_text().splitlines()
    root, service = (f"[exec][-i][--user][{user}][IMA]" for user in ("0:0", node.user))
    assert ran == [root, service, service, service, service, root, service]
    assert all(argv[0] == "docker" for argv in inside.remote.ran)
    assert not any(b"key new" in word.encode() for argv in inside.remote.ran for word in argv)


def _locks_and_reads_a_log(node: Tree) -> None:
    acting = {"gw-a": look_at_files(node.remote).acting}
    lock([node.remote], Claim("run-1", AT), acting=acting)
    assert (node.data / ".fab-tls/lock/owner").exists()
    assert holders([node.remote])["gw-a"].run == "run-1"
    assert unlock([node.remote], run="run-1", acting=acting) == ()
    assert not (node.data / ".fab-tls/lock").exists()
    (node.root / "amlen/diag/logs").mkdir(parents=True)
    (node.root / "amlen/diag/logs/imaserver-default.log").write_text("a line\n")
    assert tail_of_log(node.remote, "imaserver-default.log") == "a line\n"


def test_the_lock_and_the_logs_are_in_the_volume(mounted: Tree) -> None:
    _locks_and_reads_a_log(mounted)


def test_the_lock_and_the_logs_are_in_the_container(node: Tree) -> None:
    _locks_and_reads_a_log(engine(node))


def test_a_container_that_does_not_run_is_said_with_the_way_out(node: Tree) -> None:
    with pytest.raises(RemoteError, match="container IMA is exited: nothing can be run in it") as caught:
        look_at_files(engine(node, running=False).remote)
    assert "docker start IMA" in caught.value.remedy
    assert "goes on with --resume" in caught.value.remedy
    assert "volume" in caught.value.remedy


def test_a_script_that_fails_inside_is_not_blamed_on_the_container(node: Tree) -> None:
    done = run_script(engine(node).remote, 'echo "$1" >&2; exit 1', "bad")
    assert (done.exit_status, done.error_text) == (1, "bad")


def test_an_operator_is_shown_where_the_file_is(mounted: Tree) -> None:
    server = mounted.remote.node
    assert shown(server, DATA / "data") == f"{mounted.root}/amlen/data"
    assert on_node(server, DATA / "data") == PurePosixPath(mounted.data)
    assert shown(reached(mounted, INSIDE).remote.node, DATA) == f"{DATA} in container IMA"
    assert shown(reached(mounted, HostFiles()).remote.node, DATA) == str(DATA)
