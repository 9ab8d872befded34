"""Starting and restarting a server: the command that runs, and what a failing one gets."""

from __future__ import annotations

import dataclasses
import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.errors import OperatorError, RemoteError
from tasks.core.model import ByCommand, ByContainer, ByRest, BySystemd, Limits, RestartBy, StartBy
from tasks.effects.service import finish_restart, request_restart, start, why_start_would_fail
from tasks.effects.stop import StopOnSignal
from tests.effects.asking import asking, plain
from tests.effects.local_remote import LocalRemote, closed_port, node
from tests.effects.node_tree import SYSTEM_PATH, program
from tests.effects.rest_server import DONE, Script, serving

UNIT, IMA = BySystemd("imaserver.service"), ByContainer("podman", "IMA")
RESTART, STOP = "service/restart", "service/stop"


@dataclass
class Hands:
    """A clock that moves when it sleeps."""

    time_s: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds
        self.slept.append(seconds)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def recording(tools: Path, name: str, body: str = "") -> Path:
    """A stand-in that notes its arguments, one in brackets each, and then does `body`."""
    log = tools / "log"
    return program(tools / name, f"printf '[%s]' {name} \"$@\" >> {log}; echo >> {log}\n{body}")


def ran(tools: Path) -> list[str]:
    return (tools / "log").read_text().splitlines() if (tools / "log").exists() else []


def at(
    tools: Path, *, start_by: StartBy = UNIT, restart_by: RestartBy | None = None, port: int | None = None
) -> LocalRemote:
    limits = Limits(rest_s=5, stop_s=20, poll_s=2)
    made = node(plain(port or closed_port()), limits=limits)
    made = dataclasses.replace(made, start_by=start_by, restart_by=restart_by or ByRest())
    return LocalRemote(made, path=f"{tools}:{SYSTEM_PATH}")


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        (UNIT, "[systemctl][start][imaserver.service]"),
        (ByContainer("podman", "IMA"), "[podman][start][IMA]"),
        (
            ByCommand(("start-it", "two words", "$(touch ran)", "-x")),
            "[start-it][two words][$(touch ran)][-x]",
        ),
    ],
    ids=["systemd", "container", "own command"],
)
def test_start_runs_exactly_the_command_of_the_inventory(tools: Path, by: StartBy, wanted: str) -> None:
    for name in ("systemctl", "podman", "start-it"):
        recording(tools, name)
    start(at(tools, start_by=by))
    assert ran(tools) == [wanted]
    assert not Path("ran").exists()


def test_a_start_that_fails_says_what_was_seen_and_what_comes_next(tools: Path) -> None:
    recording(tools, "systemctl", "echo 'Unit imaserver.service not found.' >&2; exit 5")
    wanted = r"systemctl start imaserver.service: exit 5: Unit imaserver.service not found\."
    with pytest.raises(RemoteError, match=wanted) as caught:
        start(at(tools))
    assert caught.value.node == "gw-a"
    assert caught.value.remedy == "start the server by hand, then: fab migrate-cluster --resume"


def test_a_start_that_fails_in_silence_is_an_error_too(tools: Path) -> None:
    recording(tools, "start-it", "exit 3")
    with pytest.raises(RemoteError, match="start-it now: exit 3: no message"):
        start(at(tools, start_by=ByCommand(("start-it", "now"))))
    recording(tools, "start-it")
    start(at(tools, start_by=ByCommand(("start-it", "now"))))


def test_what_can_be_started_is_no_trouble_and_is_not_started(tools: Path) -> None:
    recording(tools, "systemctl")
    recording(tools, "start-it")
    assert why_start_would_fail(at(tools)) is None
    assert why_start_would_fail(at(tools, start_by=ByCommand(("start-it", "x")))) is None
    assert why_start_would_fail(at(tools, start_by=ByCommand((f"{tools}/start-it",)))) is None
    assert ran(tools) == ["[systemctl][cat][imaserver.service]"]


