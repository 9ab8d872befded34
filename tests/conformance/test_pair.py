"""A pair: its sync (T7), the take-over with the new certificate, the roles that stay swapped (T8)."""

from __future__ import annotations

import pytest

from tasks.core.model import Member, Node
from tasks.effects.files import CA, CERT, KEY
from tasks.effects.looking import look_at_files
from tasks.effects.rest import Ask
from tests.conformance import sets
from tests.conformance.target import Target

STRAY = "Only_here.pem"
LEAF = sets.shared()
FILES = sets.files(LEAF, ca=LEAF.cert_pem)


@pytest.fixture(scope="module")
def pair(paired: Target) -> Member:
    return paired.pairs[0]


@pytest.fixture(scope="module")
def synced(paired: Target, pair: Member) -> tuple[Node, Node]:
    """(primary, standby) as found; new files on the primary, a stray one on the standby, which restarted."""
    primary, standby = paired.roles(pair)
    paired.disk(primary).place(FILES)
    disk = paired.disk(standby)
    disk.put((disk.keystore / STRAY, b"stray\n"))
    paired.load(standby)
    assert paired.roles(pair) == (primary, standby)
    return primary, standby


def test_a_pair_is_one_member_with_one_uid(paired: Target, pair: Member) -> None:
    primary, standby = paired.roles(pair)
    seen = [paired.status(node) for node in (primary, standby)]
    assert len({status.server.uid for status in seen if status is not None}) == 1
    assert [status.cluster.status for status in seen if status is not None] == ["Active", "Standby"]
    paired.expect(paired.together)
    remotes = paired.site.admin(paired.singles[0]).remotes() or ()
    assert "Pair" in {remote.ha_status for remote in remotes}


def test_a_standby_listens_on_neither_cluster_port(paired: Target, pair: Member) -> None:
    primary, standby = paired.roles(pair)
    for port in (paired.control, paired.messaging):
        assert not paired.listens(standby, port(standby))
        assert paired.listens(primary, port(primary))


def test_a_standby_monitors_nothing(paired: Target, pair: Member) -> None:
    _, standby = paired.roles(pair)
    ask = Ask("GET", "monitor/Cluster")
    answer = paired.exchange(standby, ask, authorization=paired.authorization(standby))
    assert (answer.status, b"CWLNA0130" in answer.body) == (503, True)


def test_a_joining_standby_takes_the_primarys_whole_tree(paired: Target, synced: tuple[Node, Node]) -> None:
    here, there = (look_at_files(paired.site.remote(node)) for node in synced)
    assert STRAY not in there.others
    assert set(there.others) == set(here.others)
    for name in (KEY, CERT, CA):
        assert there.files[name].sha256 == here.files[name].sha256
        assert there.files[name].readable


def test_a_standbys_restart_leaves_the_counts_and_the_roles(
    paired: Target, pair: Member, synced: tuple[Node, Node]
) -> None:
    assert paired.roles(pair) == synced
    paired.expect(paired.together)
    assert paired.wire(synced[0]).leaf == paired.builtin


def test_the_standby_takes_over_with_the_new_certificate_and_the_roles_stay_swapped(
    paired: Target, pair: Member, synced: tuple[Node, Node]
) -> None:
    primary, standby = synced
    single = paired.singles[0]
    paired.disk(single).place(FILES)
    paired.load(primary)
    assert paired.roles(pair) == (standby, primary)
    assert paired.served(standby) == LEAF.fingerprint
    paired.expect(paired.halves([pair.name]), firmly=True)
    paired.load(single)
    paired.expect(paired.halves([pair.name, single.name]))
