"""The silent fallback (T2) against each of the two proofs alone, and against neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tasks.core.course import Wish
from tasks.core.errors import GateTimeout, NotAsPlanned, OperatorError, Unhealthy
from tasks.core.gates import Gate, Holds
from tasks.core.plan import Counts
from tasks.effects.inventory_file import open_inventory
from tasks.effects.operations import migrate
from tasks.effects.run import Gates
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site
from tasks.effects.terms import Terms
from tasks.lab.faults import break_node
from tests.e2e.labs import Rig, back_to_builtin, rigged, small
from tests.e2e.sights import fingerprint, served

BLIND = "not looked at"


def _any_certificate(node: str, wanted_sha256: str) -> Gate:
    return lambda view: Holds(BLIND)


def _any_counts(active: Mapping[str, str], expected: Mapping[str, Counts]) -> Gate:
    return lambda view: Holds(BLIND)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigged(tmp_path_factory.mktemp("blind"), small()) as made:
        yield made


@pytest.fixture
def falling_back(rig: Rig) -> Rig:
    """All on the built-in pair; gw-a, restarted first, takes it again at its next start."""
    back_to_builtin(rig)
    break_node(rig.lab.directory, "gw-a", "fallback")
    return rig


def _migrate(rig: Rig, gates: Gates) -> OperatorError | None:
    """In this process, with limits of a few seconds; how it failed."""
    limits = {"restart_s": 20, "join_s": 3}
    inventory = rig.changed_inventory("short", lambda d: d["defaults"]["limits"].update(limits))
    with Site(open_inventory(str(inventory), None), secrets=Secrets().resolve) as site:
        try:
            migrate(site, Wish("prescribed"), Terms(yes=True), gates=gates)
        except OperatorError as error:
            return error
    return None


def test_the_wire_proof_alone_stops_a_fallback(falling_back: Rig) -> None:
    error = _migrate(falling_back, Gates(counts=_any_counts))
    assert isinstance(error, GateTimeout)
    assert "serves the BUILT-IN certificate" in error.problem
    assert falling_back.journal()[-1]["step"] == "restart:gw-a"


def test_the_count_gate_alone_stops_a_fallback(falling_back: Rig) -> None:
    error = _migrate(falling_back, Gates(serves=_any_certificate))
    assert isinstance(error, NotAsPlanned)
    assert "settled, but not as planned for 3 s; last seen: gw-a 1/0, wanted 0/1" in error.problem
    assert falling_back.journal()[-1]["step"] == "restart:gw-a"


def test_with_both_switched_off_the_run_passes_and_only_the_last_look_shows_it(falling_back: Rig) -> None:
    error = _migrate(falling_back, Gates(serves=_any_certificate, counts=_any_counts))
    assert falling_back.journal()[-1]["event"] == "completed"
    assert served(falling_back.lab, "gw-a") != fingerprint(falling_back.credentials / "Cluster_cert.pem")
    assert isinstance(error, Unhealthy)


def test_with_both_in_force_and_no_fault_the_run_passes(rig: Rig) -> None:
    back_to_builtin(rig)
    assert _migrate(rig, Gates()) is None
    assert rig.journal()[-1]["event"] == "completed"
