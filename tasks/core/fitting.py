"""Which rows are drawn where not all of them fit."""

from __future__ import annotations

from collections.abc import Sequence


def fitting(rows: Sequence[tuple[str, int]], space: int) -> frozenset[int]:
    """The indices of all rows, or in one line less (which tells of the others) of whole members.

    Args:
        rows: Each one's member, and its rank: the lowest of a member decides, and the order here among equals.
        space: Lines.
    """
    if len(rows) <= space:
        return frozenset(range(len(rows)))
    members: dict[str, list[int]] = {}
    for index, (member, _) in enumerate(rows):
        members.setdefault(member, []).append(index)
    taken: set[int] = set()
    for own in sorted(members.values(), key=lambda each: min(rows[index][1] for index in each)):
        if len(taken) + len(own) > space - 1:
            break
        taken.update(own)
    return frozenset(taken)
