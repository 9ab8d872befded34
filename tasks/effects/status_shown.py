"""A status on stdout, and who holds the nodes' locks: what `fab status` and its watch have in common."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.core.errors import OperatorError
from tasks.core.health import StatusReport
from tasks.core.render import findings_lines, status_table, versions_line
from tasks.effects.console import say, show_table, width
from tasks.effects.lock import holders
from tasks.effects.remote import Remote

Held = dict[str, tuple[str, str, str]]  # node -> the run that holds its lock, in words, and its task


def present(found: StatusReport, notes: Sequence[str]) -> bool:
    """One screen: a row per node, what is wrong, an open run and locks, one verdict line.

    Returns:
        Whether somebody still reads.
    """
    show_table(status_table(found, width=width()))
    for line in (versions_line(found), *findings_lines(found.findings), *notes):
        say(line)
    return say(found.verdict)


def held_on(remote: Remote) -> Held:
    """Who holds the node's lock; nothing where nobody does, or it cannot be asked."""
    try:
        held = holders([remote])
    except OperatorError:  # the table says what keeps it from answering
        return {}
    return {name: (holder.run, str(holder), holder.task) for name, holder in held.items()}
