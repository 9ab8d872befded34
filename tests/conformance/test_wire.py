"""What a visitor of the cluster ports is shown, and told."""

from __future__ import annotations

import pytest

from tests.conformance import sets
from tests.conformance.handshake import OPEN, Client, visit
from tests.conformance.target import Target
from tests.lab.pems import Kind, issue

ROOT = issue(Kind(name="conformance root", authority=True))
LEAF = issue(Kind(name="conformance"), by=ROOT)
CONNECTION_LOG = "imaserver-connection.log"


@pytest.fixture(scope="module", autouse=True)
def _loaded(target: Target) -> None:
    """A runs with a leaf under a CA of its own."""
    node = target.singles[0]
    target.disk(node).place(sets.files(LEAF, ca=ROOT.cert_pem))
    target.load(node)


def visited(target: Target, client: Client) -> str:
    node = target.singles[0]
    sock = target.dial(node, target.control(node))
    return visit(sock, client, limit_s=node.limits.rest_s, open_s=node.limits.settle_s)


def test_both_ports_show_the_certificate_and_the_ca_to_anybody(target: Target) -> None:
    node = target.singles[0]
    for address in (target.control(node), target.messaging(node)):
        seen = target.wire(node, address)
        assert seen.leaf.sha256.lower() == LEAF.fingerprint
        assert seen.client_cas == (ROOT.certificate.subject.rfc4514_string(),)


def test_a_member_on_the_builtin_pair_names_no_acceptable_ca(target: Target) -> None:
    seen = target.wire(target.singles[1])
    assert (seen.leaf, seen.client_cas) == (target.builtin, ())


@pytest.mark.parametrize(
    ("client", "told"),
    [
        pytest.param(Client(LEAF), OPEN, id="trusted"),
        pytest.param(Client(LEAF, tls12=True), OPEN, id="trusted, TLS 1.2"),
        pytest.param(Client(sets.shared()), "alert unknown ca", id="untrusted: alert 48"),
        pytest.param(Client(), "alert certificate required", id="none: alert 116"),
        pytest.param(Client(tls12=True), "alert handshake failure", id="none, TLS 1.2: alert 40"),
    ],
)
def test_a_visitor_is_told_by_alert(target: Target, client: Client, told: str) -> None:
    assert told in visited(target, client)


def test_a_member_apart_is_inactive_to_the_others_and_they_to_it(target: Target) -> None:
    node, other = target.singles[0], target.singles[1]
    target.expect(target.halves([node.name]), firmly=True)
    apart = target.status(node)
    assert apart is not None
    seen = {one.uid: one.status for one in target.site.admin(other).remotes() or ()}
    assert seen.pop(apart.server.uid) == "Inactive"
    assert "Active" in seen.values()
    assert {one.status for one in target.site.admin(node).remotes() or ()} == {"Inactive"}


def test_a_probe_of_9105_leaves_one_line_and_of_9104_none(target: Target) -> None:
    node = target.singles[0]
    disk = target.disks[node.name]

    def lines() -> int:
        return disk.log_from(CONNECTION_LOG, 0).count("CWLNA1116")

    before = lines()
    target.wire(node, target.control(node))
    target.wire(node, target.messaging(node))
    limit_s = node.limits.rest_s
    target.until(
        lines, lambda seen: seen == before + 1, what="the line", limit_s=limit_s, hold_s=node.limits.settle_s
    )
