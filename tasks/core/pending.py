"""What lies on disk beside what a running process has loaded: a restart would load it, asked for or not."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.certificates import Certificate, CertificateFault, is_builtin, parse_pem_chain
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.model import Member
from tasks.core.observed import ca_on_disk, loaded_now, runs_with
from tasks.core.places import data_of
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.status import NodeStatus
from tasks.core.trust import Loaded


def has_own_pair(files: NodeFiles) -> bool:
    """Whether a start would use the user's pair: both files can be opened."""
    return all(files.files[name].readable for name in (CERT_FILE, KEY_FILE))


def older(seen: NodeSnapshot, files: NodeFiles, name: str) -> bool:
    """Whether the file lay there, as it is, before the process started; by the node's own clock."""
    if not isinstance(seen.status, NodeStatus):
        return False
    return files.files[name].changed_at < seen.status.server.started_at.timestamp()


def chain_on_disk(files: NodeFiles) -> tuple[Certificate, ...]:
    """The certificate file, leaf first; nothing where it is absent or cannot be read."""
    try:
        return parse_pem_chain(files.cert_pem)
    except CertificateFault:
        return ()


def will_load(snapshot: Snapshot, member: Member) -> Loaded | None:
    """What the member serves and trusts after a restart; None where its certificate could not be seen.

    In a pair the primary's files count: the sync carries them to the other node (T7).
    """
    active = snapshot.active(member)
    if not isinstance(active.wire, Wire) or not isinstance(active.files, NodeFiles):
        return None
    chain = chain_on_disk(active.files) if has_own_pair(active.files) else ()
    if not chain or chain[0] == active.wire.leaf:  # OpenSSL completes the chain that is served
        chain = active.wire.chain
    return runs_with(active, Loaded(chain=chain, trusted=ca_on_disk(active.files)))


def pending(snapshot: Snapshot, member: Member) -> tuple[str, ...]:
    """What a restart would change of the member's credentials, as sentences; nothing where all is in use.

    Of a CA file only the names can be compared with what is loaded; see `rewritten`.
    """
    active, after = snapshot.active(member), will_load(snapshot, member)
    now = loaded_now(snapshot).get(member.name)
    if after is None or now is None or not isinstance(active.files, NodeFiles):
        return ()
    found = []
    if after.leaf != now.leaf:
        found.append(f"serves {_named(now.leaf)}, after a restart {_named(after.leaf)}")
    if {c.subject for c in after.trusted} != _accepted(active, now):
        names = "; ".join(sorted({c.subject for c in after.trusted})) or "nobody"
        found.append(f"{CA_FILE} holds another CA than the process has loaded, after a restart: {names}")
    return (*found, *_other_standby(snapshot, member, active.files))


def _accepted(active: NodeSnapshot, now: Loaded) -> set[str]:
    """The process names whom it accepts; on the built-in pair it names nobody, whatever it has loaded."""
    wire = active.wire
    if isinstance(wire, Wire) and not is_builtin(wire.leaf):
        return set(wire.client_cas)
    return {c.subject for c in now.trusted}


def _other_standby(snapshot: Snapshot, member: Member, files: NodeFiles) -> Iterator[str]:
    standby = snapshot.standby(member)
    if standby is not None and (other := _unlike(snapshot, member, files)):
        primary = snapshot.active(member).node.name
        yield f"on {standby.node.name} other files than on {primary}: {', '.join(other)}"


def _unlike(snapshot: Snapshot, member: Member, files: NodeFiles) -> list[str]:
    """The files that the standby of a pair has otherwise than its primary."""
    standby = snapshot.standby(member)
    if standby is None or not isinstance(standby.files, NodeFiles):
        return []
    theirs = standby.files.files
    return [name for name, state in files.files.items() if theirs[name].sha256 != state.sha256]


def other_pair(snapshot: Snapshot, member: Member, now: Loaded) -> str:
    """That a restart would bring another key and certificate than the member runs with; "" if it would not.

    A round that changes the CA file alone cannot be taken then.
    """
    active = snapshot.active(member)
    if not isinstance(active.files, NodeFiles):
        return ""
    own = has_own_pair(active.files)
    if now.on_builtin:
        return f"on {active.node.name} lies a key with a certificate that it does not serve" if own else ""
    chain = chain_on_disk(active.files) if own else ()
    if not chain or chain[0] != now.leaf:
        return f"on {active.node.name} lies another certificate or key than it serves, or none"
    names = [file for file in (CERT_FILE, KEY_FILE) if file in _unlike(snapshot, member, active.files)]
    return f"the nodes of {member.name} hold different {' and '.join(names)}" if names else ""


def _named(leaf: Certificate) -> str:
    return f"{leaf.sha256[:8]} ({'BUILT-IN' if is_builtin(leaf) else leaf.subject})"


def unsynced(snapshot: Snapshot, member: Member) -> Iterator[Finding]:
    """A standby with other files than its primary, in a keystore that no sync would carry (T7)."""
    active = snapshot.active(member)
    if not isinstance(active.files, NodeFiles) or not any(_other_standby(snapshot, member, active.files)):
        return
    tree = active.files.resolved(data_of(active.node)) / "certificates"
    homes = (active.files.keystore, active.files.truststore)
    if not all(home is not None and active.files.resolved(home).is_relative_to(tree) for home in homes):
        text = f"its nodes hold different files, and the sync carries only what is below {tree} (T7)"
        remedy = "copy the primary's files there, or place the set on both: fab migrate-cluster"
        yield Finding("pair-files-differ", Severity.ERROR, member.name, text, remedy)


def rewritten(snapshot: Snapshot, member: Member) -> str:
    """A CA file that holds the same names, but was written after a single server started; "" if it was not.

    In a pair every sync writes the files of the standby anew: there it says nothing.
    """
    active = snapshot.active(member)
    if member.is_pair or not isinstance(active.files, NodeFiles) or not active.files.files[CA_FILE].exists:
        return ""
    if older(active, active.files, CA_FILE):
        return ""
    return (
        f"{CA_FILE} of {active.node.name} was written after its process started; the names in it are the same"
    )


def new_lists(snapshot: Snapshot, member: Member) -> tuple[str, ...]:
    """Revocation lists that were put there after the process started, as sentences: a restart loads them.

    One that was taken away since leaves no trace that could be seen.
    """
    active = snapshot.active(member)
    if not isinstance(active.files, NodeFiles) or not isinstance(active.status, NodeStatus):
        return ()
    started_at = active.status.server.started_at.timestamp()
    synced = ", by a placing or by the sync of the pair," if member.is_pair else ""
    states = (active.files.crl_file, active.files.ha.crl_file if member.is_pair else None)
    return tuple(
        f"{state.path.parent.name}/{state.path.name} of {active.node.name} was written{synced} after its process "
        "started: a restart loads it"
        for state in states
        if state is not None and state.exists and state.changed_at >= started_at
    )
