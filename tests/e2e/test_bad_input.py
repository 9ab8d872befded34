"""What bad input gets: the right exit code, a remedy, and nodes on which nothing has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tasks.core.issuing import Subject, shared_self_signed
from tasks.effects.credential_writing import write_shared_set
from tasks.lab.faults import break_node, mend
from tasks.lab.health import not_formed
from tasks.lab.keys import make_key_pem, make_ssh_key
from tests.e2e.labs import FAB, Ran, Rig
from tests.e2e.sights import eventually, leftovers
from tests.e2e.test_consent import untouched


@contextmanager
def broken(rig: Rig, **faults: str) -> Iterator[None]:
    """Faults by node ("gw_a"), taken back at the end."""
    nodes = {name.replace("_", "-"): fault for name, fault in faults.items()}
    for node, fault in nodes.items():
        break_node(rig.lab.directory, node, fault)
    try:
        yield
    finally:
        for node in nodes:
            mend(rig.lab.directory, node)
        assert eventually(lambda: not_formed(rig.lab) is None)


def _refused(rig: Rig, *args: str, inventory: Path | None = None) -> Ran:
    """What a migration says that must not begin: no run, no file, no restart."""
    before = rig.runs
    with untouched(rig):
        ran = rig.migrate(*args, inventory=inventory)
    assert rig.runs == before
    assert leftovers(rig.lab) == ()
    assert "Traceback" not in ran.stderr
    return ran


def _says(ran: Ran, code: int, *texts: str) -> None:
    assert ran.code == code, ran.stderr
    for text in texts:
        assert text in ran.stderr, ran.stderr


def _with(rig: Rig, name: str, section: str, **values: Any) -> Path:
    """The inventory with other values in one section of its defaults."""
    return rig.changed_inventory(name, lambda document: document["defaults"][section].update(values))


def test_a_missing_inventory_is_named(quiet: Rig) -> None:
    missing = quiet.lab.directory / "absent.yaml"
    _says(_refused(quiet, inventory=missing), 2, f"no inventory at {missing}", "-> give --inventory FILE")


def test_every_fault_of_a_malformed_inventory_is_named_with_its_line(quiet: Rig) -> None:
    bad = quiet.lab.directory / "bad.yaml"
    lines = quiet.inventory.read_text().splitlines()
    lines += ["  other:", "    members:", "      x: {host: h, admin: {prot: 9, password: hunter2}}"]
    bad.write_text("\n".join(lines) + "\n")
    ran = _refused(quiet, "--cluster", "rehearsal", inventory=bad)
    place = f"bad.yaml:{len(lines)}"
    _says(
        ran, 2, f"{place} clusters.other.members.x.admin.prot", f"{place} clusters.other.members.x.admin.pass"
    )
    assert "port" in ran.stderr  # the nearest known key
    assert "hunter2" not in ran.stderr


def test_an_unknown_cluster_is_answered_with_the_known_ones(quiet: Rig) -> None:
    _says(_refused(quiet, "--cluster", "nowhere"), 2, "nowhere", "rehearsal")


def test_an_unknown_observer_is_answered_with_the_members(quiet: Rig) -> None:
    _says(_refused(quiet, "--observer", "gw-z"), 2, "--observer gw-z is no member", "-> one of: gw-a, gw-b")


def test_fabric_s_own_host_option_is_refused(quiet: Rig) -> None:
    with untouched(quiet):
        argv = quiet.argv("migrate-cluster", "--yes")
        ran = quiet.run((str(FAB), "-H", "gw-a,gw-b", *argv[1:]))
    _says(ran, 2, "-H/--hosts is not for these tasks", "-> name the cluster instead")


def test_an_unreachable_host_is_named(quiet: Rig) -> None:
    with broken(quiet, gw_b="ssh-down"):
        ran = _refused(quiet)
    _says(ran, 3, "ERROR ssh: [gw-b]", "Connection refused", "nothing was changed: ssh")


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        pytest.param("wrong", ("ERROR ssh: [gw-a]", "ssh-keygen"), id="wrong"),
        pytest.param("unknown", ("ERROR ssh: [gw-a]", "ssh-keyscan", "SHA256:"), id="unknown"),
    ],
)
def test_a_host_key_that_is_not_the_known_one_is_refused(
    quiet: Rig, kind: str, texts: tuple[str, ...]
) -> None:
    known = (quiet.lab.directory / "known_hosts").read_text().splitlines()
    address = quiet.lab.node("gw-a").address
    (mine,) = [line for line in known if address in line]
    others = [line for line in known if line != mine]
    if kind == "wrong":
        others.append(f"{mine.split()[0]} {make_ssh_key(quiet.home / 'another')}")
    path = quiet.lab.directory / f"known_{kind}"
    path.write_text("".join(f"{line}\n" for line in others))
    ran = _refused(quiet, inventory=_with(quiet, f"{kind}-key", "ssh", known_hosts=path.name))
    _says(ran, 3, *texts, "nothing was changed: ssh")


def test_a_wrong_admin_password_is_told_without_it(quiet: Rig) -> None:
    path = quiet.lab.directory / "wrong-password"
    path.write_text("not-the-password\n")
    path.chmod(0o600)
    ran = _refused(quiet, inventory=_with(quiet, "wrong-pw", "admin", password={"file": path.name}))
    _says(ran, 3, "ERROR rest: [gw-a]", "HTTP 401", "-> admin.user and admin.password", "nothing was changed")
    assert "not-the-password" not in ran.stderr


@pytest.mark.parametrize(
    ("faults", "texts"),
    [
        pytest.param(("rest-status", "rest-garbage"), ("HTTP 500", "JSON"), id="500-and-garbage"),
        pytest.param(("rest-hang", "rest-half-body"), ("no complete answer within 1 s", ""), id="hanging"),
    ],
)
def test_admin_endpoints_out_of_order_are_described(
    quiet: Rig, faults: tuple[str, str], texts: tuple[str, str]
) -> None:
    inventory = _with(quiet, "impatient", "limits", rest_s=1)
    with broken(quiet, gw_a=faults[0], gw_b=faults[1]):
        ran = _refused(quiet, inventory=inventory)
    _says(ran, 3, "2 errors, nothing was changed: rest", "-> mend what is listed above")
    for node, text in zip(("gw-a", "gw-b"), texts, strict=True):
        (line,) = [line for line in ran.stderr.splitlines() if f"ERROR rest: [{node}]" in line]
        assert text in line


def test_a_cluster_that_is_not_whole_is_not_touched(quiet: Rig) -> None:
    with broken(quiet, gw_b="gateway-down"):
        assert eventually(lambda: "0/1" in (not_formed(quiet.lab) or ""))
        ran = _refused(quiet)
    _says(ran, 3, "ERROR rest: [gw-b]", "ERROR counts: [gw-a] connected/disconnected is 0/1, wanted 1/0")


Spoil = Callable[[Path], None]


def _mismatched(folder: Path) -> None:
    (folder / "Cluster_key.pem").write_bytes(make_key_pem())


def _encrypted(folder: Path) -> None:
    path = folder / "Cluster_key.pem"
    key = load_pem_private_key(path.read_bytes(), password=None)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase"))
    )


def _without_ca(folder: Path) -> None:
    (folder / "Cluster_cafile.pem").unlink()


def _expired(folder: Path) -> None:
    then = datetime.now(UTC) - timedelta(days=90)
    write_shared_set(folder, shared_self_signed(Subject("Old"), days=30, now=then), force=True)


@pytest.mark.parametrize(
    ("spoils", "names"),
    [
        pytest.param((_mismatched, _encrypted), ("key-mismatch", "key-encrypted"), id="mismatched-encrypted"),
        pytest.param((_without_ca, _expired), ("ca-missing", "expired"), id="no-ca-file-expired"),
        pytest.param((shutil.rmtree, shutil.rmtree), ("credentials-missing",), id="no-sets"),
    ],
)
def test_credential_sets_that_no_server_would_take_are_refused(
    quiet: Rig, spoils: tuple[Spoil, Spoil], names: tuple[str, ...]
) -> None:
    folder = quiet.lab.directory / f"spoilt-{names[0]}"
    for member, spoil in zip(("gw-a", "gw-b"), spoils, strict=True):
        shutil.copytree(quiet.credentials, folder / member)
        spoil(folder / member)

    def point(document: dict[str, Any]) -> None:
        document["clusters"]["rehearsal"]["credentials"] = folder.name

    ran = _refused(quiet, inventory=quiet.changed_inventory(f"with-{names[0]}", point))
    _says(
        ran, 3, *(f"ERROR {name}: " for name in names), "nothing was changed", "-> mend what is listed above"
    )


def test_without_any_of_this_the_same_migration_would_begin(quiet: Rig) -> None:
    with untouched(quiet):
        ran = quiet.fab("migrate-cluster")
    _says(ran, 2, "no terminal to confirm the plan")


def test_a_doctor_finds_nothing_wrong_with_a_lab_and_asks_nobody(quiet: Rig) -> None:
    with untouched(quiet):
        ran = quiet.fab("doctor", "--json").ok()
    data = json.loads(ran.stdout)
    found = {(check["check"], check["on"]): check["seen"] for check in data["checks"]}
    assert data["ok"] is True
    assert found["reach", "gw-a"] == "TCP, SSH, command, REST via tunnel"
    assert found["clock", "gw-b"] == "within 60 s of this machine's"
    assert {"known_hosts", "SSH login", "secret", "runs", "inventory"} <= {check for check, _ in found}


def test_a_doctor_names_the_layer_of_each_node_that_fails(quiet: Rig) -> None:
    def ask_for_it(document: dict[str, Any]) -> None:
        document["clusters"]["rehearsal"]["members"]["gw-c"] = {"host": "127.0.0.1", "ssh": {"port": 1}}
        document["clusters"]["rehearsal"]["members"]["gw-b"]["admin"] = {"password": "prompt"}

    changed = quiet.changed_inventory("doctored", ask_for_it)
    with broken(quiet, gw_a="rest-status"):
        ran = quiet.fab("doctor", "--json", inventory=changed)
    _says(ran, 3, "wrong: known_hosts, reach\n  -> mend what is listed above, then: fab doctor")
    checks = json.loads(ran.stdout)["checks"]
    bad = {c["on"]: c["seen"] for c in checks if c["check"] == "reach" and c["verdict"] != "ok"}
    assert bad["gw-a"].startswith("REST: ")
    assert bad["gw-b"].startswith("REST: ")
    assert "is not asked for here" in bad["gw-b"]
    assert bad["gw-c"].startswith("TCP: TCP connect to 127.0.0.1:1")
    assert ("clock", "gw-c", "not run") in {(c["check"], c["on"], c["verdict"]) for c in checks}
