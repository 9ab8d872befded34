"""Which rows are drawn where not all of them fit, and how wide each column is where it does not."""

from __future__ import annotations

from collections.abc import Sequence

_LEAST = 6  # signs that a column keeps, as long as there is another one to cut


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


def column_widths(longest: Sequence[int], space: int, *, cut: int | None = None) -> tuple[int, ...]:
    """The width of each column, so that together they take no more than the space.

    Args:
        longest: What each would need.
        cut: The number of the column that is cut first; then always the widest.
    """
    widths = list(longest)
    if cut is not None:
        over = max(sum(widths) - space, 0)
        widths[cut] = max(widths[cut] - over, min(widths[cut], _LEAST))
    while sum(widths) > space and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return tuple(widths)
