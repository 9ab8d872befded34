"""One run at a time: whoever comes second is told who holds the lock, and leaves nothing behind."""

from __future__ import annotations

import dataclasses
import getpass
import json
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest

from tasks.core.errors import Locked, RemoteError
from tasks.effects import lock_scripts
from tasks.effects.lock import Claim, lock, unlock
from tasks.effects.remote import Completed
from tests.effects.node_tree import (
    SHELLS,
    SYSTEM_PATH,
    BoundedRemote,
    Tree,
    in_shell,
    mode,
    owner,
    program,
    tree,
)

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def nodes() -> Iterator[tuple[Tree, ...]]:
    with ExitStack() as stack:
        yield tuple(named(stack.enter_context(tree()), name) for name in ("gw-a", "gw-b", "gw-c"))


def named(node: Tree, name: str) -> Tree:
    remote = dataclasses.replace(node.remote, node=dataclasses.replace(node.remote.node, name=name))
    return dataclasses.replace(node, remote=remote)


def lock_of(node: Tree) -> Path:
    return node.data / ".fab-tls" / "lock"


def holders(nodes: Sequence[Tree]) -> list[str]:
    """Per node, the run that holds its lock; "" for none."""
    found = (lock_of(node) / "owner" for node in nodes)
    return [json.loads(path.read_text())["run"] if path.exists() else "" for path in found]


def take(nodes: Sequence[Tree], run: str) -> None:
    lock([node.remote for node in nodes], Claim(run, AT), acting=acting(nodes))


def give_back(nodes: Sequence[Tree], run: str) -> tuple[str, ...]:
    return unlock([node.remote for node in nodes], run=run, acting=acting(nodes))


def acting(nodes: Sequence[Tree]) -> dict[str, str]:
    return {node.remote.node.name: node.acting for node in nodes}


def test_a_lock_names_its_holder_on_every_node_and_is_private(nodes: tuple[Tree, ...]) -> None:
    take(nodes, "run-1")
    assert holders(nodes) == ["run-1"] * 3
    for node in nodes:
        assert (mode(lock_of(node)), mode(lock_of(node) / "owner")) == ("700", "600")
        assert owner(lock_of(node) / "owner") == node.user
        assert [path.name for path in lock_of(node).parent.iterdir()] == ["lock"]


@pytest.mark.parametrize("shell", tuple(SHELLS.values()), ids=tuple(SHELLS))
def test_taking_refusing_and_giving_back_work_in_every_shell(
    nodes: tuple[Tree, ...], shell: tuple[str, ...]
) -> None:
    node = in_shell(nodes[0], *shell)
    take([node], "run-1")
    with pytest.raises(Locked, match="run run-1 of"):
        take([node], "run-2")
    assert give_back([node], "run-2") == ("gw-a",)
    assert give_back([node], "run-1") == ()
    assert not lock_of(node).exists()


def test_another_run_is_told_the_holder_and_the_way_on(nodes: tuple[Tree, ...]) -> None:
    take(nodes, "run-1")
    who = f"run run-1 of {getpass.getuser()}@{socket.gethostname()} since 2026-11-22T12:00:00Z"
    with pytest.raises(Locked, match=who) as caught:
        take(nodes, "run-2")
    assert caught.value.node == "gw-a"
    assert "--break-lock run-1" in caught.value.remedy
    assert holders(nodes) == ["run-1"] * 3


def test_the_way_on_is_that_of_the_holders_task(nodes: tuple[Tree, ...]) -> None:
    remotes = [node.remote for node in nodes]
    lock(remotes, Claim("run-1", AT, "cluster.create"), acting=acting(nodes))
    with pytest.raises(Locked) as caught:
        take(nodes, "run-2")
    assert "fab cluster.create --resume" in caught.value.remedy
    assert "fab cluster.create --break-lock run-1" in caught.value.remedy
    assert "migrate-cluster" not in caught.value.remedy


def test_a_lock_of_an_older_version_names_no_task_and_is_the_migrations(nodes: tuple[Tree, ...]) -> None:
    take(nodes[:1], "run-1")
    path = lock_of(nodes[0]) / "owner"
    said = json.loads(path.read_text())
    del said["task"]
    path.write_text(json.dumps(said, separators=(",", ":")) + "\n")
    with pytest.raises(Locked) as caught:
        take(nodes[:1], "run-2")
    assert "fab migrate-cluster --resume" in caught.value.remedy


def test_what_was_taken_before_a_held_node_is_given_back(nodes: tuple[Tree, ...]) -> None:
    take(nodes[2:], "run-1")
    with pytest.raises(Locked, match="run-1") as caught:
        take(nodes, "run-2")
    assert caught.value.node == "gw-c"
    assert holders(nodes) == ["", "", "run-1"]


def test_what_was_taken_before_a_failing_node_is_given_back(nodes: tuple[Tree, ...]) -> None:
    nodes[1].write(nodes[1].data / ".fab-tls", b"a file where the directory should be")
    with pytest.raises(RemoteError, match=r"the lock could not be taken: .*File exists") as caught:
        take(nodes, "run-1")
    assert caught.value.node == "gw-b"
    assert not lock_of(nodes[0]).exists()


def test_a_lock_that_is_no_directory_is_an_error_and_stays(nodes: tuple[Tree, ...]) -> None:
    nodes[0].folder(nodes[0].data / ".fab-tls")
    nodes[0].write(lock_of(nodes[0]), b"a file")
    with pytest.raises(RemoteError, match="lock is no directory"):
        take(nodes[:1], "run-1")
    assert lock_of(nodes[0]).read_bytes() == b"a file"


