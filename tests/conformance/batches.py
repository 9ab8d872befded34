"""Rows of a table that need one member each: three rows cost one restart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tasks.core.model import Node
from tests.conformance.target import Target

Load = Callable[[Target, Sequence[str]], None]  # rows, the first one on A


class Batches:
    """Rows of a table on A, B and C at once, loaded when the first of the three is asked for."""

    def __init__(self, target: Target, *, load: Load) -> None:
        self._target = target
        self._load = load
        self._loaded: tuple[str, ...] = ()

    def node(self, name: str, names: Sequence[str]) -> Node:
        """The node on which that row is in force."""
        index = names.index(name)
        batch = tuple(names[index // 3 * 3 : index // 3 * 3 + 3])
        if self._loaded != batch:
            self._load(self._target, batch)
            self._loaded = batch
        return self._target.singles[index % 3]
