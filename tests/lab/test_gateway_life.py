"""One gateway's life: restarts, signals, states, the start script, and the traps in them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

from tests.lab.gateways import LabCluster, LabGateway, lab_cluster, wait
from tests.lab.pems import Kind, issue


@pytest.fixture
def alone() -> Iterator[LabGateway]:
    with lab_cluster("a", baseline_uids=("UIDgone",)) as cluster:
        cluster["a"].start()
        cluster["a"].wait_settled()
        yield cluster["a"]


@pytest.fixture
def slow() -> Iterator[LabGateway]:
    """One whose phases last long enough to be interrupted."""
    with lab_cluster("a", speed=8) as cluster:
        cluster["a"].start()
        cluster["a"].wait_settled()
        yield cluster["a"]


def ended(gateway: LabGateway) -> int:
    return gateway.processes[-1].wait(15)


def term(gateway: LabGateway) -> None:
    pid = gateway.pid()
    assert pid is not None
    os.kill(pid, signal.SIGTERM)


def sampled(cluster: LabCluster, name: str) -> list[tuple[int | None, str | None]]:
    """Every (State, Cluster.Status) that one restart shows, in order; None while REST is refused."""
    gateway, seen = cluster[name], list[tuple[int | None, str | None]]()
    gateway.post("service/restart", {"Service": "Server"})
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and (len(seen) < 4 or seen[-1] != (1, "Active")):
        shown = gateway.get_status()
        look = (shown.get("Server", {}).get("State"), shown.get("Cluster", {}).get("Status"))
        if not seen or seen[-1] != look:
            seen.append(look)
    return seen


def test_a_restart_shows_the_states_in_their_order() -> None:
    with lab_cluster("a", "b", speed=5) as cluster:
        cluster.start()
        seen = sampled(cluster, "a")
    refused = seen.index((None, None))
    assert set(seen[:refused]) == {(2, "Active"), (2, "Unavailable")}
    states = [state for state, _ in seen[refused + 1 :]]
    assert states == sorted(states, key=(4, 11, 6, 16, 1).index)
    statuses = [status for _, status in seen[refused + 1 :]]
    assert statuses == sorted(statuses, key=("Initializing", "Discover", "Active").index)
    assert "Discover" in statuses
    assert seen[-1] == (1, "Active")


def test_a_restart_is_a_new_process_with_a_new_start_time(alone: LabGateway) -> None:
    before, pid = _started_at(alone), alone.pid()
    time.sleep(1.0)
    alone.restart()
    assert alone.pid() != pid
    assert _started_at(alone) > before + 0.9
    assert alone.server()["UID"] == "UIDa"


def test_a_stop_does_not_come_back_by_itself(alone: LabGateway) -> None:
    assert alone.post("service/stop", {"Service": "Server"}).status == 200
    assert ended(alone) == 0
    assert alone.pid() is None
    assert not alone.listens(9089)


def test_a_stale_marker_of_the_start_script_leaves_a_restarted_server_down(alone: LabGateway) -> None:
    alone.write(alone.directory / "restart_inited", b"")
    alone.post("service/restart", {"Service": "Server"})
    assert ended(alone) == 0
    assert alone.pid() is None


def test_no_return_leaves_it_down_until_it_is_started(alone: LabGateway) -> None:
    alone.disturb(no_return=True)
    alone.post("service/restart", {"Service": "Server"})
    assert ended(alone) == 0
    alone.disturb()
    alone.start()
    alone.wait_settled()
    assert alone.state() == 1


def test_one_sigterm_ends_a_settled_server_and_its_start_script(alone: LabGateway) -> None:
    term(alone)
    assert ended(alone) == 0
    alone.start()
    alone.wait_settled()
    assert alone.server()["ErrorCode"] == 0


def test_the_start_script_passes_sigterm_on(alone: LabGateway) -> None:
    alone.processes[-1].terminate()
    assert ended(alone) == 0
    assert not alone.listens(9104)


def over(gateway: LabGateway) -> bool:
    """Whether its newest process has ended."""
    return gateway.processes[-1].poll() is not None


def term_twice(gateway: LabGateway) -> None:
    """The second while the first still stops it; where that was over before it was seen, once more."""
    for _ in range(5):
        term(gateway)
        wait(lambda: gateway.state() == 2 or over(gateway), "the first signal to be heard")
        if not over(gateway):
            return term(gateway)
        gateway.start()
        gateway.wait_settled()
    pytest.fail("five stops were over before they were seen")


def test_two_sigterms_in_a_row_lose_the_store_and_a_restart_heals_it(slow: LabGateway) -> None:
    term_twice(slow)
    ended(slow)
    slow.start()
    slow.wait_settled()
    shown = slow.server()
    assert (shown["State"], shown["ErrorCode"], shown["Status"]) == (9, 500, "Running")
    slow.restart()
    assert (slow.state(), slow.server()["ErrorCode"]) == (1, 0)


def test_a_restart_request_to_an_unsettled_server_is_an_unclean_kill(slow: LabGateway) -> None:
    before = slow.pid()
    slow.post("service/restart", {"Service": "Server"})
    slow.post("service/restart", {"Service": "Server"})
    wait(lambda: slow.pid() not in (None, before), "the next process")
    slow.wait_settled()
    assert slow.state() == 9


def test_maintenance_by_rest_and_its_deaf_first_sigterm(alone: LabGateway) -> None:
    before = alone.pid()
    alone.post("service/restart", {"Service": "Server", "Maintenance": "start"})
    wait(lambda: alone.pid() not in (None, before), "the next process")
    alone.wait_settled()
    assert (alone.state(), alone.server()["ErrorCode"]) == (9, 0)
    term(alone)
    time.sleep(0.5)
    assert alone.state() == 9
    term(alone)
    ended(alone)


def test_the_maintenance_disturbance_lasts_as_long_as_it_is_there(alone: LabGateway) -> None:
    alone.disturb(maintenance=True)
    alone.restart()
    assert alone.state() == 9
    alone.disturb()
    alone.restart()
    assert alone.state() == 1


def test_a_mismatched_pair_listens_on_nothing_and_ends_at_the_second_sigterm(alone: LabGateway) -> None:
    leaf = issue(Kind())
    alone.place(leaf, ca=leaf.cert_pem)
    alone.write(alone.keystore / "Cluster_key.pem", issue(Kind()).key_pem)
    _restart_into_silence(alone)
    assert "key values mismatch" in alone.log("imaserver-default.log")
    assert "error code is 187" in alone.log("imaserver-default.log")
    assert [alone.listens(port) for port in (9089, 9104, 9105)] == [False, False, False]
    term(alone)
    time.sleep(0.5)
    assert alone.pid() is not None
    term(alone)
    ended(alone)
    alone.place(leaf, ca=leaf.cert_pem)
    alone.start()
    alone.wait_settled()
    assert alone.state() == 1


@pytest.mark.parametrize("fault", ["garbage-ca", "empty-ca", "garbage-crl", "encrypted-key", "rsa-1024"])
def test_whatever_openssl_refuses_to_load_kills_the_admin_endpoint(alone: LabGateway, fault: str) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024) if fault == "rsa-1024" else None
    leaf = issue(Kind(), key=weak)
    alone.place(leaf, ca={"garbage-ca": b"garbage", "empty-ca": b""}.get(fault, leaf.cert_pem))
    if fault == "garbage-crl":
        alone.write(alone.truststore / "Cluster_crl" / "crl.pem", b"garbage")
    if fault == "encrypted-key":
        alone.write(alone.keystore / "Cluster_key.pem", leaf.encoded_key(BestAvailableEncryption(b"secret")))
    _restart_into_silence(alone)
    assert "CWLNA0911 E" in alone.log("imaserver-default.log")


def test_without_the_admin_certificate_the_cluster_ports_come_up_and_rest_does_not(alone: LabGateway) -> None:
    (alone.keystore / "AdminDefaultCert.pem").unlink()
    before = alone.pid()
    alone.post("service/restart", {"Service": "Server"})
    wait(lambda: alone.pid() not in (None, before), "the next process")
    wait(lambda: alone.listens(9104) and alone.listens(9105), "the cluster ports")
    assert not alone.listens(9089)


def test_the_gateway_ends_with_the_process_that_started_it(alone: LabGateway) -> None:
    pid = alone.pid()
    assert pid is not None
    alone.processes[-1].kill()
    alone.processes[-1].wait()
    wait(lambda: not alone.listens(9104) and not _runs(pid), "the gateway to end")


def test_a_detached_gateway_ends_with_its_warden() -> None:
    with lab_cluster("a") as cluster, subprocess.Popen(["sleep", "60"]) as warden:
        gateway = cluster["a"]
        argv = [sys.executable, "-m", "tasks.lab.supervisor", str(gateway.directory), "--detach"]
        subprocess.run([*argv, "--warden", str(warden.pid)], check=True, timeout=10)
        gateway.wait_settled()
        warden.kill()
        wait(lambda: not gateway.listens(9089) and gateway.pid("supervisor") is None, "the gateway to end")


def _restart_into_silence(gateway: LabGateway) -> None:
    before = gateway.pid()
    gateway.post("service/restart", {"Service": "Server"})
    wait(lambda: gateway.pid() not in (None, before), "the next process")
    wait(lambda: "CWLNA6120" in gateway.log("imaserver-default.log"), "the error in the log")


def _started_at(gateway: LabGateway) -> float:
    shown = gateway.server()
    return datetime.fromisoformat(shown["ServerTime"]).timestamp() - float(shown["UpTimeSeconds"])


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
