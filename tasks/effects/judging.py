"""Sets that were just made, judged before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tasks.core.credential_set import CredentialSet, judge_sets, load
from tasks.core.errors import Refused
from tasks.core.findings import Finding, errors
from tasks.core.render import findings_lines
from tasks.effects.console import say

HERE = "this machine"


def refuse_bad_sets(
    sets: Mapping[str, CredentialSet], *, at: datetime, each_other: bool = False, remedy: str
) -> None:
    """Show what is to be said about the sets, and refuse all of them if one would not work.

    Args:
        sets: By label.
        at: Now by this machine's clock.
        each_other: Judge also whether each takes the others; needless where all have one CA file.
        remedy: Of the refusal.

    Raises:
        Refused: There are errors; nothing was written.
    """
    found = _judged(sets, at=at, each_other=each_other)
    for line in findings_lines(found):
        say(line)
    wrong = errors(found)
    if wrong:
        names = ", ".join(dict.fromkeys(finding.name for finding in wrong))
        raise Refused(f"nothing was written: {names}", remedy=remedy)


def _judged(sets: Mapping[str, CredentialSet], *, at: datetime, each_other: bool) -> tuple[Finding, ...]:
    found = [
        finding
        for label, one in sets.items()
        for finding in load(one.files(), label=label, at=at, names=one.names)[1]
    ]
    if each_other:
        found += judge_sets(sets, at_by_node={HERE: at})
    return tuple(dict.fromkeys(found))
