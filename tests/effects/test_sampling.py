"""Sampling against real REST servers: it sees who serves, it never disturbs, and it leaves nothing behind."""

from __future__ import annotations

import json
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.core.errors import Refused
from tasks.core.model import Admin, Cluster, EnvSecret, Limits, Member, Ssh, Via
from tasks.core.plan import Plan
from tasks.core.step_kinds import StepKind
from tasks.effects.record import RunRecord, open_run
from tasks.effects.sampling import AVAILABILITY, interval_s, samples_of, sampling
from tasks.effects.site import Site
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.core.statuses import NOON
from tests.effects.asking import GET_STATUS, STATUS, reveal
from tests.effects.local_remote import closed_port, node
from tests.effects.rest_server import Script, serving

LIMITS = Limits(rest_s=1.3, poll_s=0.05)
GET_REMOTES = "GET monitor/Cluster"
PLAN = plan_of(healthy(THREE))


def _script(uid: str, *active: str) -> Script:
    status = {**STATUS, "Server": {**STATUS["Server"], "UID": uid}}
    remotes = {"Cluster": [{"ServerUID": each, "Status": "Active"} for each in active]}
    return Script(
        {GET_STATUS: (200, json.dumps(status).encode()), GET_REMOTES: (200, json.dumps(remotes).encode())}
    )


def _member(name: str, port: int, **admin: object) -> Member:
    asked = Admin("127.0.0.1", port=port, scheme="http", via=Via.DIRECT, **admin)  # type: ignore[arg-type]
    one = replace(
        node(asked, name=name, limits=LIMITS),
        ssh=Ssh(config=Path("/dev/null"), known_hosts=Path("/dev/null")),
    )
    return Member(name, (one,))


def _cluster(folder: Path, *members: Member) -> Cluster:
    runs = folder / "runs"
    return replace(THREE, members=members, runs_dir=runs, credentials=folder, inventory=folder / "i.yaml")


@contextmanager
def _sampled(folder: Path, *members: Member, plan: Plan = PLAN) -> Iterator[RunRecord]:
    cluster = _cluster(folder, *members)
    with Site(cluster, secrets=reveal) as site:
        record = open_run(cluster.runs_dir, plan, at=NOON)
        with sampling(site, record, members):
            yield record


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sampling")]


def test_members_and_their_connections_are_written_line_by_line(tmp_path: Path) -> None:
    with serving(_script("U1", "U2")) as one, serving(_script("U2")) as two:
        members = (_member("gw-a", one), _member("gw-b", two))
        with _sampled(tmp_path, *members) as record:
            _until(lambda: len(samples_of(record)) >= 3)
    found = samples_of(record)
    assert {tuple(each.settled.items()) for each in found} == {(("gw-a", ()), ("gw-b", ("gw-a",)))}
    assert all(each.apart == frozenset() for each in found)
    assert stat.S_IMODE((record.directory / AVAILABILITY).stat().st_mode) == 0o600
    assert _threads() == []


def test_who_the_others_are_is_not_asked_while_the_counts_say_that_all_are_there(tmp_path: Path) -> None:
    whole, torn = _script("U1", "U2", "U3"), _script("U2", "U1")
    with (
        serving(whole) as one,
        serving(torn) as two,
        _sampled(tmp_path, _member("gw-a", one), _member("gw-b", two)) as record,
    ):
        _until(lambda: len(samples_of(record)) >= 4)
    assert whole.asked.count(GET_REMOTES) == 1
    assert torn.asked.count(GET_REMOTES) >= 3


def test_a_server_that_is_down_is_away_and_one_that_lets_nobody_in_is_not_seen(tmp_path: Path) -> None:
    closed = Script({GET_STATUS: (401, b"{}")})
    with serving(closed) as port:
        down = _member("gw-a", closed_port())
        secret = _member("gw-b", port, user="admin", password=EnvSecret("IMA_PASSWORD"))
        with _sampled(tmp_path, down, secret) as record:
            _until(lambda: len(samples_of(record)) >= 2)
    assert {(each.away, each.unseen) for each in samples_of(record)} == {(("gw-a",), ("gw-b",))}


def test_a_server_that_hangs_holds_up_neither_the_others_nor_the_end(tmp_path: Path) -> None:
    with serving(_script("U1")) as good, serving(Script({}, drip=b"", drop=b"")) as hanging:
        with _sampled(tmp_path, _member("gw-a", good), _member("gw-b", hanging)) as record:
            _until(lambda: len(samples_of(record)) >= 4)
            over = time.monotonic()
        assert time.monotonic() - over < 3
    found = samples_of(record)
    assert all(set(each.settled) == {"gw-a"} for each in found)
    assert found[0].unseen == ("gw-b",)
    assert (found[2].at - found[1].at).total_seconds() < 0.5


def test_sixty_nodes_are_asked_by_sixteen_threads(tmp_path: Path) -> None:
    port = closed_port()
    members = tuple(_member(f"gw-{number}", port) for number in range(60))
    with _sampled(tmp_path, *members) as record:
        _until(lambda: len(samples_of(record)) >= 1)
        assert len(_threads()) == 1 + 16
    assert len(samples_of(record)[0].away) == 60


def test_a_run_that_fails_fails_as_it_would_without_samples(tmp_path: Path) -> None:
    with (
        pytest.raises(Refused, match="as it is"),
        _sampled(tmp_path, _member("gw-a", closed_port())),
    ):
        raise Refused("as it is", remedy="-")
    assert _threads() == []


def test_a_record_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    cluster = _cluster(tmp_path, _member("gw-a", closed_port()))
    with Site(cluster, secrets=reveal) as site:
        record = open_run(cluster.runs_dir, PLAN, at=NOON)
        shutil.rmtree(record.directory)
        with sampling(site, record, cluster.members):
            _until(lambda: _threads() == [])
    assert samples_of(record) == ()


def test_a_resumed_run_goes_on_in_the_same_file_behind_a_line_cut_short(tmp_path: Path) -> None:
    cluster = _cluster(tmp_path, _member("gw-a", closed_port()))
    with Site(cluster, secrets=reveal) as site:
        record = open_run(cluster.runs_dir, PLAN, at=NOON)
        whole = '{"at":"2026-11-22T12:00:00Z","settled":{"gw-a":[]}}\n'
        (record.directory / AVAILABILITY).write_text(whole + whole[:20])
        with sampling(site, record, cluster.members):
            _until(lambda: len(samples_of(record)) >= 2)
    first, *others = samples_of(record)
    assert (first.at, set(first.settled)) == (NOON, {"gw-a"})
    assert {each.away for each in others} == {("gw-a",)}


def test_a_plan_that_restarts_nothing_is_not_sampled(tmp_path: Path) -> None:
    steps = tuple(step for step in PLAN.steps if step.kind is StepKind.PLACE)
    quiet = PLAN.model_copy(update={"steps": steps})
    with _sampled(tmp_path, _member("gw-a", closed_port()), plan=quiet) as record:
        assert _threads() == []
    assert not (record.directory / AVAILABILITY).exists()


@pytest.mark.parametrize(
    ("polls", "wanted"), [((1.0, 5.0), 1.0), ((5.0, 5.0), 1.0), ((1.0, 0.4), 0.4), ((0.001, 1.0), 0.2)]
)
def test_samples_are_as_frequent_as_the_gates_look_and_one_a_second_at_least(
    polls: tuple[float, ...], wanted: float
) -> None:
    nodes = [node(Admin("h"), limits=Limits(poll_s=poll)) for poll in polls]
    assert interval_s(nodes) == wanted
