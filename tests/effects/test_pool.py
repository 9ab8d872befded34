"""The pool: answers in order, no answer lost, no more at once than it has workers."""

from __future__ import annotations

import threading

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.pool import WORKERS, Pool

LIMIT_S = 10


def test_answers_come_in_the_order_of_the_items_whoever_ends_first() -> None:
    last_ended = threading.Event()

    def ask(item: int) -> int:
        if item == 0:
            assert last_ended.wait(LIMIT_S)
        if item == 3:
            last_ended.set()
        return item * 10

    with Pool(workers=4) as pool:
        assert pool.map(ask, range(4)) == (0, 10, 20, 30)
        assert pool.map(ask, ()) == ()


def test_an_exception_is_raised_when_all_have_ended() -> None:
    ended: list[int] = []
    failed = threading.Event()

    def ask(item: int) -> int:
        if item == 0:
            failed.set()
            raise RemoteError("node 0 is gone", remedy="-", node="gw-a")
        assert failed.wait(LIMIT_S)
        ended.append(item)
        return item

    with Pool(workers=2) as pool:
        with pytest.raises(RemoteError, match="node 0 is gone"):
            pool.map(ask, range(5))
        assert sorted(ended) == [1, 2, 3, 4]
        assert pool.map(str, (1,)) == ("1",)


def test_of_several_exceptions_the_first_in_order_is_raised() -> None:
    def ask(item: int) -> int:
        raise RemoteError(f"node {item}", remedy="-")

    with Pool() as pool, pytest.raises(RemoteError, match="node 0"):
        pool.map(ask, range(3))


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_are_asked_at_once_than_there_are_workers(workers: int) -> None:
    guard, together = threading.Lock(), threading.Barrier(workers)
    running = 0
    seen: list[int] = []

    def ask(item: int) -> None:
        nonlocal running
        with guard:
            running += 1
            seen.append(running)
        together.wait(LIMIT_S)  # passes only when as many as there are workers are here
        with guard:
            running -= 1

    with Pool(workers=workers) as pool:
        pool.map(ask, range(workers * 3))
    assert max(seen) == workers


def test_the_usual_pool_asks_sixteen_nodes_at_once() -> None:
    together = threading.Barrier(WORKERS)
    with Pool() as pool:
        assert len(pool.map(lambda _: together.wait(LIMIT_S), range(WORKERS))) == 16


def test_a_closed_pool_leaves_no_thread_and_takes_no_question() -> None:
    before = threading.active_count()
    with Pool(workers=3) as pool:
        pool.map(str, range(3))
        assert threading.active_count() > before
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="shutdown"):
        pool.map(str, range(3))
