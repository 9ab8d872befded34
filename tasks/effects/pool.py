"""The same question to many nodes at once: bounded, in order, no answer lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 16


class Pool:
    """A bounded set of worker threads; close it, or use it as a context manager."""

    def __init__(self, *, workers: int = WORKERS) -> None:
        self._executor = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="node")

    def map(self, ask: Callable[[Item], Result], items: Iterable[Item]) -> tuple[Result, ...]:
        """Answers in the order of the items. An exception of `ask` is raised once all have ended.

        Every `ask` has limits of its own; there is none here.
        """
        return self.begin(ask, items)()

    def begin(self, ask: Callable[[Item], Result], items: Iterable[Item]) -> Callable[[], tuple[Result, ...]]:
        """Begin to ask, and return at once; what is given back waits for the answers, and is as `map`."""
        futures = [self._executor.submit(ask, item) for item in items]

        def answers() -> tuple[Result, ...]:
            for future in futures:
                future.exception()
            return tuple(future.result() for future in futures)

        return answers

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
