"""A run is carried on by whoever resumed it last: the lock goes over, and the one before stops."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta

import pytest

from tasks.core.errors import Locked, RemoteError
from tasks.effects import lock_scripts
from tasks.effects.lock import Claim, give_back, holders, lock, require_ours, unlock
from tasks.effects.remote import Completed, Remote
from tests.core.statuses import NOON
from tests.effects.node_tree import SHELLS, SYSTEM_PATH, BoundedRemote, Tree, in_shell, tree
from tests.effects.test_lock import acting, lock_of, named

FIRST = Claim("run-1", NOON)
AGAIN = Claim("run-1", NOON + timedelta(minutes=5))  # the same run, from another machine
ROLLBACK = Claim("run-2", NOON, "rollback", instead_of="run-1")


@pytest.fixture
def nodes() -> Iterator[tuple[Tree, ...]]:
    with ExitStack() as stack:
        yield tuple(named(stack.enter_context(tree()), name) for name in ("gw-a", "gw-b"))


def take(nodes: Sequence[Tree], claim: Claim, *, failing: Remote | None = None) -> None:
    """`failing`: stands in for the last node."""
    remotes: list[Remote] = [node.remote for node in nodes]
    lock([*remotes[:-1], failing] if failing else remotes, claim, acting=acting(nodes))


def lines(nodes: Sequence[Tree]) -> list[str]:
    """What each lock says of its holder; "" where there is none."""
    owners = (lock_of(node) / "owner" for node in nodes)
    return [path.read_text() if path.exists() else "" for path in owners]


def test_the_process_that_holds_it_sees_that_it_does(nodes: tuple[Tree, ...]) -> None:
    take(nodes, FIRST)
    for node in nodes:
        require_ours(node.remote, FIRST)
    assert lines(nodes) == [FIRST.line + "\n"] * 2


def test_the_same_run_takes_it_over_and_the_process_before_sees_by_whom(nodes: tuple[Tree, ...]) -> None:
    take(nodes, FIRST)
    take(nodes, AGAIN)
    assert lines(nodes) == [AGAIN.line + "\n"] * 2
    for node in nodes:
        require_ours(node.remote, AGAIN)
        with pytest.raises(
            Locked, match=r"of run run-1 was taken over by .*@.* since 2026-11-22T12:05:00Z: this"
        ):
            require_ours(node.remote, FIRST)


def test_one_that_was_broken_is_no_more_ours(nodes: tuple[Tree, ...]) -> None:
    take(nodes, FIRST)
    unlock([node.remote for node in nodes], run="run-1", acting=acting(nodes))
    with pytest.raises(Locked, match="the lock of run run-1 was taken over and it is free"):
        require_ours(nodes[0].remote, FIRST)


def test_a_lock_of_a_version_without_tokens_is_not_ours_and_is_taken_over(nodes: tuple[Tree, ...]) -> None:
    take(nodes, FIRST)
    for node in nodes:
        said = json.loads((lock_of(node) / "owner").read_text())
        (lock_of(node) / "owner").write_text(json.dumps({k: v for k, v in said.items() if k != "token"}))
    with pytest.raises(Locked, match="was taken over"):
        require_ours(nodes[0].remote, FIRST)


def test_a_rollback_takes_over_the_lock_of_the_run_that_it_undoes_and_no_other(
    nodes: tuple[Tree, ...],
) -> None:
    take(nodes, FIRST)
    take(nodes, ROLLBACK)
    assert {holder.run for holder in holders([node.remote for node in nodes]).values()} == {"run-2"}
    with pytest.raises(Locked, match="run run-2") as no:
        take(nodes, AGAIN)
    assert "fab rollback --resume" in no.value.remedy
    with pytest.raises(Locked, match="run run-2"):
        take(nodes, dataclasses.replace(ROLLBACK, run="run-3"))
    assert lines(nodes) == [ROLLBACK.line + "\n"] * 2


def test_what_was_taken_over_before_a_node_that_another_run_holds_is_handed_back(
    nodes: tuple[Tree, ...],
) -> None:
    take(nodes[:1], FIRST)
    take(nodes[1:], Claim("run-9", NOON))
    before = lines(nodes)
    for claim in (AGAIN, ROLLBACK):
        with pytest.raises(Locked, match="run-9"):
            take(nodes, claim)
        assert lines(nodes) == before
    require_ours(nodes[0].remote, FIRST)


@dataclasses.dataclass
class Falls(BoundedRemote):
    """The connection is lost when the lock is to be taken over for the first time.

    Args:
        first: Whether before that, else after it.
    """

    first: bool = True
    fallen: bool = False

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        falls = not self.fallen and any("/lock/owner.$$" in arg for arg in argv)
        self.fallen = self.fallen or falls
        done = None
        if not (falls and self.first):
            done = super().run(argv, stdin=stdin, privileged=privileged, limit_s=limit_s)
        if falls or done is None:
            raise RemoteError("the connection was lost", remedy="-", node=self.node.name)
        return done


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_node_that_falls_silent_half_way_leaves_one_holder(nodes: tuple[Tree, ...], first: bool) -> None:
    take(nodes, FIRST)
    failing = Falls(nodes[1].remote.node, path=SYSTEM_PATH, first=first)
    with pytest.raises(RemoteError, match="the connection was lost"):
        take(nodes, AGAIN, failing=failing)
    assert failing.fallen
    assert lines(nodes) == [FIRST.line + "\n"] * 2
    for node in nodes:
        require_ours(node.remote, FIRST)


@pytest.mark.parametrize("shell", tuple(SHELLS.values()), ids=tuple(SHELLS))
def test_every_shell_hands_it_over_whole_and_only_from_the_run_that_is_named(
    nodes: tuple[Tree, ...], shell: tuple[str, ...]
) -> None:
    node = in_shell(nodes[0], *shell)
    take([node], FIRST)
    script = ("sh", "-c", lock_scripts.TAKE_OVER, "sh", str(lock_of(node).parent))
    for run in ("run", "run-*", "run-2"):
        assert node.remote.run((*script, run), stdin=AGAIN.line.encode() + b"\n").exit_status == 7
    cut = node.remote.run((*script, "run-1"), stdin=AGAIN.line.encode()[:20])
    assert (cut.exit_status, lines([node])) == (4, [FIRST.line + "\n"])
    take([node], AGAIN)
    assert lines([node]) == [AGAIN.line + "\n"]
    assert [path.name for path in lock_of(node).iterdir()] == ["owner"]


def test_a_claim_that_comes_to_nothing_leaves_the_lock_free_or_to_the_run_that_it_was_to_undo(
    nodes: tuple[Tree, ...],
) -> None:
    remotes = [node.remote for node in nodes]
    take(nodes, FIRST)
    take(nodes, ROLLBACK)
    give_back(remotes, ROLLBACK, acting=acting(nodes))
    assert {holder.run for holder in holders(remotes).values()} == {"run-1"}
    take(nodes, AGAIN)  # whoever resumes that run goes on
    give_back(remotes, AGAIN, acting=acting(nodes))
    assert lines(nodes) == ["", ""]
