"""A pair's HA channel: who is let in, the two ways to other credentials, and its configuration by REST."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tasks.core.file_names import HA
from tasks.core.model import Member, Node
from tasks.effects.rest import Answer, Ask
from tests.conformance import sets
from tests.conformance.parting import cross, part
from tests.conformance.target import Target
from tests.lab.pems import Issued, Kind, issue

# Two subjects: of two self-signed certificates of one subject in a CA file OpenSSL may try the wrong one.
OLD, NEW = (issue(Kind(name=f"{sets.NAME} {name}")) for name in ("old", "new"))
BOTH = OLD.cert_pem + NEW.cert_pem


@pytest.fixture(scope="module")
def pair(paired: Target) -> Member:
    return paired.pairs[0]


def exchange(target: Target, node: Node, ask: Ask) -> Answer:
    return target.exchange(node, ask, authorization=target.authorization(node))


def configured(target: Target, node: Node) -> Mapping[str, Any]:
    answer = exchange(target, node, Ask("GET", "configuration/HighAvailability"))
    found: Mapping[str, Any] = json.loads(answer.body)["HighAvailability"]
    return found


def files(leaf: Issued, *, ca: bytes) -> sets.Files:
    return {HA.ca: ca, HA.cert: leaf.cert_pem, HA.key: leaf.key_pem}


# The configuration: every one of these is refused, and nothing is changed.


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        pytest.param("Enabled", True, "CWLNA0138", id="no such key"),
        pytest.param("EnableHA", "true", "CWLNA0127", id="text for a boolean"),
        pytest.param("StartupMode", "Standalone", "CWLNA0112", id="no startup mode"),
    ],
)
def test_a_bad_configuration_is_refused_whole_on_either_node(
    paired: Target, pair: Member, key: str, value: object, code: str
) -> None:
    for node in paired.roles(pair):
        before = configured(paired, node)
        assert before["EnableHA"] is True
        change = {
            "HighAvailability": {"PreferredPrimary": not before.get("PreferredPrimary", False), key: value}
        }
        answer = exchange(paired, node, Ask("POST", "configuration", json.dumps(change).encode()))
        assert (answer.status, json.loads(answer.body)["Code"]) == (400, code)
        assert configured(paired, node) == before


# The credentials. OLD and NEW are a user's sets, found is what was there at first.


@pytest.fixture(scope="module")
def secured(paired: Target, pair: Member) -> Iterator[Member]:
    """The pair, where its channel is TLS; and back to the files as found."""
    if not all(configured(paired, node).get("UseSecuredConnections") for node in pair.nodes):
        pytest.skip(f"the HA channel of {pair.name} is clear text: UseSecuredConnections is not true")
    yield pair
    paired.restore()


@pytest.fixture(scope="module")
def on_old(paired: Target, secured: Member) -> Member:
    """The documented way from the files as found to OLD; its middle is checked on the way."""
    primary, standby = paired.roles(secured)
    for node in (primary, standby):
        paired.disk(node).place(files(OLD, ca=OLD.cert_pem))
    paired.other_ha.append(secured)
    assert cross(paired, secured) == (primary, standby)
    return secured


def test_the_documented_way_keeps_the_roles(paired: Target, on_old: Member) -> None:
    primary, standby = paired.roles(on_old)
    for node in (primary, standby):
        assert paired.disks[node.name].sha256(HA.cert) == hashlib.sha256(OLD.cert_pem).hexdigest()


def test_a_standby_that_cannot_join_keeps_its_files_until_the_primary_has_them_too(
    paired: Target, on_old: Member
) -> None:
    """Trust in one direction is not enough: the standby trusts both sets, the primary only the old one."""
    primary, standby = paired.roles(on_old)
    paired.disk(standby).place(files(NEW, ca=BOTH))
    assert part(paired, on_old) == (primary, standby)
    kept = {name: paired.disks[standby.name].sha256(name) for name in HA.in_order}
    assert kept[HA.cert] == hashlib.sha256(NEW.cert_pem).hexdigest()
    assert kept[HA.ca] == hashlib.sha256(BOTH).hexdigest()
    paired.disk(primary).place(files(NEW, ca=BOTH))
    paired.load(primary)
    assert paired.roles(on_old) == (primary, standby)
    for leaf, ca in ((OLD, BOTH), (OLD, OLD.cert_pem)):  # and back
        overlap(paired, on_old, files(leaf, ca=ca))


def overlap(target: Target, pair: Member, round_files: sets.Files) -> None:
    """One round: the files on both nodes, for a store reads them before it is synchronized; then a roll."""
    primary, standby = target.roles(pair)
    target.place({primary: round_files, standby: round_files})
    target.roll(pair)
    assert target.roles(pair) == (standby, primary)


def test_three_rounds_with_overlapping_trust_never_part_the_pair(paired: Target, on_old: Member) -> None:
    """And two more back, so that the roles are what they were."""
    for leaf, ca in ((OLD, BOTH), (NEW, BOTH), (NEW, NEW.cert_pem), (NEW, BOTH), (OLD, BOTH)):
        overlap(paired, on_old, files(leaf, ca=ca))
    paired.expect(paired.together)
    for node in on_old.nodes:
        assert paired.disks[node.name].sha256(HA.cert) == hashlib.sha256(OLD.cert_pem).hexdigest()
