"""One migration with faults on its way, each at its point: who goes on, who stops, and how it ends."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.labs import Rig, make_sets
from tests.e2e.sights import WORK, eventually
from tests.torture.aftermath import wrong
from tests.torture.believing import not_true
from tests.torture.driving import LIMITS, Driver, driving
from tests.torture.expected import wrong_end
from tests.torture.faults import STRIKES, NotMended, Scene, is_settled, victim_of
from tests.torture.points import Case, Chain, Fault, Moment
from tests.torture.watch import watching

THROUGH = "through"
NODES_UNHARMED = frozenset({Fault.TOOL_KILLED, Fault.SSH_CUT, Fault.DISK_FULL})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one case.

    Args:
        how: "through", or "exit 4": it stopped, and was resumed; "exit 4, back": it was rolled back.
        problem: What was wrong; "" where it survived.
        said: Everything that the tool said, of a case that did not survive.
    """

    case: Case
    how: str
    took_s: float
    problem: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a chain.

    Args:
        verdicts: What is certain.
        again: The cases that another migration has to try.
        spoilt: Whether the lab is not to be used any more.
    """

    verdicts: tuple[Verdict, ...]
    again: tuple[Case, ...] = ()
    spoilt: bool = False


class Wrong(Exception):
    """The tool did not do what it must."""


def attempt(rig: Rig, chain: Chain, *, altered: str = "") -> Tried:
    """Migrate the lab to a new set with the chain's faults on the way, and look at what is there afterwards.

    Where the tool gets stuck, the last case is judged and the others are to be tried again; so are all of several
    where something is wrong at the end.
    """
    began = time.monotonic()
    former = shutil.copytree(rig.credentials, rig.lab.directory / "former", dirs_exist_ok=True)
    make_sets(rig)
    inventory = rig.changed_inventory(
        "torture", lambda document: document["defaults"]["limits"].update(LIMITS)
    )
    trial = _Trial(chain)
    with watching(rig.lab) as seen, driving(rig, inventory, altered=altered) as driver:
        try:
            trial.run(driver)
            problems = wrong(driver, seen, wanted=former if trial.is_back else rig.credentials)
        except (Wrong, NotMended, subprocess.TimeoutExpired) as error:
            problems = (str(error), *(f"{name}: key and certificate do not fit" for name in seen.mismatched))
    took_s = (time.monotonic() - began) / max(1, len(trial.struck))
    if problems:
        return _failed(trial, driver, "; ".join(problems), took_s=took_s)
    if trial.is_back:
        shutil.copytree(former, rig.credentials, dirs_exist_ok=True)
    _tidy(rig)
    return trial.survived(took_s)


def _failed(trial: _Trial, driver: Driver, problem: str, *, took_s: float) -> Tried:
    if trial.is_over and len(trial.struck) > 1:
        return Tried((), trial.chain.cases, spoilt=True)
    said = "\n".join(map(str, driver.said)) + _unended(driver)
    last = next(reversed(trial.struck), trial.chain.cases[0])
    others = tuple(case for case in trial.chain.cases if case != last)
    return Tried((Verdict(last, trial.struck.get(last, ""), took_s, problem, said),), others, spoilt=True)


def _unended(driver: Driver) -> str:
    if driver.process is None:
        return ""
    return "\n(did not end)\n" + (driver.out / "stderr").read_text(errors="replace")


class _Trial:
    """A chain on its way."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.struck: dict[Case, str] = {}
        self.is_back = False
        self.is_over = False
        self._scene: Scene | None = None  # of a fault that is in force

    def run(self, driver: Driver) -> None:
        """Raises Wrong, NotMended, or TimeoutExpired."""
        strategy = self.chain.cases[0].point.strategy
        driver.start("migrate-cluster", "--yes", "--strategy", strategy)
        for case in self.chain.cases:
            if not self._reach(driver, case):
                break
            self._strike(driver, case)
        else:
            self._to_the_end(driver)
        self.is_over = True

    def survived(self, took_s: float) -> Tried:
        left = tuple(case for case in self.chain.cases if case not in self.struck)
        return Tried(tuple(Verdict(case, how, took_s) for case, how in self.struck.items()), left)

    def _reach(self, driver: Driver, case: Case) -> bool:
        """Whether the run comes to the case's point, resumed once for the fault before."""
        while not driver.until(case.point):
            if not self._goes_on(driver):
                return False
        self._heal()
        return True

    def _to_the_end(self, driver: Driver) -> None:
        while self._goes_on(driver):
            pass

    def _goes_on(self, driver: Driver) -> bool:
        """Once its process has ended: whether there is more of the run; it is then resumed."""
        said = driver.end()
        case, scene = next(reversed(self.struck), None), self._scene
        if said.code == 0:
            self._heal()
            return False
        if case is None or scene is None:
            raise Wrong(f"fab {said.what}: exit {said.code} without a fault in force")
        if fault := wrong_end(case.fault, code=said.code, stderr=said.stderr):
            raise Wrong(fault)
        if case.fault in NODES_UNHARMED and (untrue := not_true(driver)):
            raise Wrong("; ".join(untrue))
        self._heal()
        self.is_back = self.chain.back and len(self.struck) == len(self.chain.cases)
        self.struck[case] = f"exit {said.code}" + (", back" if self.is_back else "")
        driver.start(*(("rollback",) if self.is_back else ("migrate-cluster", "--resume")), "--yes")
        return True

    def _strike(self, driver: Driver, case: Case) -> None:
        assert driver.process is not None
        lab = driver.rig.lab
        victim = driver.named or victim_of(lab, case.point)
        if case.point.moment is Moment.WAITING:
            eventually(lambda: not is_settled(lab, victim), limit_s=2)
        self._scene = Scene(driver.rig, driver.inventory, case.point, victim, driver.process)
        self.struck[case] = THROUGH
        STRIKES[case.fault].hit(self._scene)

    def _heal(self) -> None:
        """What the operator does; the fault is out of the world then."""
        if self._scene is not None:
            case = next(reversed(self.struck))
            STRIKES[case.fault].heal(self._scene)
            self._scene = None


def _tidy(rig: Rig) -> None:
    """The next migration begins without the runs and backups of this one."""
    shutil.rmtree(rig.lab.directory / "runs", ignore_errors=True)
    for said in rig.home.glob("said-*"):
        shutil.rmtree(said)
    for node in rig.lab.nodes:
        shutil.rmtree(Path(node.data_dir, "data", WORK), ignore_errors=True)
