"""Checks of the HA credentials on the nodes of pairs: what the next restart would make of them.

While a pair is in sync nothing shows an HA certificate, so that the files are what can be judged. They
matter only where UseSecuredConnections is true; pairs whose inventory says otherwise are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tasks.core.certificates import EXPIRES_SOON, CertificateFault, parse_pem_chain
from tasks.core.file_names import HA
from tasks.core.findings import Finding, Severity
from tasks.core.model import Member
from tasks.core.snapshot import HaFiles, NodeFiles, Snapshot

UNUSED = "where UseSecuredConnections is false, say `ha: {secured: false}` in the inventory"
NEW_SET = f"fab credentials.create --use ha --force (or a set of your own), then: fab ha.migrate; {UNUSED}"


def ha_file_checks(snapshot: Snapshot) -> Iterator[Finding]:
    """Pair by pair: each node's own files, then the two beside each other."""
    for member in (m for m in snapshot.cluster.members if m.is_pair and m.nodes[0].ha.secured):
        found = ha_files_of(snapshot, member)
        for node, files in found.items():
            yield from _own_files(node, files, at=snapshot.taken_at)
            if "crl" in files.trust_extras:
                from tasks.core.revocation_nodes import lying_on  # here: few clusters have lists

                yield from lying_on(snapshot, snapshot.nodes[node].node, HA)
        yield from _alike(member, found)


def ha_files_of(snapshot: Snapshot, member: Member) -> dict[str, HaFiles]:
    """Per node whose files could be seen."""
    seen = {node.name: snapshot.nodes[node.name].files for node in member.nodes}
    return {name: files.ha for name, files in seen.items() if isinstance(files, NodeFiles)}


def differing(found: dict[str, HaFiles]) -> tuple[str, ...]:
    """The names of the files that are not the same on both nodes."""
    if len(found) < 2:
        return ()
    one, other = ({name: state.sha256 for name, state in each.files.items()} for each in found.values())
    return tuple(name for name in HA.in_order if one.get(name) != other.get(name))


def _own_files(node: str, files: HaFiles, *, at: datetime) -> Iterator[Finding]:
    there = {name for name, state in files.files.items() if state.exists}
    if {HA.cert, HA.key} <= there and HA.ca not in there:
        text = f"{HA.cert} and {HA.key} without {HA.ca}: no node trusts the other one, they stay apart"
        yield _warning("ha-no-ca", node, f"{text} from the next restart on", f"fab ha.migrate; {UNUSED}")
    if files.cert_pem:
        yield from _dates(node, files, at=at)
    if "crl" in files.trust_extras:
        yield _warning(
            "ha-crl",
            node,
            "HA_crl/crl.pem exists: checked at every start of the pair, it must stay valid, and fab ha.migrate "
            "leaves it alone; expired or of another CA it keeps the nodes apart",
            "before fab ha.migrate to another CA: fab credentials.crl --use ha --remove",
        )
    if "capath" in files.trust_extras:
        text = "HA_capath/ holds certificates: they are trusted beside HA_cafile.pem, and stay so after fab ha.migrate"
        yield _warning("ha-capath", node, text, "empty it on both nodes if they are to be trusted no longer")


def _dates(node: str, files: HaFiles, *, at: datetime) -> Iterator[Finding]:
    try:
        leaf = parse_pem_chain(files.cert_pem)[0]
    except CertificateFault as fault:
        text = f"{HA.cert} is no certificate ({fault.reason}): the pair does not come up with it again (T1)"
        yield _warning("ha-garbage", node, text, NEW_SET)
        return
    said = f"{HA.cert} ({leaf.sha256[:8]}) is valid from {leaf.not_before:%Y-%m-%d} until {leaf.not_after:%Y-%m-%d}"
    if not leaf.not_before <= at <= leaf.not_after:
        text = f"{said}: a node that restarts does not find the other one with it"
        yield _warning("ha-expired", node, text, NEW_SET)
    elif leaf.not_after - at < EXPIRES_SOON:
        yield _warning("ha-expires", node, f"{said}: {(leaf.not_after - at).days} days left", NEW_SET)


def _alike(member: Member, found: dict[str, HaFiles]) -> Iterator[Finding]:
    names = differing(found)
    if names:
        yield _warning(
            "ha-files-differ",
            member.name,
            f"{', '.join(names)}: not the same on {' and '.join(found)}; at its next restart a node may not find "
            "the other one, and a sync replaces the standby's by the primary's (T7)",
            "an open run of fab ha.migrate goes on with --resume; else: fab ha.migrate places one set on both",
        )


def _warning(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.WARNING, where, problem, remedy)
