"""`fab cluster.require-certificates`."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from tasks.boundary import opened, operator_task
from tasks.effects.journey import Terms
from tasks.effects.requiring import require_certificates as _require_certificates

HELP = {
    "value": "true, or false for the time of an upgrade",
    "member": "only this member",
    "ignore": "a finding's name; it stays visible and does not stop",
    "approve": "run only the plan with this fingerprint",
    "yes": "do not ask (for true only: false is typed, or approved by fingerprint)",
    "plan": "show the plan and end",
    "resume": "go on with the interrupted run",
    "stop-after": "stop when this many members have been restarted",
    "break-lock": "give up this run and free its lock on every node",
}


@operator_task(positional=["value"], iterable=["ignore"], help=HELP)
def require_certificates(
    c: Context,
    value: str = "",
    inventory: str = "",
    cluster: str = "",
    member: str = "",
    plan: bool = False,
    yes: bool = False,
    approve: str = "",
    resume: bool = False,
    stop_after: int = 0,
    ignore: Sequence[str] = (),
    break_lock: str = "",
) -> None:
    """Set RequireCertificates of the messaging listener to true or false, and restart, gated."""
    terms = Terms(yes, approve, plan, frozenset(ignore), stop_after or None)
    with opened(inventory, cluster) as site:
        _require_certificates(site, value, member, terms, again=resume, break_lock_of=break_lock)
