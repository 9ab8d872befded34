"""What is tried before the night, on a cluster that runs: new sets on each other, and on the processes."""

from __future__ import annotations

import json

from tests.e2e.labs import Rig

APART = "  after restart:gw-a: gw-a | gw-b"

DOCUMENTED = ("--strategy", "prescribed")


def test_check_rehearses_and_matrix_and_plan_say_who_connects_to_whom(quiet: Rig) -> None:
    said = quiet.fab("check").ok().stdout
    assert "rehearsed: 1 handshake between 1 new set, all well" in said
    assert "tried on the running gw-a, gw-b: a client with new set shared is turned away" in said
    assert "(alert unknown ca), as computed" in said
    assert "observed-otherwise" not in said

    plan = quiet.fab("plan", *DOCUMENTED).ok().stdout.splitlines()
    assert plan[plan.index(APART) + 1] == "  after restart:gw-b: all connected"

    shown = quiet.fab("credentials.matrix", *DOCUMENTED).ok().stdout
    assert "gw-a         =" in shown.partition("after restart:gw-a")[0]
    assert "gw-a         x" in shown.partition("after restart:gw-a")[2].partition("after restart:gw-b")[0]
    assert max(map(len, shown.partition("tried on")[0].splitlines())) <= 80

    data = json.loads(quiet.fab("credentials.matrix", *DOCUMENTED, "--json").ok().stdout)
    assert [stage["after"] for stage in data["stages"]] == ["now", "restart:gw-a", "restart:gw-b"]
    assert [stage["dials"]["gw-a"] for stage in data["stages"]] == [["gw-b"], [], ["gw-b"]]
    assert {(one["node"], one["answer"], one["as_computed"]) for one in data["observed"]} == {
        ("gw-a", "turned-away", True),
        ("gw-b", "turned-away", True),
    }