def test_a_missing_unit_is_named_with_the_managers_words(tools: Path) -> None:
    recording(tools, "systemctl", "echo 'No files found for imaserver.service.' >&2; exit 1")
    wanted = "systemctl cat ...: exit 1: No files found for imaserver.service."
    assert why_start_would_fail(at(tools)) == wanted


@pytest.mark.parametrize("name", ["no-such", "/no/such", "-x", "$(touch ran)"])
def test_a_missing_command_is_named_and_not_run(tools: Path, name: str) -> None:
    seen = why_start_would_fail(at(tools, start_by=ByCommand((name, "now"))))
    assert seen is not None
    assert seen.startswith(f"{name}: exit ")
    assert not Path("ran").exists()


def test_a_file_that_nobody_may_execute_is_no_command(tools: Path) -> None:
    script = recording(tools, "start-it")
    script.chmod(0o644)
    seen = why_start_would_fail(at(tools, start_by=ByCommand((str(script),))))
    assert seen == f"{script}: exit 1: not found"
    script.chmod(0o755)
    assert why_start_would_fail(at(tools, start_by=ByCommand((str(script),)))) is None


def restart(remote: LocalRemote, clock: Hands) -> list[tuple[str, float]]:
    """What was reported meanwhile."""
    told: list[tuple[str, float]] = []
    with asking(remote.node.admin) as (admin, _):
        request_restart(remote, admin, clock=clock, report=lambda seen, left_s: told.append((seen, left_s)))
    return told


def test_a_restart_by_rest_is_one_request_and_no_command(tools: Path) -> None:
    recording(tools, "systemctl")
    script = Script({f"POST {RESTART}": DONE})
    with serving(script) as port:
        restart(at(tools, port=port), Hands())
    assert script.asked == [f"POST {RESTART}"]
    assert script.bodies == [{"Service": "Server"}]
    assert ran(tools) == []


def test_a_restart_that_rest_refuses_is_an_error(tools: Path) -> None:
    with serving(Script({f"POST {RESTART}": (400, b'{"Code":"CWLNA0137"}')})) as port:
        remote = at(tools, port=port)
        with pytest.raises(RemoteError, match="CWLNA0137"):
            restart(remote, Hands())


def test_a_restart_by_an_own_command_runs_it_and_asks_rest_nothing(tools: Path) -> None:
    recording(tools, "again")
    restart(at(tools, restart_by=ByCommand(("again", "now"))), Hands())
    assert ran(tools) == ["[again][now]"]


def test_a_restart_by_an_own_command_that_fails_is_an_error(tools: Path) -> None:
    recording(tools, "again", "echo no >&2; exit 4")
    with pytest.raises(RemoteError, match="again: exit 4: no") as caught:
        restart(at(tools, restart_by=ByCommand(("again", "now"))), Hands())
    assert "fab status" in caught.value.remedy


# How each manager tells, at look $n, of a server that is up in its first ("1") or second ("2") life, or not.
TOLD = {
    UNIT: "printf 'LoadState=loaded\\nActiveState=%s\\nMainPID=%s\\n' $state $life",
    IMA: """printf '{{"State":{{"Running":%s,"Status":"%s","StartedAt":"%s"}},"Policy":{{}},"Mounts":[]}}' """
    "$([ $life = 0 ] && echo false || echo true) $state $life",
}
UP = {UNIT: "active", IMA: "running"}
MANAGED = pytest.mark.parametrize("by", [UNIT, IMA], ids=["systemd", "podman"])


def managing(tools: Path, by: BySystemd | ByContainer, lives: str, *, start: str = "") -> None:
    """A stand-in that shows one life after the other at each look, the last one for ever.

    0 is none, `none` a unit without a process, and with `down` the look itself fails.
    """
    (tools / "lives").write_text(lives)
    told = TOLD[by].replace("{{", "{").replace("}}", "}")
    body = f"""case $1 in start) {start or ":"}; exit ;; esac
lives=$(cat {tools}/lives); life=${{lives%% *}}; echo "${{lives#* }}" > {tools}/lives
case $life in down) exit 255 ;; 0) state=inactive ;; none) state={UP[by]} life=0 ;; *) state={UP[by]} ;; esac
{told}"""
    recording(tools, "systemctl" if by == UNIT else "podman", body)


