"""In a pair the primary's files are right before the standby's: a sync gives the standby the primary's tree (T7)."""

from __future__ import annotations

from collections.abc import Container

from tasks.core.errors import OperatorError
from tasks.core.model import Node
from tasks.effects.run import Run


def primary_before(run: Run, node: Node, planned: Container[str]) -> tuple[Node, ...]:
    """The primary, where this is its standby and it is planned as well; else nothing.

    Roles may have changed since the plan. Where they cannot be read, the planned order stands.
    """
    member = run.member(node.member)
    if not member.is_pair:
        return ()
    try:
        primary = run.roles(member).primary
    except OperatorError:
        return ()
    return (primary,) if primary.name != node.name and primary.name in planned else ()
