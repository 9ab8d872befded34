"""`make torture-controls`: the matrix has to fail where the tool itself has a fault; prints how often it did."""

from __future__ import annotations

import sys

from tests.torture.altered import ALTERED
from tests.torture.points import Case, Chain, Fault, Moment, Point
from tests.torture.workers import tried

_POINTS = (
    Point("prescribed", "place:gw-a"),
    Point("prescribed", "swap:gw-b"),
    Point("prescribed", "restart:gw-b"),
    Point("prescribed", "swap:gw-a"),
    Point("prescribed", "restart:gw-a", Moment.WAITING),
)
CASES = (*(Case(Fault.TOOL_KILLED, point) for point in _POINTS), Case(Fault.SSH_CUT, _POINTS[3]))


def main() -> int:
    blind = False
    for altered in ("", *ALTERED):
        chains = [Chain((case,)) for case in CASES]
        verdicts = tried(chains, number=2, report=lambda _: None, altered=altered)
        caught = [verdict for verdict in verdicts if verdict.problem]
        _say(f"{altered or 'the tool as it is'}: caught by {len(caught)} of {len(verdicts)} cases")
        for verdict in caught:
            _say(f"  {verdict.case}: {verdict.problem.splitlines()[0][:160]}")
        blind = blind or bool(caught) != bool(altered)
    return int(blind)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