def verbs(tools: Path) -> list[str]:
    return [line.split("]")[1].strip("[") for line in ran(tools)]


@MANAGED
def test_a_restart_by_a_manager_stops_by_rest_waits_for_the_end_and_starts(
    tools: Path, by: BySystemd | ByContainer
) -> None:
    """A unit's stop would signal twice, a container's would kill in the end (T5)."""
    managing(tools, by, "1 1 1 0")
    script, clock = Script({f"POST {STOP}": DONE}), Hands()
    with serving(script) as port:
        restart(at(tools, restart_by=by, start_by=ByCommand(("not-this",)), port=port), clock)
    assert script.asked == [f"POST {STOP}"]
    look = "show" if by == UNIT else "inspect"
    assert verbs(tools) == [look, look, look, look, look, "start"]
    assert clock.slept == [2, 2, 2]


@MANAGED
@pytest.mark.parametrize("lives", ["1 1 2", "1 0 2"], ids=["at once", "a moment after its end"])
def test_what_its_policy_has_brought_back_is_not_started_again(
    tools: Path, by: BySystemd | ByContainer, lives: str
) -> None:
    managing(tools, by, lives)
    with serving(Script({f"POST {STOP}": DONE})) as port:
        restart(at(tools, restart_by=by, port=port), Hands())
    assert "start" not in verbs(tools)


@MANAGED
def test_a_server_that_does_not_end_is_neither_stopped_nor_started_a_second_time(
    tools: Path, by: BySystemd | ByContainer
) -> None:
    managing(tools, by, "1")
    script, clock = Script({f"POST {STOP}": DONE}), Hands()
    with serving(script) as port:
        remote = at(tools, restart_by=by, port=port)
        with pytest.raises(RemoteError, match=f"still {UP[by]} 20 s after service/stop") as caught:
            restart(remote, clock)
    looks = "systemctl status imaserver.service" if by == UNIT else "podman inspect IMA"
    assert looks in caught.value.remedy
    assert script.asked == [f"POST {STOP}"]
    assert set(verbs(tools)) <= {"show", "inspect"}
    assert clock.time_s == 22


@MANAGED
def test_a_start_that_fails_after_the_stop_is_an_error(tools: Path, by: BySystemd | ByContainer) -> None:
    managing(tools, by, "1 0", start="echo no >&2; exit 4")
    with serving(Script({f"POST {STOP}": DONE})) as port:
        remote = at(tools, restart_by=by, port=port)
        with pytest.raises(RemoteError, match=r"start [a-zA-Z.]+: exit 4: no"):
            restart(remote, Hands())


@MANAGED
def test_a_server_that_the_manager_does_not_run_is_not_stopped(
    tools: Path, by: BySystemd | ByContainer
) -> None:
    managing(tools, by, "0")
    script = Script({f"POST {STOP}": DONE})
    with serving(script) as port:
        remote = at(tools, restart_by=by, port=port)
        with pytest.raises(RemoteError, match="is inactive: it is not what runs it; nothing was stopped"):
            restart(remote, Hands())
    assert script.asked == []


@pytest.mark.parametrize(
    ("by", "body", "wanted"),
    [
        (UNIT, "echo LoadState=not-found", "systemd has loaded no such unit"),
        (IMA, "echo 'Error: no such object: \"IMA\"' >&2; exit 125", "exit 125: Error: no such object"),
        (IMA, "echo '[]'", "the answer is"),
        (IMA, "exec no-such-program", "podman inspect IMA: exit 127"),
    ],
    ids=["no unit", "no container", "no answer", "no engine"],
)
def test_a_manager_that_knows_no_such_server_stops_nothing(
    tools: Path, by: BySystemd | ByContainer, body: str, wanted: str
) -> None:
    recording(tools, "systemctl" if by == UNIT else "podman", body)
    script = Script({f"POST {STOP}": DONE})
    with serving(script) as port:
        remote = at(tools, restart_by=by, port=port)
        with pytest.raises(RemoteError, match=wanted) as caught:
            restart(remote, Hands())
    assert "on the node: " in caught.value.remedy
    assert script.asked == []


