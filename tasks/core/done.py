"""Whether a member already runs with its set, and what of its nodes' server.cfg would have to change."""

from __future__ import annotations

from tasks.core.credential_set import CredentialSet
from tasks.core.model import Member
from tasks.core.observed import standby_started_after_files
from tasks.core.plan import Edit
from tasks.core.server_cfg import diff, edit, file_sha256
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire


def is_done(snapshot: Snapshot, member: Member, wanted: CredentialSet) -> bool:
    """Whether the member already runs with the set: files on every node, certificate on the wire.

    A standby shows no certificate: its process must have started after the primary's files came.
    """
    nodes = [snapshot.nodes[node.name] for node in member.nodes]
    if not all(files_are(seen, wanted) for seen in nodes):
        return False
    active, standby = snapshot.active(member), snapshot.standby(member)
    if not isinstance(active.wire, Wire) or not _runs_with(active.wire, wanted):
        return False
    return standby is None or standby_started_after_files(standby, active)


def _runs_with(wire: Wire, wanted: CredentialSet) -> bool:
    """The wire names whom the process accepts: a CA file changed since its start is not loaded."""
    same_ca = set(wire.client_cas) == {certificate.subject for certificate in wanted.ca}
    return wire.leaf.sha256 == wanted.leaf.sha256 and same_ca


def files_are(seen: NodeSnapshot, wanted: CredentialSet) -> bool:
    """Whether the set's files lie where the server is to read them, and it can."""
    files = seen.files
    if isinstance(files, Unseen) or edit_of(seen, files) is not None:
        return False
    states = files.files
    return all(states[name].sha256 == sha and states[name].readable for name, sha in wanted.sha256.items())


def edits_of(snapshot: Snapshot, moving: tuple[Member, ...]) -> dict[str, Edit]:
    """Per node of these members, the change of server.cfg that the inventory's paths ask for."""
    found = {}
    for member in moving:
        for node in member.nodes:
            seen = snapshot.nodes[node.name]
            if isinstance(seen.files, NodeFiles) and (change := edit_of(seen, seen.files)) is not None:
                found[node.name] = change
    return found


def edit_of(seen: NodeSnapshot, files: NodeFiles) -> Edit | None:
    """What the inventory's paths ask for that its server.cfg does not say; None if it says it."""
    paths = seen.node.paths
    keystore = str(paths.keystore) if paths.keystore not in (None, files.keystore) else None
    truststore = str(paths.truststore) if paths.truststore not in (None, files.truststore) else None
    if keystore is None and truststore is None:
        return None
    text = files.cfg.text
    changed = edit(text, keystore=keystore, truststore=truststore)
    return Edit(
        path=str(files.cfg_path),
        keystore=keystore,
        truststore=truststore,
        old_sha256=file_sha256(text),
        new_sha256=file_sha256(changed),
        diff=diff(text, changed),
        carried=files.others if keystore is not None else (),
    )
