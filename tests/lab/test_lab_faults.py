"""Faults come and go, and nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.lab.accounts import service_account
from tasks.lab.disturbances import DISTURBANCES
from tasks.lab.faults import FAULTS, break_node, broken, mend
from tasks.lab.health import LabNodeStatus, status
from tasks.lab.layout import Lab
from tests.lab.stub_lab import eventually, stub_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with stub_lab(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.fixture
def credentials(lab: Lab) -> Iterator[tuple[Path, Path]]:
    """The CA file and the key of gw-a, as a migration would leave them."""
    folder = lab.nodes[0].certificates
    ca, key = folder / "truststore" / "Cluster_cafile.pem", folder / "keystore" / "Cluster_key.pem"
    for path in (ca, key):
        path.write_text(f"the right {path.name}")
        path.chmod(0o600)
    yield ca, key
    mend(lab.directory, "gw-a")
    for path in (ca, key):
        path.unlink(missing_ok=True)


def _node(lab: Lab) -> LabNodeStatus:
    return status(lab.directory).nodes[0]


def test_a_missing_ca_file_comes_back_as_it_was(lab: Lab, credentials: tuple[Path, Path]) -> None:
    ca, _ = credentials
    before = (ca.read_text(), ca.stat().st_mode)
    break_node(lab.directory, "gw-a", "ca-missing")
    assert not ca.exists()
    assert mend(lab.directory, "gw-a", "ca-missing") == ("ca-missing",)
    assert (ca.read_text(), ca.stat().st_mode) == before


def test_a_swapped_key_comes_back(lab: Lab, credentials: tuple[Path, Path]) -> None:
    _, key = credentials
    break_node(lab.directory, "gw-a", "key-mismatch")
    assert "PRIVATE KEY" in key.read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    mend(lab.directory, "gw-a")
    assert key.read_text() == "the right Cluster_key.pem"


def test_a_key_that_was_replaced_since_then_is_left_alone(lab: Lab, credentials: tuple[Path, Path]) -> None:
    _, key = credentials
    break_node(lab.directory, "gw-a", "key-mismatch")
    key.write_text("a newer one")
    mend(lab.directory, "gw-a", "key-mismatch")
    assert key.read_text() == "a newer one"
    assert broken(lab.directory, "gw-a") == ()


def test_a_key_without_rights_gets_them_back(lab: Lab, credentials: tuple[Path, Path]) -> None:
    _, key = credentials
    break_node(lab.directory, "gw-a", "key-mode")
    assert key.stat().st_mode & 0o777 == 0
    mend(lab.directory, "gw-a", "key-mode")
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_key_of_root_is_given_back_and_without_root_refused(
    lab: Lab, credentials: tuple[Path, Path]
) -> None:
    _, key = credentials
    account = service_account()
    if account is None:
        with pytest.raises(UsageError, match="only root can give a file to another user"):
            break_node(lab.directory, "gw-a", "key-owner")
        return
    break_node(lab.directory, "gw-a", "key-owner")
    assert key.stat().st_uid == 0
    mend(lab.directory, "gw-a", "key-owner")
    assert (key.stat().st_uid, key.stat().st_gid) == account


def test_a_file_fault_needs_the_file(lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"\[gw-a\] there is no Cluster_key\.pem yet"):
        break_node(lab.directory, "gw-a", "key-mismatch")
    assert broken(lab.directory, "gw-a") == ()


def test_sshd_goes_down_and_comes_back(lab: Lab) -> None:
    break_node(lab.directory, "gw-a", "ssh-down")
    assert not _node(lab).sshd_answers
    assert broken(lab.directory, "gw-a") == ("ssh-down",)
    mend(lab.directory, "gw-a")
    assert _node(lab).sshd_answers


def test_forwarding_is_forbidden_and_allowed_again(lab: Lab) -> None:
    config = lab.nodes[0].sshd_dir / "sshd_config"
    before = _node(lab).sshd_pid
    break_node(lab.directory, "gw-a", "ssh-no-forwarding")
    assert "AllowTcpForwarding no" in config.read_text()
    assert _node(lab).sshd_answers
    assert _node(lab).sshd_pid != before
    mend(lab.directory, "gw-a")
    assert "AllowTcpForwarding yes" in config.read_text()
    assert "AllowTcpForwarding no" not in config.read_text()


def test_a_gateway_that_is_down_comes_back_when_mended(lab: Lab) -> None:
    break_node(lab.directory, "gw-a", "gateway-down")
    assert not _node(lab).gateway_alive
    mend(lab.directory, "gw-a")
    assert eventually(lambda: _node(lab).gateway_alive)


def test_disturbances_are_written_where_the_gateway_reads_them(lab: Lab) -> None:
    path = lab.nodes[0].directory / "faults.json"
    break_node(lab.directory, "gw-a", "rest-status", value=503)
    break_node(lab.directory, "gw-a", "fallback")
    assert json.loads(path.read_text()) == {"rest_status": 503, "fallback": True}
    assert broken(lab.directory, "gw-a") == ("fallback", "rest-status")
    mend(lab.directory, "gw-a", "rest-status")
    assert json.loads(path.read_text()) == {"fallback": True}
    mend(lab.directory, "gw-a")
    assert json.loads(path.read_text()) == {}


def test_an_unknown_fault_or_node_is_refused_with_the_known_ones(lab: Lab) -> None:
    with pytest.raises(UsageError, match="earthquake is no fault of the lab") as refused:
        break_node(lab.directory, "gw-a", "earthquake")
    assert "ssh-down" in refused.value.remedy
    with pytest.raises(UsageError, match="gw-z is no node of the lab") as refused:
        break_node(lab.directory, "gw-z", "ssh-down")
    assert "gw-a" in refused.value.remedy


def test_every_fault_has_a_sentence_and_every_disturbance_is_one_of_them() -> None:
    assert all(FAULTS.values())
    assert {name.replace("_", "-") for name in DISTURBANCES} < set(FAULTS)
