"""What a test asks of two simulated gateways that are a pair, or are to become one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab.gateways import LabCluster, LabGateway, lab_cluster, wait
from tests.lab.pems import Issued

SECURED = {"UseSecuredConnections": True, "RequireCertificates": True}
HA_PORT = 9086
IN_SYNC = (2, 2, -1)


def standing(gateway: LabGateway) -> tuple[object, ...]:
    """(NewRole, ActiveNodes, SyncNodes, PctSyncCompletion)"""
    shown = gateway.availability()
    return tuple(shown.get(key) for key in ("NewRole", "ActiveNodes", "SyncNodes", "PctSyncCompletion"))


def wait_synced(cluster: LabCluster, *names: str, primary: str | None = None) -> None:
    """Until both show it; of the two, `primary` leads if it is named."""
    first, second = names or ("d1", "d2")
    leads = {("PRIMARY", *IN_SYNC), ("STANDBY", *IN_SYNC)}
    wait(
        lambda: {standing(cluster[first]), standing(cluster[second])} == leads,
        f"the pair to be in sync, last seen: {[standing(cluster[name]) for name in (first, second)]}",
    )
    if primary is not None:
        assert standing(cluster[primary])[0] == "PRIMARY"


def wait_refused(gateway: LabGateway, reason: int, detail: str = "") -> None:
    """Until it has given up for this reason, in maintenance."""
    gateway.wait_settled()
    shown, server = gateway.availability(), gateway.server()
    seen = (server["State"], server["ErrorCode"], shown["NewRole"], shown["ReasonCode"])
    assert seen == (9, 509, "UNSYNC_ERROR", reason)
    assert shown["ReasonString"].startswith(f"{detail} - ")


def place_ha(gateway: LabGateway, leaf: Issued, *, ca: bytes | None, key: bytes | None = None) -> None:
    """Put HA credentials in place; nothing is read before the next start."""
    if ca is not None:
        gateway.write(gateway.truststore / "HA_cafile.pem", ca)
    gateway.write(gateway.keystore / "HA_cert.pem", leaf.cert_pem)
    gateway.write(gateway.keystore / "HA_key.pem", key or leaf.key_pem)


def enable(gateway: LabGateway, peer: LabGateway, **changes: Any) -> None:
    """Make it a node of a pair by REST; in force with its next start."""
    change = {
        "EnableHA": True,
        "Group": "g",
        "RemoteDiscoveryNIC": peer.settings.address,
        "LocalReplicationNIC": gateway.settings.address,
        "LocalDiscoveryNIC": gateway.settings.address,
        **changes,
    }
    done = gateway.post("configuration", {"HighAvailability": change})
    assert (done.status, done.body["Code"]) == (200, "CWLNA6011")


def ask_restart(*gateways: LabGateway) -> None:
    """Ask all, and wait until each has a new process."""
    before = [gateway.pid() for gateway in gateways]
    for gateway in gateways:
        assert gateway.post("service/restart", {"Service": "Server"}).status == 200
    for gateway, pid in zip(gateways, before, strict=True):
        name = gateway.settings.name
        wait(lambda one=gateway, old=pid: one.pid() not in (None, old), f"{name} to start")  # type: ignore[misc]


@contextmanager
def pair_apart_from_clusters(*, speed: float = 40.0, **availability: Any) -> Iterator[LabCluster]:
    """Two nodes that were built as a pair, and are no members; nothing runs yet."""
    with lab_cluster(("d1", "d2"), speed=speed, membership={}, availability=availability) as cluster:
        yield cluster


def start(cluster: LabCluster) -> None:
    for gateway in cluster.gateways.values():
        gateway.start()
