"""The same question to every node again and again; one that hangs holds nobody else up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Generic, TypeVar

from tasks.core.model import Node

Seen = TypeVar("Seen")


class Eyes(Generic[Seen]):
    """A thread per node, each with one question at a time. They are daemons: one that hangs ends with the process."""

    def __init__(self, nodes: Iterable[Node], ask: Callable[[Node], Seen]) -> None:
        self._eyes = {node.name: _Eye(node, ask) for node in nodes}

    def look(self, *, limit_s: float) -> dict[str, Seen]:
        """By node, what has been seen since the last time.

        Nodes that are still busy with an older question are not waited for; what they answer comes the next time.

        Raises:
            Exception: Whatever `ask` raised.
        """
        asked = [eye.ask() for eye in self._eyes.values() if eye.under_way is None]
        wait(asked, timeout=limit_s)
        found = {name: eye.taken() for name, eye in self._eyes.items()}
        return {name: seen.result() for name, seen in found.items() if seen is not None}

    def close(self) -> None:
        """Let the threads end; returns at once."""
        for eye in self._eyes.values():
            eye.close()


class _Eye(Generic[Seen]):
    def __init__(self, node: Node, ask: Callable[[Node], Seen]) -> None:
        self.under_way: Future[Seen] | None = None
        self._node = node
        self._ask = ask
        self._orders: SimpleQueue[Future[Seen] | None] = SimpleQueue()
        threading.Thread(target=self._work, name=f"eye {node.name}", daemon=True).start()

    def ask(self) -> Future[Seen]:
        self.under_way = Future()
        self._orders.put(self.under_way)
        return self.under_way

    def taken(self) -> Future[Seen] | None:
        """The answer, once."""
        if self.under_way is None or not self.under_way.done():
            return None
        answer, self.under_way = self.under_way, None
        return answer

    def close(self) -> None:
        self._orders.put(None)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                order.set_result(self._ask(self._node))
            except Exception as error:  # noqa: BLE001 # it is raised where the answer is taken
                order.set_exception(error)
