"""Each strategy that parts nobody on three single members and a pair, with a sampler that is not the tool's.

The same sampler sees the partition of the documented procedure: test_migration.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tasks.core.renewal import RenewalWish
from tasks.effects.inventory_file import open_inventory
from tasks.effects.renewal import renew_sets
from tasks.effects.secrets import Secrets
from tests.e2e.labs import Ran, Rig, make_sets, rigged, small
from tests.e2e.onlooker import Seen, onlooking
from tests.e2e.sights import fingerprint, leftovers, rest, served

MEMBERS = ("gw-a", "gw-b", "gw-c", "gw-d")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Each test goes on from where the one before it has led."""
    with rigged(tmp_path_factory.mktemp("strategies"), small(3, pairs=1)) as made:
        yield made


def _migrated(rig: Rig, strategy: str) -> tuple[Ran, Seen]:
    with onlooking(rig.lab) as seen:
        ran = rig.migrate("--strategy", strategy).ok()
    assert f"strategy {strategy}: " in ran.stdout
    assert "complete: healthy: 4 members, 5 nodes, all connected" in ran.stdout
    assert leftovers(rig.lab) == ()
    return ran, seen


def _nobody_was_apart(ran: Ran, seen: Seen, *, rounds: int) -> None:
    """By the onlooker, and by the tool's own record; each member was away once per round, or hardly to be seen."""
    assert seen.samples > 20
    assert not seen.apart
    assert set(seen.away) == set(MEMBERS)
    assert "  apart: none" in ran.stdout
    restarts = [line for line in ran.stderr.splitlines() if "restart:" in line and "] restart:" in line]
    assert len(restarts) == 4 * rounds


def test_a_bridge_leads_from_the_built_in_pair_to_a_shared_set_in_two_rounds(rig: Rig) -> None:
    ran, seen = _migrated(rig, "bridge")
    _nobody_was_apart(ran, seen, rounds=2)
    assert "whoever has the built-in key, which is public, can still join the cluster" in ran.stdout
    _trusts_only_its_own(rig)


def test_another_ca_takes_three_rounds_in_which_nobody_is_apart(rig: Rig) -> None:
    make_sets(rig, kind="ca")
    ran, seen = _migrated(rig, "overlap")
    _nobody_was_apart(ran, seen, rounds=3)
    for node in rig.lab.nodes:
        wanted = rig.credentials / node.member
        for name, folder in (("Cluster_cafile.pem", "truststore"), ("Cluster_cert.pem", "keystore")):
            assert (node.certificates / folder / name).read_bytes() == (wanted / name).read_bytes()
        if rest(rig.lab, node)["Server"]["State"] == 1:
            assert served(rig.lab, node.name) == fingerprint(wanted / "Cluster_cert.pem")


def test_new_leafs_of_the_same_ca_take_one_round_in_which_nobody_is_apart(rig: Rig) -> None:
    before = served(rig.lab, "gw-a")
    renew_sets(open_inventory(str(rig.inventory), None), RenewalWish(), secrets=Secrets().resolve)
    ran, seen = _migrated(rig, "renew")
    _nobody_was_apart(ran, seen, rounds=1)
    assert served(rig.lab, "gw-a") == fingerprint(rig.credentials / "gw-a" / "Cluster_cert.pem") != before


def test_the_record_of_such_a_run_is_whole_and_its_page_tells_all_of_it(rig: Rig) -> None:
    run = rig.runs[-1]
    page = rig.home / "report.html"
    assert f"is in {page}" in rig.fab("runs.report", run.name, "--html", str(page)).ok().stdout
    text = page.read_text()
    for node in rig.lab.nodes:
        assert f">{node.name}</text>" in text
    assert {word for word in ("ready", "standby", "down") if f'class="state {word}"' in text} == {
        "ready",
        "standby",
        "down",
    }
    assert served(rig.lab, "gw-a") in text
    found = json.loads(rig.fab("runs.verify", run.name, "--json").ok().stdout)
    assert (found["state"], found["closed"], found["chained"]) == ("ok", True, found["lines"])


def test_a_record_in_which_somebody_wrote_is_told_with_exit_3(rig: Rig) -> None:
    journal = rig.runs[-1] / "journal.jsonl"
    before = journal.read_bytes()
    journal.write_bytes(before.replace(b'"done"', b'"noted"', 1))
    ran = rig.fab("runs.verify")
    journal.write_bytes(before)
    assert ran.code == 3
    assert "line 3: it is not what was written" in ran.stdout
    assert "  -> keep " in ran.stderr


def _trusts_only_its_own(rig: Rig) -> None:
    """The temporary trust is closed: no CA file holds more than the set's own, and nobody is warned."""
    wanted = (rig.credentials / "Cluster_cafile.pem").read_bytes()
    for node in rig.lab.nodes:
        assert (node.certificates / "truststore" / "Cluster_cafile.pem").read_bytes() == wanted
    assert "builtin-trusted" not in rig.fab("status").ok().stdout