def test_a_stop_that_is_refused_starts_nothing(tools: Path) -> None:
    managing(tools, UNIT, "1")
    with serving(Script({f"POST {STOP}": (500, b"")})) as port:
        remote = at(tools, restart_by=UNIT, port=port)
        with pytest.raises(OperatorError, match="500"):
            restart(remote, Hands())
    assert verbs(tools) == ["show"]


@MANAGED
def test_the_wait_for_the_end_says_what_it_sees_and_how_long_it_will(
    tools: Path, by: BySystemd | ByContainer
) -> None:
    managing(tools, by, "1 1 0")
    name, state = ("imaserver.service", "active") if by == UNIT else ("container IMA", "running")
    with serving(Script({f"POST {STOP}": DONE})) as port:
        told = restart(at(tools, restart_by=by, port=port), Hands())
    assert told == [
        (f"{name} is {state}", 20),
        (f"{name} is inactive", 18),
        (f"{name} is inactive", 16),
    ]


@MANAGED
def test_a_look_that_fails_after_the_stop_does_not_leave_the_server_down(
    tools: Path, by: BySystemd | ByContainer
) -> None:
    managing(tools, by, "1 1 down 0")
    with serving(Script({f"POST {STOP}": DONE})) as port:
        told = restart(at(tools, restart_by=by, port=port), Hands())
    assert "exit 255" in told[1][0] or "no such unit" in told[1][0]
    assert verbs(tools)[-1] == "start"


@MANAGED
def test_looks_that_fail_to_the_end_stop_the_line_with_the_way_to_start_it(
    tools: Path, by: BySystemd | ByContainer
) -> None:
    managing(tools, by, "1 down")
    with serving(Script({f"POST {STOP}": DONE})) as port:
        remote = at(tools, restart_by=by, port=port)
        with pytest.raises(RemoteError, match="was stopped for its restart, and may be down") as caught:
            restart(remote, Hands())
    assert "fab migrate-cluster --resume (which starts it)" in caught.value.remedy
    assert "start" not in verbs(tools)


@dataclass
class Interrupting(Hands):
    """The operator presses Ctrl-C while it sleeps."""

    def sleep(self, seconds: float) -> None:
        signal.raise_signal(signal.SIGINT)
        super().sleep(seconds)


def test_ctrl_c_between_stop_and_start_waits_for_the_start(tools: Path) -> None:
    managing(tools, UNIT, "1 1 1 0")
    with StopOnSignal(announce=lambda text: None) as stop, serving(Script({f"POST {STOP}": DONE})) as port:
        restart(at(tools, restart_by=UNIT, port=port), Interrupting())
        assert stop.requested()
    assert verbs(tools)[-1] == "start"


def test_a_unit_that_does_not_follow_the_process_is_not_stopped(tools: Path) -> None:
    """Its end would not be seen, and systemctl start would do nothing."""
    managing(tools, UNIT, "none")
    script = Script({f"POST {STOP}": DONE})
    with serving(script) as port:
        remote = at(tools, restart_by=UNIT, port=port)
        with pytest.raises(RemoteError, match=r"without a process of its own.*nothing was stopped"):
            restart(remote, Hands())
    assert script.asked == []


@MANAGED
def test_a_server_left_down_between_stop_and_start_is_started(
    tools: Path, by: BySystemd | ByContainer
) -> None:
    managing(tools, by, "0")
    assert finish_restart(at(tools, restart_by=by))
    assert verbs(tools)[-1] == "start"


@pytest.mark.parametrize("by", [UNIT, IMA, ByRest(), ByCommand(("again",))])
def test_a_server_that_is_up_or_that_no_manager_stopped_is_left_alone(tools: Path, by: RestartBy) -> None:
    managing(tools, UNIT, "1" if by == UNIT else "0")
    managing(tools, IMA, "1" if by == IMA else "0")
    (tools / "lives").write_text("1")
    assert not finish_restart(at(tools, restart_by=by))
    assert "start" not in verbs(tools)
