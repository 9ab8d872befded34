"""What may come next on a command line."""

from __future__ import annotations

import pytest

from tasks.core.completing import (
    CHOICES,
    STRATEGIES,
    Kind,
    TaskWords,
    fitting,
    names_for,
    read_line,
    wanted,
    words_for,
)
from tasks.core.ha_planning import WAYS
from tasks.core.inventory_names import ClusterNames
from tasks.core.order import KINDS, USES
from tasks.core.signing_requests import KINDS as REQUESTED
from tasks.core.strategy_names import AUTO
from tasks.core.strategy_names import STRATEGIES as KNOWN

TASKS = {
    "status": TaskWords({"--cluster": True, "--json": False}),
    "restart": TaskWords({"--member": True, "--node": True, "--yes": False}, ("member",)),
    "ha.create": TaskWords({"--member": True, "--primary": True}, ("member",)),
    "runs.show": TaskWords({"--run": True}, ("run",)),
    "check": TaskWords({"--ignore": True, "--json": False}),
    "plan": TaskWords({"--strategy": True, "--approve": True}),
}
CLUSTERS = (
    ClusterNames("north", ("gw-a", "gw-d"), ("gw-d",), ("gw-a", "gw-d1", "gw-d2")),
    ClusterNames("south", ("gw-a", "gw-x"), (), ("gw-a", "gw-x")),
)


@pytest.mark.parametrize(
    ("words", "typed", "kind"),
    [
        ("", "sta", Kind.TASK),
        ("", "--l", Kind.OPTION),
        ("--help", "sta", Kind.TASK),
        ("status", "--", Kind.OPTION),
        ("status", "", Kind.OPTION),
        ("status --cluster", "", Kind.CLUSTER),
        ("status --json", "", Kind.OPTION),
        ("restart", "gw", Kind.MEMBER),
        ("restart --yes", "", Kind.MEMBER),
        ("restart gw-d --node", "", Kind.NODE),
        ("restart gw-d", "", Kind.OPTION),
        ("ha.create", "", Kind.PAIR),
        ("ha.create gw-d --primary", "", Kind.NODE),
        ("runs.show", "", Kind.RUN),
        ("check --ignore", "", Kind.OTHER),
        ("plan --strategy", "", Kind.CHOICE),
        ("plan --approve", "", Kind.PLAN),
        ("status --cluster=north", "", Kind.OPTION),
    ],
)
def test_what_is_wanted_follows_from_the_words_before(words: str, typed: str, kind: Kind) -> None:
    assert wanted(read_line(words.split(), TASKS), typed) is kind


def test_an_option_that_was_given_is_not_offered_again_unless_it_may_be() -> None:
    line = read_line(["check", "--json", "--ignore", "x"], TASKS)
    assert words_for(line, Kind.OPTION, TASKS) == ("--ignore",)


def test_names_are_those_of_the_cluster_on_the_line_else_of_all() -> None:
    line = read_line(["status"], TASKS)
    assert names_for(line, Kind.CLUSTER, CLUSTERS) == ("north", "south")
    assert names_for(line, Kind.MEMBER, CLUSTERS) == ("gw-a", "gw-d", "gw-x")
    line = read_line(["status", "--cluster=south"], TASKS)
    assert names_for(line, Kind.NODE, CLUSTERS) == ("gw-a", "gw-x")
    assert names_for(line, Kind.PAIR, CLUSTERS) == ()


def test_only_what_begins_as_typed_is_offered() -> None:
    assert fitting(TASKS, "r") == ("restart", "runs.show")


def test_the_choices_are_those_that_the_tasks_know() -> None:
    assert (AUTO, *KNOWN) == STRATEGIES
    assert CHOICES["", "--use"] == USES
    assert CHOICES["ha.migrate", "--way"] == WAYS
    assert CHOICES["credentials.create", "--kind"] == KINDS == CHOICES["rehearse", "--kind"]
    assert CHOICES["credentials.request", "--kind"] == REQUESTED
