"""What a configuration step sends: only what the node has otherwise, by type as well as by value."""

from __future__ import annotations

import pytest

from tasks.core.errors import RemoteError
from tasks.core.formation import plan_creation
from tasks.core.plan import Value
from tasks.effects.configuring import configure, differing
from tasks.effects.rest import RestRejected
from tests.core.certs import SHARED
from tests.core.formations import addressed, unformed
from tests.core.snapshots import pair
from tests.effects.servers import FakeAdmin, FakeClock, run_of, step_of

SEEN = {"ControlPort": 9104, "ClusterName": "", "ControlAddress": None, "RequireCertificates": True}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"ControlPort": 9104}, id="number"),
        pytest.param({"ClusterName": None}, id="empty is unset"),
        pytest.param({"ControlAddress": ""}, id="null is unset"),
        pytest.param({"ControlExternalAddress": None}, id="absent is unset"),
        pytest.param({"RequireCertificates": True}, id="boolean"),
    ],
)
def test_what_the_node_has_is_not_sent(wanted: dict[str, Value]) -> None:
    assert differing(SEEN, wanted) == {}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"ControlPort": 9204}, id="number"),
        pytest.param({"ClusterName": "MyCluster"}, id="text for nothing"),
        pytest.param({"RequireCertificates": False}, id="boolean"),
        pytest.param({"RequireCertificates": 1}, id="a number is no boolean"),
        pytest.param({"RequireCertificates": None}, id="nothing for a boolean"),
        pytest.param({"CertificatesRequired": True}, id="a key it does not have"),
    ],
)
def test_what_the_node_has_otherwise_is_sent(wanted: dict[str, Value]) -> None:
    assert differing(SEEN, wanted) == wanted


PAIR = unformed(addressed("gw-a", pair("gw-d")))
PLAN = plan_creation(PAIR, {"gw-a": SHARED, "gw-d": SHARED})
MEMBER = PAIR.cluster.member("gw-d")
REPLICATED = {"EnableClusterMembership", "ClusterName", "DiscoveryServerList"}


def _configure(node: str, admins: dict[str, FakeAdmin], clock: FakeClock | None = None) -> str:
    run = run_of(MEMBER, admins, plan=PLAN, clock=clock or FakeClock())
    return configure(run, step_of(PLAN, f"configure:{node}"))


def _admins(*, refuses: str = "") -> dict[str, FakeAdmin]:
    return {name: FakeAdmin(name, refuses=refuses) for name in ("gw-d1", "gw-d2")}


def test_a_standby_is_sent_one_post_without_what_its_primary_replicates() -> None:
    admins = _admins()
    assert _configure("gw-d2", admins).endswith("in force after the next restart")
    (post,) = admins["gw-d2"].posts
    assert post["ClusterMembership"]["ControlAddress"] == "10.0.0.3"
    assert not REPLICATED & set(post["ClusterMembership"])


def test_a_primary_is_done_only_when_its_standby_has_what_is_replicated() -> None:
    admins = _admins()

    def replicate(passed_s: float) -> None:
        if passed_s >= 3:
            admins["gw-d2"].shown |= {key: admins["gw-d1"].shown[key] for key in REPLICATED}

    clock = FakeClock(then=replicate)
    _configure("gw-d1", admins, clock)
    assert (clock.time_s, len(admins["gw-d1"].posts), admins["gw-d2"].posts) == (3, 1, [])


def test_a_standby_that_never_gets_it_stops_the_run() -> None:
    with pytest.raises(RemoteError, match=r"\[gw-d2\] its primary gw-d1 has not replicated") as caught:
        _configure("gw-d1", _admins())
    assert "is the pair in sync?" in caught.value.remedy


def test_what_is_configured_so_already_is_not_sent_again() -> None:
    admins = _admins()
    for admin in admins.values():
        admin.shown = dict(PLAN.posts["configure:gw-d1"]["ClusterMembership"])
    assert _configure("gw-d1", admins) == "configured so already"
    assert admins["gw-d1"].posts == []


def test_roles_that_moved_since_the_plan_was_made_are_told_with_the_way_out() -> None:
    with pytest.raises(RemoteError, match="the roles of the pair have moved since the plan") as caught:
        _configure("gw-d1", _admins(refuses="CWLNA0382"))
    assert "--break-lock 20261122T000000Z-abcdef" in caught.value.remedy


def test_another_refusal_is_the_servers_own_words() -> None:
    with pytest.raises(RestRejected, match="HTTP 400 CWLNA0112"):
        _configure("gw-d1", _admins(refuses="CWLNA0112"))
