"""`fab cluster.show`: look at every node, and draw what it is configured to be."""

from __future__ import annotations

from tasks.core.json_text import json_text
from tasks.core.membership_table import membership_lines, membership_table, shown_membership
from tasks.effects.console import say, show_table, width
from tasks.effects.look import take_snapshot
from tasks.effects.site import Site


def show_membership(site: Site, *, json_wanted: bool = False) -> None:
    """All nodes side by side on stdout; a node that cannot be asked is said so."""
    shown = shown_membership(take_snapshot(site))
    if json_wanted:
        say(json_text(shown), verbatim=True)
        return
    show_table(membership_table(shown, width=width()))
    for line in membership_lines(shown):
        say(line)