def test_the_same_run_takes_its_lock_over_and_takes_what_is_missing(nodes: tuple[Tree, ...]) -> None:
    take(nodes[:2], "run-1")
    take(nodes, "run-1")
    assert holders(nodes) == ["run-1"] * 3


def test_a_run_that_is_refused_keeps_what_it_held_before(nodes: tuple[Tree, ...]) -> None:
    take(nodes[:1], "run-1")
    take(nodes[2:], "run-2")
    with pytest.raises(Locked, match="run-2"):
        take(nodes, "run-1")
    assert holders(nodes) == ["run-1", "", "run-2"]


def test_only_the_holder_gives_the_lock_back(nodes: tuple[Tree, ...]) -> None:
    take(nodes, "run-1")
    assert give_back(nodes, "run-2") == ("gw-a", "gw-b", "gw-c")
    assert give_back(nodes, "run-*") == ("gw-a", "gw-b", "gw-c")
    assert give_back(nodes, "run") == ("gw-a", "gw-b", "gw-c")
    assert holders(nodes) == ["run-1"] * 3
    assert give_back(nodes, "run-1") == ()
    assert not any((node.data / ".fab-tls").exists() for node in nodes)


def test_giving_back_what_is_not_held_is_no_failure(nodes: tuple[Tree, ...]) -> None:
    assert give_back(nodes, "run-1") == ()


def test_a_node_that_does_not_answer_is_named_and_the_others_are_freed(nodes: tuple[Tree, ...]) -> None:
    take(nodes, "run-1")
    deaf = dataclasses.replace(nodes[0], remote=Deaf(nodes[0].remote.node, path=SYSTEM_PATH))
    assert give_back((deaf, *nodes[1:]), "run-1") == ("gw-a",)
    assert holders(nodes) == ["run-1", "", ""]


class Deaf(BoundedRemote):
    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        raise RemoteError("no connection", remedy="-", node=self.node.name)


def held_by(node: Tree, content: bytes) -> None:
    node.folder(lock_of(node).parent)
    node.folder(lock_of(node))
    node.write(lock_of(node) / "owner", content)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\0garbage", b"[1]", b'"text"', b'{"run":"x"}', b"null", b"[" * 100_000],
    ids=["bytes", "list", "text", "half", "null", "deep"],
)
def test_a_lock_of_an_unknown_holder_holds_and_says_how_to_remove_it(
    nodes: tuple[Tree, ...], content: bytes
) -> None:
    held_by(nodes[0], content)
    with pytest.raises(Locked, match=r"run \(unknown\) of \(unknown\)") as caught:
        take(nodes, "run-1")
    assert f"rm -r {lock_of(nodes[0])} on gw-a" in caught.value.remedy
    assert (lock_of(nodes[0]) / "owner").read_bytes() == content
    assert give_back(nodes, "(unknown)") == ("gw-a",)


def test_control_characters_of_the_holder_do_not_reach_the_message(nodes: tuple[Tree, ...]) -> None:
    evil = {"run": "r\x1b[2J\x07", "owner": "o\r\n[gw-b] all is well", "host": "h\u202e", "since": "s\x9b"}
    held_by(nodes[0], json.dumps(evil, ensure_ascii=False).encode())
    with pytest.raises(Locked, match="all is well") as caught:
        take(nodes, "run-1")
    shown = str(caught.value).replace("\n  -> ", "")
    assert shown.isprintable()
    assert not any(text.isprintable() for text in evil.values())


def test_a_lock_broken_off_before_it_has_an_owner_is_no_lock(nodes: tuple[Tree, ...]) -> None:
    """Killed after any command: either the lock stands with its holder, or another run may have it."""
    for name in ("mkdir", "rm", "mv"):
        folder = nodes[0].root / f"bin-{name}"
        folder.mkdir(mode=0o755)
        program(folder / name, f'/bin/{name} "$@"; kill -9 $PPID')
        with pytest.raises(RemoteError, match="the lock could not be taken"):
            take([nodes[0].with_path(folder)], "run-1")
        held = lock_of(nodes[0]).exists()
        assert held == (name == "mv")
        take(nodes[:1], "run-1" if held else "run-2")
        give_back(nodes[:1], "run-1" if held else "run-2")
        assert not lock_of(nodes[0]).exists()


@pytest.mark.parametrize("line", [b"", b'{"run":"run-1"'], ids=["nothing", "half a line"])
def test_a_tool_that_is_killed_before_its_name_has_arrived_leaves_no_lock(
    nodes: tuple[Tree, ...], line: bytes
) -> None:
    node = nodes[0]
    work = str(lock_of(node).parent)
    done = node.remote.run(("sh", "-c", lock_scripts.LOCK, "sh", work), stdin=line)
    assert done.exit_status == 4
    assert "did not arrive" in done.error_text
    assert not lock_of(node).exists()
    take([node], "run-2")


def test_of_two_runs_at_the_same_moment_exactly_one_wins(nodes: tuple[Tree, ...]) -> None:
    barrier = Barrier(2)

    def race(run: str) -> bool:
        barrier.wait()
        try:
            take(nodes[:1], run)
        except Locked as error:
            return "cluster: run run-" not in error.problem  # the loser is told the winner, never "unknown"
        return True

    with ThreadPoolExecutor(2) as pool:
        for _ in range(50):
            won = list(pool.map(race, ("run-1", "run-2")))
            assert sorted(won) == [False, True]
            winner = "run-1" if won[0] else "run-2"
            assert holders(nodes[:1]) == [winner]
            assert give_back(nodes[:1], winner) == ()
