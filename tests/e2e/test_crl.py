"""`fab credentials.crl` on a lab: made, placed with a kill on the way, loaded by a restart, and taken off again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGKILL

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tasks.core.file_names import CLUSTER
from tasks.core.issuing import Subject, new_ca
from tasks.core.revocation import next_list, parse_list
from tasks.effects.list_files import write_list
from tasks.lab.layout import LabNode
from tests.e2e.labs import Rig, begun, rigged, small, start_anew
from tests.e2e.sights import backups, connected, eventually, leftovers, processes, rest
from tests.e2e.test_consent import untouched
from tests.lab.handshakes import probe
from tests.lab.pems import Issued

TASK = "credentials.crl"
TOLD_APART_S = 2  # uptimes and times of files are whole seconds: which came first is not seen sooner


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two members, each running on its leaf of one CA."""
    with rigged(tmp_path_factory.mktemp("crl"), small(), credentials="ca") as made:
        for node in made.lab.nodes:
            own = made.credentials / node.member
            for name, home in (
                (CLUSTER.ca, "truststore"),
                (CLUSTER.cert, "keystore"),
                (CLUSTER.key, "keystore"),
            ):
                put(own / name, node.certificates / home / name)
        start_anew(made)
        assert eventually(lambda: all(lived_s(made, node) >= TOLD_APART_S for node in made.lab.nodes))
        yield made


def lived_s(rig: Rig, node: LabNode) -> int:
    uptime_s: int = rest(rig.lab, node)["Server"]["UpTimeSeconds"]
    return uptime_s


def put(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
    target.chmod(0o600)
    owner = target.parent.stat()
    os.chown(target, owner.st_uid, owner.st_gid)


def on(node: LabNode) -> Path:
    return node.certificates / "truststore" / CLUSTER.crl


def accepts(rig: Rig, node: str, *, client: str) -> str:
    """What the running process of the node makes of a client with this member's leaf: "open", or the reason."""
    folder = rig.credentials / client
    key = load_pem_private_key((folder / CLUSTER.key).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issued = Issued(x509.load_pem_x509_certificate((folder / CLUSTER.cert).read_bytes()), key)
    return probe((rig.lab.node(node).address, rig.lab.ports.control), client=issued).outcome


def test_a_list_of_another_ca_is_not_placed(rig: Rig) -> None:
    now = datetime.now(UTC)
    foreign = next_list(
        new_ca(Subject("another CA"), days=9, now=now), before=None, add=(), drop=(), days=30, now=now
    )
    write_list(rig.credentials / CLUSTER.crl, foreign.pem())
    with untouched(rig):
        refused = rig.fab(TASK, "--place", "--yes")
    assert (refused.code, "ERROR crl-unknown-issuer: [gw-a, gw-b]" in refused.stderr) == (3, True)
    (rig.credentials / CLUSTER.crl).unlink()
    absent = rig.fab(TASK, "--place", "--yes")
    assert (absent.code, "there is no list to place" in absent.stderr) == (2, True)


def test_a_revoked_member_is_refused_where_it_dials_and_shown_connected_all_the_same(rig: Rig) -> None:
    before = processes(rig.lab)
    with begun(rig, "--revoke", "gw-b", "--place", "--yes", task=TASK) as going:
        going.until("done", "place-crl:gw-a")
        going.signalled(SIGKILL)
    made = (rig.credentials / CLUSTER.crl).read_bytes()
    assert len(parse_list(made).revoked) == 1
    renewing = rig.fab(TASK)
    assert (renewing.code, f"fab {TASK} --resume" in renewing.stderr) == (3, True)
    rig.fab(TASK, "--resume").ok()
    assert [on(node).read_bytes() for node in rig.lab.nodes] == [made, made]
    assert leftovers(rig.lab) == ()
    assert set(backups(rig.lab).values()) == {("Cluster_crl.pem.absent", "complete")}
    assert processes(rig.lab) == before
    assert accepts(rig, "gw-a", client="gw-b") == "open"  # nothing is loaded yet
    ran = rig.fab("restart", "gw-a", "--yes").ok()
    assert "Cluster_crl/crl.pem of gw-a was written after its process started" in ran.stdout
    assert "revoked" in accepts(rig, "gw-a", client="gw-b")
    assert accepts(rig, "gw-b", client="gw-a") == "open"
    assert [connected(rig.lab, name) for name in before] == [1, 1]
    shown = rig.fab("status").ok().stdout
    assert "WARNING crl-revokes-member: [gw-a, gw-b]" in shown
    assert "still dialed by the others, and shown connected (T12)" in shown


def test_what_lies_there_is_nothing_to_do_and_is_taken_off_again(rig: Rig) -> None:
    assert "nothing to do" in rig.fab(TASK, "--place", "--yes").ok().stdout
    ran = rig.fab(TASK, "--remove", "--yes").ok()
    assert "fab restart gw-a, fab restart gw-b" in ran.stdout
    assert [on(node).parent.exists() for node in rig.lab.nodes] == [False, False]
    assert all("Cluster_crl.pem" in names for names in backups(rig.lab).values())
    assert "revoked" in accepts(rig, "gw-a", client="gw-b")  # what is loaded stays so
    assert "crl" not in rig.fab("status").ok().stdout
