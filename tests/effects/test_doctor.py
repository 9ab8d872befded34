"""`fab doctor` on this machine and against real sshds: rows for what is there, for what is not, and no question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_ssh_private_key,
)

from tasks.core.doctor import Verdict
from tasks.core.doctor_nodes import COMMAND, REST, SSH, TCP, Reach, reach_rows
from tasks.core.errors import Refused, UsageError
from tasks.core.model import (
    Cluster,
    CommandSecret,
    EnvSecret,
    FileSecret,
    KeyringSecret,
    PromptSecret,
    SecretRef,
)
from tasks.effects.doctor import show_doctor
from tasks.effects.doctor_machine import machine_rows, runs_rows
from tasks.effects.doctor_nodes import reach_all
from tasks.effects.doctor_secrets import QuietSecrets, secret_rows
from tests.core.snapshots import cluster, single
from tests.effects.ssh.ground import Ground, free_port

AT = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ExitStack() as stack:
        yield Ground(tmp_path, stack)


def test_this_machine_is_fit() -> None:
    rows = list(machine_rows(AT))
    assert [row.check for row in rows if row.verdict is Verdict.WRONG] == []
    assert {"tool", "Python", "OpenSSL", "package", "clock"} == {row.check for row in rows}


def test_a_tool_without_its_files_says_what_it_does_not_know(tmp_path: Path) -> None:
    notes = {row.check for row in machine_rows(AT, home=tmp_path) if row.verdict is Verdict.NOTE}
    assert {"tool", "package"} <= notes


def placed(runs_dir: Path) -> Cluster:
    return replace(cluster("gw-a"), runs_dir=runs_dir)


def test_the_place_of_the_runs_is_looked_at_without_making_it(tmp_path: Path) -> None:
    row = runs_rows(placed(tmp_path / "runs" / "north"))
    assert (row.verdict, "(made by the first run): writable" in row.seen) == (Verdict.OK, True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "runs").touch()
    assert runs_rows(placed(tmp_path / "runs" / "north")).verdict is Verdict.WRONG


def asking(ref: SecretRef) -> Cluster:
    node = single("gw-a").nodes[0]
    member = replace(single("gw-a"), nodes=(replace(node, admin=replace(node.admin, password=ref)),))
    return cluster(member)


def test_secrets_are_fetched_where_nobody_has_to_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCTOR_P", "hunter2")
    private = tmp_path / "secret"
    private.touch(mode=0o600)
    private.write_text("hunter2\n")
    found = {
        type(ref).__name__: next(secret_rows([asking(ref)], QuietSecrets()))
        for ref in (
            EnvSecret("DOCTOR_P"),
            FileSecret(private),
            CommandSecret(("echo", "hunter2")),
            PromptSecret("password"),
        )
    }
    assert [row.verdict.value for row in found.values()] == ["ok", "ok", "ok", "note"]
    assert "hunter2" not in repr(found)
    missing = (EnvSecret("DOCTOR_Q"), FileSecret(tmp_path / "gone"), CommandSecret(("false",)))
    bad = [next(secret_rows([asking(ref)], QuietSecrets())) for ref in missing]
    assert [row.verdict.value for row in bad] == ["WRONG", "WRONG", "WRONG"]


def test_a_program_that_gives_a_secret_has_no_terminal_to_ask_on() -> None:
    ref = CommandSecret(("sh", "-c", 'ps -o sid= -p $$ | tr -d " "; exec 3</dev/tty'))
    with pytest.raises(UsageError, match="the program sh, wanted for a secret, ended with exit status"):
        QuietSecrets().resolve(ref)


@pytest.mark.parametrize("ref", [PromptSecret("password"), KeyringSecret("amlen", "ops")])
def test_a_secret_that_would_ask_is_not_resolved(ref: SecretRef) -> None:
    with pytest.raises(UsageError, match="is not asked for here"):
        QuietSecrets().resolve(ref)


def test_nodes_are_reached_layer_by_layer_and_all_at_once(ground: Ground) -> None:
    good, forced = ground.sshd("good"), ground.sshd("forced", extra_config=("ForceCommand exit 3",))
    stranger = ground.sshd("stranger", known=False)
    nodes = [
        ground.node(good, name="good"),
        ground.node(forced, name="forced"),
        ground.node(stranger, name="stranger"),
        ground.node(free_port(), name="down"),
        ground.node(
            good, name="prompted", key_file=_locked(ground), passphrase=PromptSecret("passphrase of ops")
        ),
        ground.node(good, name="odd", config=ground.directory / "gone"),
    ]
    seen = {each.node: each for each in reach_all(nodes, QuietSecrets())}
    assert {name: [stop.layer for stop in each.stops] for name, each in seen.items()} == {
        "good": [REST],  # no gateway runs there
        "forced": [REST],
        "stranger": [SSH],
        "down": [TCP],
        "prompted": [SSH],
        "odd": [SSH],
    }
    assert seen["good"].passed == (TCP, SSH, COMMAND)
    assert seen["good"].offset_s is not None
    assert abs(seen["good"].offset_s) < 5 + seen["good"].error_s
    assert seen["forced"].offset_s is None  # it does not say the time
    assert _verdicts(seen["prompted"]) == ["not run"]
    assert _verdicts(seen["stranger"]) == ["WRONG"]


def _locked(ground: Ground) -> Path:
    """The key that good knows, encrypted."""
    path = ground.directory / "id_locked"
    key = load_ssh_private_key(ground.key.read_bytes(), None)
    form = (Encoding.PEM, PrivateFormat.OpenSSH, BestAvailableEncryption(b"open sesame"))
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(*form))
    return path


def _verdicts(reach: Reach) -> list[str]:
    return [row.verdict.value for row in reach_rows([reach])]


def test_without_an_inventory_the_machine_is_told_and_the_exit_code_is_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refused, match="1 thing is wrong: inventory") as caught:
        show_doctor(str(tmp_path / "none.yaml"), "", json_wanted=True)
    assert caught.value.exit_code == 3
    data = json.loads(capsys.readouterr().out)
    assert data["ok"] is False
    assert {"Python", "package", "inventory", "nodes"} <= {check["check"] for check in data["checks"]}


def test_every_fault_of_a_broken_inventory_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("clusters:\n  n:\n    observr: x\n    members: {a: {hst: h}}\n")
    with pytest.raises(Refused, match="wrong: inventory"):
        show_doctor(str(path), "", json_wanted=False)
    out = capsys.readouterr().out
    assert "bad.yaml:3" in out
    assert "did you mean `observer`?" in out
    assert "bad.yaml:4" in out
