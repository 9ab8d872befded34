"""Whether a member already runs with its set, and what of its nodes' server.cfg would have to change."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import ABSENT, CA_FILE
from tasks.core.model import Member
from tasks.core.observed import standby_started_after_files
from tasks.core.pending import older
from tasks.core.plan import Edit
from tasks.core.rounds import Running
from tasks.core.server_cfg import diff, edit, file_sha256
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire
from tasks.core.trust import Loaded


def is_done(snapshot: Snapshot, member: Member, wanted: CredentialSet) -> bool:
    """Whether the member already runs with the set, from where the inventory wants it."""
    nodes = (snapshot.nodes[node.name] for node in member.nodes)
    return all(files_are(seen, wanted) for seen in nodes) and runs_already(
        snapshot, member, Running(wanted.loaded, wanted.sha256)
    )


def runs_already(snapshot: Snapshot, member: Member, due: Running) -> bool:
    """Whether the member is seen to run with that: files on every node, certificate on the wire.

    A standby shows no certificate: its process must have started after the primary's files came.
    """
    if not all(_lie_there(snapshot.nodes[node.name], due.files) for node in member.nodes):
        return False
    active, standby = snapshot.active(member), snapshot.standby(member)
    if not isinstance(active.wire, Wire) or active.wire.leaf.sha256 != due.loaded.leaf.sha256:
        return False
    if due.loaded.on_builtin:
        return standby is None and _older_than_process(active, CA_FILE)
    if not _named(active.wire, due.loaded):
        return False
    if standby is None:
        return _older_than_process(active, CA_FILE)
    return _names_tell(due.loaded) and standby_started_after_files(standby, active)


def _named(wire: Wire, due: Loaded) -> bool:
    """The process names whom it accepts: a CA file changed since its start is not loaded."""
    return set(wire.client_cas) == {certificate.subject for certificate in due.trusted}


def _names_tell(due: Loaded) -> bool:
    """Not where two of one name are to be trusted: a process that has loaded either of them names the same.

    In a pair the file's age does not tell either: every sync writes it anew.
    """
    names = [certificate.subject for certificate in set(due.trusted)]
    return len(names) == len(set(names))


def _lie_there(seen: NodeSnapshot, files: Mapping[str, str]) -> bool:
    if isinstance(seen.files, Unseen):
        return False
    states = seen.files.files
    return all(
        states[name].is_as(sha) and states[name].readable is (sha != ABSENT) for name, sha in files.items()
    )


def _older_than_process(seen: NodeSnapshot, name: str) -> bool:
    """Where the wire names nobody, as on the built-in pair, or the same as before, the file's age tells."""
    return isinstance(seen.files, NodeFiles) and older(seen, seen.files, name)


def files_are(seen: NodeSnapshot, wanted: CredentialSet) -> bool:
    """Whether the set's files lie where the server is to read them, and it can."""
    if isinstance(seen.files, Unseen) or edit_of(seen, seen.files) is not None:
        return False
    return _lie_there(seen, wanted.sha256)


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
