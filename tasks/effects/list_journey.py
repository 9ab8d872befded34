"""The journey of `fab credentials.crl`: make a list here, put it on the nodes, or take theirs away."""

from __future__ import annotations

import hashlib

from tasks.core.checks import check_cluster
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.findings import Finding
from tasks.core.keystore_checks import FILE_FINDINGS
from tasks.core.plan import Plan
from tasks.core.revocation import RevocationList
from tasks.core.revocation_nodes import judged_on
from tasks.core.revocation_plan import nodes_meant, plan_list
from tasks.core.revocation_wish import TASK, ListWish
from tasks.core.snapshot import Snapshot
from tasks.effects.journey import Journey, run_task
from tasks.effects.list_files import list_here, read_list
from tasks.effects.look import take_snapshot
from tasks.effects.operations import show_members, show_plan
from tasks.effects.prepare import Prepared
from tasks.effects.revoking import make_list
from tasks.effects.run_refusals import refuse_if_unfinished
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site
from tasks.effects.terms import Terms


@dataclass(frozen=True, slots=True)
class PreparedList(Prepared):
    """What is to be placed, judged by what every node trusts and serves."""

    found: RevocationList | None  # None where lists are removed
    sha256: str | None
    command: str  # without --plan

    @property
    def judged_again_by(self) -> str:
        return f"fab {self.command} --plan"


def tend_list(
    site: Site, wish: ListWish, terms: Terms, *, again: bool = False, break_lock_of: str = ""
) -> None:
    """Make a list where one is wished for, then place or remove it where that is.

    Raises:
        UsageError: A wish that cannot be; nothing to place.
        Refused: The list would not do on a node: all findings are shown, nothing was changed there.
    """
    wish.check(on_a_plan=_on_a_plan(terms, again=again, break_lock_of=break_lock_of))
    on_open_run = again or bool(break_lock_of)
    if wish.makes and not on_open_run:
        refuse_if_unfinished(site)
        make_list(site.cluster, wish, secrets=Secrets().resolve, now=site.clock.now())
    if not (wish.place or wish.remove or on_open_run):
        return
    journey = Journey(
        TASK,
        lambda site: _prepare(site, wish, fresh=not on_open_run),
        show_plan,
        show_members,
        command=TASK if on_open_run else wish.command,
    )
    run_task(site, journey, lambda seen: _plan(seen, wish), terms, again=again, break_lock_of=break_lock_of)


def _on_a_plan(terms: Terms, *, again: bool, break_lock_of: str) -> str:
    """The option by which this call is about a plan, and not about making a list."""
    said = {
        "--break-lock": bool(break_lock_of),
        "--resume": again,
        "--approve": bool(terms.approved),
        "--plan": terms.plan_only,
    }
    return next((option for option, given in said.items() if given), "")


def _prepare(site: Site, wish: ListWish, *, fresh: bool) -> PreparedList:
    """Look at every node; a list that is to be placed is tried on each."""
    snapshot = take_snapshot(site)
    usual = tuple(f for f in check_cluster(snapshot) if f.name in FILE_FINDINGS)
    if wish.remove or not fresh:
        return PreparedList(snapshot, {}, usual, None, None, wish.command)
    path = site.cluster.credentials / wish.names.crl
    found, content = list_here(path), read_list(path)
    if found is None or content is None:
        raise UsageError(
            f"there is no list to place: {path} does not exist",
            remedy=f"fab {TASK}{wish.option} makes one; one of another CA is put there by hand",
        )
    sha256 = hashlib.sha256(content).hexdigest()
    judged = _judged(snapshot, wish, content)
    return PreparedList(snapshot, {}, (*usual, *judged), found, sha256, wish.command)


def _judged(snapshot: Snapshot, wish: ListWish, content: bytes) -> tuple[Finding, ...]:
    nodes = nodes_meant(snapshot.cluster, wish)
    if not nodes:
        raise UsageError(
            f"{snapshot.cluster.key} has no HA pair", remedy="without --use ha: the cluster's list"
        )
    return tuple(f for node in nodes for f in judged_on(snapshot, node, content, wish.names))


def _plan(prepared: Prepared, wish: ListWish) -> Plan:
    assert isinstance(prepared, PreparedList)
    return plan_list(
        prepared.snapshot, wish, sha256=prepared.sha256, found=prepared.found, findings=prepared.findings
    )
