"""The same question to many nodes: who hangs holds nobody up, and is heard once it answers."""

from __future__ import annotations

import threading
import time

import pytest

from tasks.core.model import Admin, Node
from tasks.effects.eyes import Eyes
from tests.effects.local_remote import node

NODES = tuple(node(Admin("h"), name=f"gw-{name}") for name in "abc")


def test_one_that_hangs_holds_nobody_up_and_its_answer_comes_the_next_time() -> None:
    over, asked = threading.Event(), list[str]()

    def ask(one: Node) -> str:
        asked.append(one.name)
        if one.name == "gw-b":
            assert over.wait(30)
        return one.name.upper()

    eyes = Eyes(NODES, ask)
    began = time.monotonic()
    assert eyes.look(limit_s=0.2) == {"gw-a": "GW-A", "gw-c": "GW-C"}
    assert eyes.look(limit_s=30) == {"gw-a": "GW-A", "gw-c": "GW-C"}  # not waited for again
    assert time.monotonic() - began < 10
    assert asked.count("gw-b") == 1
    over.set()
    found: dict[str, str] = {}
    while "gw-b" not in found:
        found |= eyes.look(limit_s=1)
        assert time.monotonic() - began < 30
    eyes.close()


def test_a_fault_of_ours_is_not_swallowed() -> None:
    def ask(one: Node) -> str:
        raise ZeroDivisionError(one.name)

    eyes = Eyes(NODES, ask)
    with pytest.raises(ZeroDivisionError, match="gw-a"):
        eyes.look(limit_s=10)
    eyes.close()
