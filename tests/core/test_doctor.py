"""What `fab doctor` makes of what it saw: rows, verdicts, remedies, one table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.core.doctor import (
    Row,
    Verdict,
    closing_line,
    doctor_report,
    doctor_table,
    folded,
    not_run,
    noted,
    well,
    wrong,
    wrongs,
)
from tasks.core.doctor_inventory import fault_rows, without_inventory
from tasks.core.doctor_machine import (
    NEEDED,
    RunsPlace,
    dependency_rows,
    needed,
    openssl_row,
    pins,
    plain,
    python_row,
    runs_row,
    year_row,
)
from tasks.core.doctor_nodes import COMMAND, REST, SSH, TCP, Reach, Stop, clock_rows, first_layer, reach_rows
from tasks.core.doctor_secrets import Use, asked_row, asks, secret_row
from tasks.core.doctor_servers import Agent, KeyFile, Server, Unresolved, server_rows
from tasks.core.errors import UsageError
from tasks.core.inventory import parse
from tasks.core.json_text import json_text
from tasks.core.model import EnvSecret, KeyringSecret, PromptSecret

AT = datetime(2026, 11, 29, 1, 20, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
NO_AGENT = Agent("none is running")
FAULTY = "clusters:\n  n:\n    membrs: {}\n    observr: x\n    members: {a: {host: h}}\n"


def verdicts(rows: Iterable[Row]) -> list[tuple[str, str, str]]:
    return [(row.check, row.on, row.verdict.value) for row in rows]


def test_what_is_alike_is_one_line_and_what_is_not_is_not() -> None:
    rows = [well("reach", f"gw-{n}", "all") for n in "abcd"] + [
        wrong("reach", "gw-e", "SSH: no", remedy="mend")
    ]
    assert [(row.on, row.verdict) for row in folded(rows)] == [
        ("gw-a and 3 more", Verdict.OK),
        ("gw-e", Verdict.WRONG),
    ]
    assert [row.on for row in folded(rows[:2])] == ["gw-a, gw-b"]


def test_the_table_has_the_remedy_below_what_was_seen() -> None:
    table = doctor_table([well("Python", "", "3.11"), wrong("runs", "north", "full", remedy="df -h")], at=AT)
    assert table.title == "doctor at 2026-11-29 01:20:00 UTC"
    assert table.rows == (
        ("ok", "Python", "here", "3.11"),
        ("WRONG", "runs", "north", "full\n-> df -h"),
    )


def test_the_json_has_every_check_for_itself() -> None:
    rows = (well("reach", "gw-a", "all"), well("reach", "gw-b", "all"), noted("SSH agent", "", "none"))
    data = json.loads(json_text(doctor_report(rows, at=AT)))
    assert (data["at"], data["ok"]) == ("2026-11-29T01:20:00Z", True)
    assert [check["on"] for check in data["checks"]] == ["gw-a", "gw-b", ""]
    assert not doctor_report((*rows, wrong("x", "", "y", remedy="z")), at=AT).ok


def test_only_what_is_wrong_counts_and_what_did_not_run_is_told() -> None:
    rows = (noted("a", "", "b"), not_run("c", "", "d"))
    assert wrongs(rows) == ()
    assert closing_line(rows) == "doctor: nothing is wrong, 1 could not be run: see above -> fab status"
    assert closing_line(rows[:1]) == "doctor: nothing is wrong -> fab status"


@pytest.mark.parametrize(("version", "fit"), [((3, 11, 0), True), ((3, 14, 1), True), ((3, 10, 9), False)])
def test_python_is_new_enough_or_not(version: tuple[int, ...], fit: bool) -> None:
    assert (python_row(version, executable="/usr/bin/python3").verdict is Verdict.OK) is fit


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("OpenSSL 3.0.19 27 Jan 2026", Verdict.OK),
        ("OpenSSL 1.1.1w  11 Sep 2023", Verdict.OK),
        ("OpenSSL 1.0.2k-fips  26 Jan 2017", Verdict.WRONG),
        ("LibreSSL", Verdict.NOTE),
    ],
)
def test_openssl_speaks_tls_1_3_or_not(text: str, verdict: Verdict) -> None:
    assert openssl_row("cryptography", text).verdict is verdict


PINNED = pins(
    "rich==15.0.0 \\\n    --hash=sha256:aa\ndeprecated==1.3.1 ; python < '3.12' \\\ndeprecated==3.0.1 ; x\n"
)


def test_the_pins_are_read_with_every_version_that_may_be() -> None:
    assert {"rich": frozenset({"15.0.0"}), "deprecated": frozenset({"1.3.1", "3.0.1"})} == PINNED


def test_the_packages_that_are_needed_are_those_of_requirements_in() -> None:
    text = (ROOT / "requirements.in").read_text().partition("# What its tests")[0]
    assert set(pins(text)) == set(NEEDED)
    assert set(NEEDED) <= set(pins((ROOT / "requirements.txt").read_text()))


def test_what_a_needed_package_needs_is_needed_too() -> None:
    requires = {"rich": ["markdown-it-py>=2.2.0", "pygments (<3)"], "pygments": ["colorama ; extra == 'x'"]}
    assert needed(requires) == frozenset({*NEEDED, "markdown-it-py", "pygments"})
    assert plain("ruamel.yaml") == "ruamel-yaml"


def test_versions_are_held_against_the_pins() -> None:
    wanted = frozenset({"rich", "deprecated", "paramiko"})
    rows = list(dependency_rows({"rich": "14.0.0", "deprecated": "1.3.1"}, PINNED, wanted=wanted))
    assert verdicts(rows) == [
        ("package", "paramiko", "WRONG"),
        ("package", "rich", "note"),
        ("package", "1 packages", "ok"),
    ]
    assert rows[1].seen == "14.0.0 is installed, 15.0.0 is pinned"


def test_without_requirements_nothing_is_compared_and_that_is_said() -> None:
    (row,) = dependency_rows({"rich": "14.0.0"}, None, wanted=frozenset({"rich"}))
    assert (row.verdict, "not compared" in row.seen) == (Verdict.NOTE, True)


def test_a_year_in_which_nobody_is_is_wrong() -> None:
    assert year_row(AT).verdict is Verdict.OK
    assert year_row(AT.replace(year=1970)).verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("writable", "free", "verdict", "text"),
    [
        pytest.param(True, 5_000_000_000, Verdict.OK, "writable, 5000 MB free", id="fit"),
        pytest.param(True, 50_000_000, Verdict.NOTE, "50 MB free", id="little room"),
        pytest.param(True, 5_000_000, Verdict.WRONG, "5 MB free", id="full"),
        pytest.param(True, None, Verdict.NOTE, "cannot be seen", id="who knows"),
        pytest.param(False, 5_000_000_000, Verdict.WRONG, "/w cannot be written", id="not writable"),
    ],
)
def test_runs_need_a_place_that_can_be_written(
    writable: bool, free: int | None, verdict: Verdict, text: str
) -> None:
    row = runs_row("north", RunsPlace("/w/runs/north", "/w", writable, free))
    assert (row.verdict, text in row.seen) == (verdict, True)


def server(of: str = "gw-a", **change: Any) -> Server:
    values: dict[str, Any] = {
        "name": of,
        "address": f"ops@{of}:22",
        "of": of,
        "known": 1,
        "known_hosts": ("/k",),
        "adding": f"ssh-keyscan {of} >> /k",
        "key_files": (KeyFile("/id", "readable"),),
        "agent": True,
        "password": False,
    }
    return Server(**{**values, **change})


def test_a_server_without_a_known_key_is_wrong_and_gets_the_command_to_add_it() -> None:
    good, bad, *_ = server_rows([server(), server("gw-b", known=0)], NO_AGENT)
    assert (good.verdict, bad.verdict) == (Verdict.OK, Verdict.WRONG)
    assert (bad.seen, bad.remedy) == ("no key of gw-b in /k", "ssh-keyscan gw-b >> /k")


@pytest.mark.parametrize(
    ("change", "agent", "verdict"),
    [
        pytest.param({}, NO_AGENT, "ok", id="a key"),
        pytest.param({"key_files": ()}, NO_AGENT, "WRONG", id="nothing"),
        pytest.param({"key_files": ()}, Agent("", ("ssh-ed25519 x",)), "ok", id="the agent's key"),
        pytest.param(
            {"key_files": (), "agent": False},
            Agent("", ("ssh-ed25519 x",)),
            "WRONG",
            id="an agent that is not asked",
        ),
        pytest.param({"key_files": (), "password": True}, NO_AGENT, "ok", id="a password"),
    ],
)
def test_there_must_be_something_to_log_in_with(change: dict[str, Any], agent: Agent, verdict: str) -> None:
    assert ("SSH login", "gw-a", verdict) in verdicts(server_rows([server(**change)], agent))


def test_a_key_file_that_is_not_there_is_noted_beside_one_that_is() -> None:
    keys = (KeyFile("/id", "readable"), KeyFile("/gone", "does not exist"))
    rows = list(server_rows([server(key_files=keys)], NO_AGENT))
    assert verdicts(rows)[1:3] == [("SSH login", "gw-a", "ok"), ("SSH login", "gw-a", "note")]
    assert rows[2].seen == "key /gone does not exist"


def test_a_configuration_that_cannot_be_used_is_a_row_and_the_others_are_looked_at() -> None:
    rows = list(server_rows([Unresolved("gw-b", "more than 8 gateways", "ssh -G"), server()], NO_AGENT))
    assert verdicts(rows)[:2] == [("SSH config", "gw-b", "WRONG"), ("known_hosts", "gw-a", "ok")]


def reach(
    node: str, offset_s: float | None = 0.0, *stops: Stop, passed: tuple[str, ...] = (TCP, SSH, COMMAND)
) -> Reach:
    return Reach(node, passed, stops, "", offset_s, 0.5)


def test_what_holds_and_what_does_not_are_told_layer_by_layer() -> None:
    seen = reach("gw-a", 0.0, Stop(REST, "connection refused", "start it"))
    assert [(row.verdict, row.seen) for row in reach_rows([seen])] == [
        (Verdict.OK, "TCP, SSH, command"),
        (Verdict.WRONG, "REST: connection refused"),
    ]


def test_what_would_have_asked_did_not_run_and_is_not_wrong() -> None:
    (row,) = reach_rows(
        [Reach("gw-a", (), (Stop(SSH, "the answer to x is not asked", "y", asks=True),), "", None)]
    )
    assert row.verdict is Verdict.NOT_RUN


@pytest.mark.parametrize(
    ("problem", "layer"),
    [
        ("TCP connect to gw-a:22: Connection refused", TCP),
        ("name resolution: host name 'gw-a' cannot be resolved: unknown", TCP),
        ("10.0.0.1:22, asked from ops@hop:22, cannot be connected: refused", TCP),
        ("SSH channel to 10.0.0.1:22 through ops@hop:22: no answer within 5 s", TCP),
        ("host key of gw-a is unknown: it shows x", SSH),
        ("SSH authentication as ops@gw-a:22 refused", SSH),
    ],
)
def test_the_layer_that_failed_is_told(problem: str, layer: str) -> None:
    assert first_layer(problem) == layer


def test_a_node_whose_clock_is_off_is_wrong_the_others_are_not() -> None:
    rows = list(clock_rows([reach("gw-a"), reach("gw-b", 300.0), reach("gw-c", 1.0)]))
    assert [(row.on, row.verdict) for row in rows] == [
        ("gw-a", Verdict.OK),
        ("gw-b", Verdict.WRONG),
        ("gw-c", Verdict.OK),
    ]
    assert rows[1].seen == "300 s ahead of this machine's"


def test_where_most_nodes_agree_and_we_do_not_our_own_clock_is_wrong() -> None:
    rows = list(clock_rows([reach("gw-a", -600.0), reach("gw-b", -601.0), reach("gw-c", -599.0)]))
    assert [(row.on, row.verdict.value) for row in rows] == [
        ("", "WRONG"),
        ("gw-a", "ok"),
        ("gw-b", "ok"),
        ("gw-c", "ok"),
    ]
    assert rows[0].seen == "600 s ahead of the clocks of most nodes, which agree"
    two = list(clock_rows([reach("gw-a", -600.0), reach("gw-b", -600.0)]))
    assert [row.on for row in two if row.verdict is Verdict.WRONG] == ["gw-a", "gw-b"]


def test_a_clock_that_was_not_seen_is_a_row() -> None:
    (row,) = clock_rows([reach("gw-a", None)])
    assert (row.verdict, row.seen) == (Verdict.NOT_RUN, "no command ran there")


USES = (Use("admin.password", "gw-a"), Use("admin.password", "gw-b"), Use("admin.password", "gw-c"))


def test_a_secret_can_be_had_or_the_reason_is_told() -> None:
    good = secret_row(USES, origin="the variable P", trouble=None)
    assert (good.on, good.seen) == ("admin.password", "gw-a and 2 more: the variable P gives it")
    bad = secret_row(USES[:1], origin="the variable P", trouble=("the variable P is not set", "export P"))
    assert (bad.verdict, bad.seen, bad.remedy) == (
        Verdict.WRONG,
        "gw-a: the variable P is not set",
        "export P",
    )


def test_a_question_is_announced_and_not_asked() -> None:
    prompt, keyring = PromptSecret("the CA"), KeyringSecret("amlen", "ops")
    assert [asks(each) for each in (prompt, keyring, EnvSecret("P"))] == [True, True, False]
    row = asked_row(USES[:1], prompt, keyring_there=False)
    assert (row.verdict, row.seen) == (Verdict.NOTE, "gw-a: an operator is asked for 'the CA'")
    assert asked_row(USES, keyring, keyring_there=True).verdict is Verdict.NOTE
    assert asked_row(USES, keyring, keyring_there=False).verdict is Verdict.WRONG


def test_every_fault_of_an_inventory_is_a_row_with_its_line() -> None:
    with pytest.raises(UsageError, match="unknown key") as caught:
        parse(
            "clusters:\n  n:\n    membrs: {}\n    observr: x\n    members: {a: {host: h}}\n",
            path=Path("/i.yaml"),
            cluster=None,
        )
    rows = list(fault_rows(caught.value, Path("/i.yaml"), source="by --inventory"))
    assert [(row.on, row.verdict.value) for row in rows] == [("i.yaml:3", "WRONG"), ("i.yaml:4", "WRONG")]
    assert rows[0].seen == "clusters.n.membrs: unknown key"


def test_an_inventory_that_is_not_there_is_one_row_and_what_waits_for_it_another() -> None:
    error = UsageError("no inventory at /i.yaml", remedy="write one")
    assert list(fault_rows(error, Path("/i.yaml"), source="in the working directory")) == [
        wrong("inventory", "", "no inventory at /i.yaml (in the working directory)", remedy="write one")
    ]
    assert without_inventory().verdict is Verdict.NOT_RUN
    assert isinstance(without_inventory(), Row)
