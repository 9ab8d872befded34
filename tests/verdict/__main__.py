"""`make test-credentials`: the verdict on every variant beside what the servers' OpenSSL does with it."""

from __future__ import annotations

import sys
import time

from tests.verdict.comparing import disagreements, judged_corpus, outcome_seen
from tests.verdict.debian_openssl import version
from tests.verdict.test_corpus import LEAST_VARIANTS


def main() -> int:
    """Prints the table; 0 only if it is empty and the corpus is whole."""
    ground = judged_corpus()
    began = time.monotonic()
    said = {name: disagreements(case, ground.builtin) for name, case in ground.cases.items()}
    took_s = time.monotonic() - began
    seen = [outcome_seen(case.judged) for case in ground.cases.values()]
    handshakes = sum(
        why != "no context" for case in ground.cases.values() for _, why in case.judged.dials.values()
    )
    _say(
        f"judged by {version()}: {handshakes} handshakes in {ground.took_s:.1f} s; the verdict took {took_s:.1f} s"
    )
    for outcome in dict.fromkeys(seen):
        _say(f"  {seen.count(outcome):4}  {outcome}")
    wrong = {name: found for name, found in said.items() if found}
    _say("disagreements:" if wrong else "disagreements: none")
    for name, found in wrong.items():
        for line in found:
            _say(f"  {name}: {line}")
    _say(f"variants: {len(said)}, disagreements: {len(wrong)}")
    return 0 if not wrong and len(said) >= LEAST_VARIANTS else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


sys.exit(main())
