"""`fab cluster.require-certificates`."""

from __future__ import annotations

from tasks.boundary import Acting, acting_task

HELP = {
    "value": "true, or false for the time of an upgrade",
    "member": "only this member",
    "yes": "do not ask (for true only: false is typed, or approved by fingerprint)",
}


@acting_task(positional=["value"], help=HELP)
def require_certificates(acting: Acting, value: str = "", member: str = "") -> None:
    """Set RequireCertificates of the messaging listener to true or false, and restart, gated."""
    from tasks.effects.requiring import require_certificates as _require_certificates

    with acting.opened() as site:
        _require_certificates(
            site, value, member, acting.terms, again=acting.again, break_lock_of=acting.break_lock_of
        )
