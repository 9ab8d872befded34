"""Some cases of the fault matrix; all of them: `make torture`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.labs import Rig
from tests.torture.mounting import may_mount
from tests.torture.points import Case, Chain, Fault, Moment, Point
from tests.torture.trial import attempt
from tests.torture.workers import ready


def _at(fault: Fault, step: str, moment: Moment = Moment.BEGUN) -> Case:
    return Case(fault, Point("prescribed", step, moment))


# A chain is one migration, with its faults on the way.
CHAINS = (
    Chain(
        (
            _at(Fault.DISK_FULL, "place:gw-a"),
            _at(Fault.TOOL_KILLED, "swap:gw-b"),
            _at(Fault.NODE_KILLED, "restart:gw-b"),
            _at(Fault.SSH_CUT, "swap:gw-a"),
            _at(Fault.BUILTIN_PAIR, "restart:gw-a"),
        ),
        back=True,
    ),
)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with ready(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: ", ".join(map(str, chain.cases)))
def test_a_migration_survives_its_faults(rig: Rig, chain: Chain) -> None:
    if Fault.DISK_FULL in {case.fault for case in chain.cases} and not may_mount():
        pytest.skip("a small file system can only be mounted with CAP_SYS_ADMIN")
    found = attempt(rig, chain)
    assert [
        (str(verdict.case), verdict.problem, verdict.said) for verdict in found.verdicts if verdict.problem
    ] == []
    assert {verdict.case for verdict in found.verdicts} == set(chain.cases)
    # Which of them stop the tool depends on the moment they hit; that none did would mean that nothing was injected.
    assert any(verdict.how.startswith("exit") for verdict in found.verdicts)
