"""What a gateway holds for the other members: near nothing while connected, bounded while not."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.lab.traffic import ARRIVAL_PER_S, BOUND, DRAIN_PER_S, IN_FLIGHT, Queue, Traffic
from tests.lab.gateways import LabGateway, lab_cluster, wait

FLOWING = Queue(100.0, connected=True, flows=True)
APART = Queue(100.0)
FULL_S = BOUND / ARRIVAL_PER_S


def test_while_it_is_forwarded_only_what_is_on_its_way_is_held() -> None:
    seen = [FLOWING.at(100.0 + second / 7).buffered for second in range(70)]
    assert 0 < max(seen) < IN_FLIGHT
    assert FLOWING.at(10_000.0).discarded == 0


def test_while_it_is_not_messages_pile_up_at_their_rate() -> None:
    assert APART.at(110.0).buffered == 10 * ARRIVAL_PER_S
    assert APART.at(110.0).at(130.0) == APART.at(130.0)


@pytest.mark.parametrize(
    ("apart_s", "discarded"),
    [
        pytest.param(25.0, 0, id="a restart"),
        pytest.param(150.0, 0, id="the halves of a migration"),
        pytest.param(FULL_S, 0, id="just full"),
        pytest.param(600.0, (600 - FULL_S) * ARRIVAL_PER_S, id="ten minutes"),
    ],
)
def test_beyond_the_bound_they_are_discarded(apart_s: float, discarded: float) -> None:
    queue = APART.at(100.0 + apart_s)
    assert queue.discarded == discarded
    assert queue.buffered == min(BOUND, apart_s * ARRIVAL_PER_S)


def test_once_connected_again_a_queue_drains_and_keeps_what_it_has_lost() -> None:
    full = APART.at(100.0 + 600)
    back = full.seen(700.0, connected=True, stuck=False, drops=0.0)
    assert BOUND - DRAIN_PER_S <= back.at(701.0).buffered < BOUND
    assert back.at(700.0 + BOUND / DRAIN_PER_S).buffered < IN_FLIGHT
    assert back.at(800.0).discarded == full.discarded


def test_a_stuck_queue_grows_although_it_is_connected_and_drains_once_it_is_mended() -> None:
    stuck = FLOWING.seen(100.0, connected=True, stuck=True, drops=0.0)
    grown = stuck.at(150.0)
    assert grown.buffered == 50 * ARRIVAL_PER_S
    mended = grown.seen(150.0, connected=True, stuck=False, drops=0.0)
    assert mended.at(160.0).buffered < IN_FLIGHT


def test_what_was_mended_or_broken_between_two_looks_counts_from_the_later_one() -> None:
    assert FLOWING.seen(900.0, connected=True, stuck=True, drops=0.0).buffered == 0


def test_messages_are_dropped_at_the_moment_of_connection_and_not_afterwards() -> None:
    once = APART.seen(101.0, connected=True, stuck=False, drops=25.0)
    again = once.seen(102.0, connected=True, stuck=False, drops=25.0)
    assert (once.discarded, again.discarded) == (25, 25)
    parted = again.seen(103.0, connected=False, stuck=False, drops=25.0)
    assert parted.seen(104.0, connected=True, stuck=False, drops=25.0).discarded == 50


def test_there_are_no_publishers_before_state_1() -> None:
    traffic = Traffic()
    assert traffic.seen({"b": False}, now_s=10.0, stuck=False, drops=0.0) == {}
    traffic.begin()
    traffic.seen({"b": False}, now_s=100.0, stuck=False, drops=0.0)
    later = traffic.seen({"b": False, "c": False}, now_s=110.0, stuck=False, drops=0.0)
    assert {uid: queue.buffered for uid, queue in later.items()} == {"b": 10 * ARRIVAL_PER_S, "c": 0}


def _queue(gateway: LabGateway) -> tuple[str, int, int]:
    """Of its only remote: Status, BufferedMsgs, DiscardedMsgs."""
    (shown,) = gateway.get("monitor/Cluster").body["Cluster"]
    queue: dict[str, Any] = shown["Reliable"]
    assert shown["Unreliable"]["BufferedMsgs"] == 0
    return shown["Status"], queue["BufferedMsgs"], queue["DiscardedMsgs"]


def test_a_running_gateway_shows_it() -> None:
    with lab_cluster("a", "b") as cluster:
        cluster.start()
        a, b = cluster["a"], cluster["b"]
        assert _queue(a)[0] == "Active"
        assert _queue(a)[1] < IN_FLIGHT
        a.disturb(queue_stuck=True, discarding=7)
        assert _queue(a)[1] < IN_FLIGHT  # what was forwarded until now is not held now
        wait(lambda: _queue(a)[1] > 100, "the stuck queue to grow")
        b.restart()
        wait(lambda: _queue(a)[0] == "Active", "b to be back")
        assert _queue(a)[2] == 7
        assert _queue(a)[1] > 100
        a.disturb()
        wait(lambda: _queue(a)[1] < IN_FLIGHT, "the queue to drain")
        assert _queue(b)[1] < IN_FLIGHT
        assert _queue(b)[2] == 0
