"""What the members ran with before a run: from its plan, and from the backups that it left on the nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.dataclass import dataclass
from tasks.core.file_names import ABSENT, CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.model import Cluster, Member
from tasks.core.plan import Plan
from tasks.core.snapshot import NodeFiles
from tasks.core.trust import Loaded, dial_refusal

BY_HAND = "put the former files back by hand, or go forward: fab migrate-cluster"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was live on one node before the run; of the key, as always, the hash alone.

    Args:
        files: By file name, SHA-256 or ABSENT.
        cfg: server.cfg.
    """

    files: Mapping[str, str]
    ca_pem: bytes
    cert_pem: bytes
    cfg: bytes

    @property
    def cfg_sha256(self) -> str:
        return hashlib.sha256(self.cfg).hexdigest()

    @property
    def has_pair(self) -> bool:
        return all(self.files[name] != ABSENT for name in (KEY_FILE, CERT_FILE))


@dataclass(frozen=True, slots=True)
class FormerSet:
    """The credentials of before the run, of one member: a `WantedSet`. Files that were not there are ABSENT."""

    chain: tuple[Certificate, ...]
    ca: tuple[Certificate, ...]
    sha256: Mapping[str, str]
    builtin: bool

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]

    @property
    def loaded(self) -> Loaded:
        return Loaded(self.chain, self.ca, builtin=self.builtin)


def as_it_lies(files: NodeFiles) -> Kept:
    """Of a node that the run has not touched: what is live is what was live."""
    states = {name: state.sha256 or ABSENT for name, state in files.files.items()}
    return Kept(states, files.ca_pem, files.cert_pem, files.cfg.text.encode("utf-8", "surrogateescape"))


def former_sets(
    plan: Plan, kept: Mapping[str, Kept], cluster: Cluster, *, clocks: Iterable[datetime]
) -> tuple[Mapping[str, FormerSet], tuple[Finding, ...]]:
    """What each member of the plan ran with before it, and what forbids to go back there.

    Args:
        plan: The one that the run began with.
        kept: By node.
        clocks: Now by each node's clock: every one verifies every certificate.
    """
    clocks = tuple(clocks)
    sets, findings = {}, []
    for member in (each for each in cluster.members if each.name in plan.targets):
        found = _former(plan, member, kept)
        if isinstance(found, Finding):
            findings.append(found)
            continue
        sets[member.name] = found
        findings += _out_of_date(member, found, clocks=clocks)
    return sets, tuple(findings)


def _former(plan: Plan, member: Member, kept: Mapping[str, Kept]) -> FormerSet | Finding:
    nodes = [node.name for node in member.nodes]
    first = kept[nodes[0]]
    if other := [name for name in nodes if dict(kept[name].files) != dict(first.files)]:
        text = f"before the run {nodes[0]} and {other[0]} held different files"
        return _error("former-differs", member.name, text, BY_HAND)
    served = {plan.before.get(name, "unseen") for name in nodes} - {"standby", "unseen"}
    if len(served) != 1:
        text = "what it served before the run was not seen"
        return _error("former-unseen", member.name, text, BY_HAND)
    return _loading(plan, member, first, served=served.pop())


def _loading(plan: Plan, member: Member, kept: Kept, *, served: str) -> FormerSet | Finding:
    """The set that a start with these files loads; it must be what was served."""
    ca, chain = _certificates(kept.ca_pem), _certificates(kept.cert_pem)
    if kept.has_pair and chain and chain[0].sha256 == served:
        return FormerSet(chain, ca, kept.files, builtin=False)
    if not kept.has_pair and served in plan.builtins:
        return FormerSet(parse_pem_chain(plan.builtins[served].encode()), ca, kept.files, builtin=True)
    text = f"before the run it served {served[:8]}, which its files of then would not bring back"
    return _error("former-not-served", member.name, text, BY_HAND)


def _certificates(pem: bytes) -> tuple[Certificate, ...]:
    try:
        return parse_pem_chain(pem)
    except CertificateFault:
        return ()


def _out_of_date(member: Member, found: FormerSet, *, clocks: Iterable[datetime]) -> Iterator[Finding]:
    """No server takes these back; one that runs with them still does until its next start."""
    own = found.loaded
    if dial_refusal(own, own, at=None):
        return  # never by themselves: what they connect with is for the plan to find
    for at in clocks:
        if refusal := dial_refusal(own, own, at=at):
            text = (
                f"the former {own.leaf.subject} ({own.leaf.sha256[:8]}) {refusal} at {at:%Y-%m-%d %H:%M} UTC"
            )
            yield _error("former-expired", member.name, text, "go forward: fab migrate-cluster")
            return


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)
