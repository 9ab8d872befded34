"""Whether a server would work with what a start would load from its disk.

Nothing is re-read at run time: what was put there since the process started comes into force with any
restart, asked for or not (AMLEN.md T1, T2, T3, T11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha256

from tasks.core.certificates import CertificateFault, is_builtin, parse_pem_chain
from tasks.core.credential_rules import leaf_findings
from tasks.core.file_names import CA_FILE, CERT_FILE, CLUSTER, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.model import Node
from tasks.core.pem import pem_blocks
from tasks.core.pending import chain_on_disk, has_own_pair, older
from tasks.core.revocation_reading import ListFault, parse_list
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.start_trust import alone_after_start

ADMIN_FILES = ("AdminDefaultCert.pem", "AdminDefaultKey.pem")
_PLACE = "place a set that works: fab migrate-cluster; nothing was restarted"
_NO_LIST = "fab credentials.crl --place puts a list there, --remove takes it off; nothing was restarted"
_EMPTY_SHA256 = sha256(b"").hexdigest()


class KeyLook(StrEnum):
    """What the node itself says of a key beside its certificate; only public keys were compared."""

    MATCHES = "matches"
    OTHER = "other"  # both readable, of different pairs
    ENCRYPTED = "encrypted"
    BROKEN = "broken"  # one of the two cannot be read by OpenSSL
    UNSEEN = "unseen"  # no openssl on the node


Keys = Mapping[str, KeyLook]  # by node


def start_findings(snapshot: Snapshot, nodes: Iterable[Node], keys: Keys) -> Iterator[Finding]:
    """Why one of these nodes must not be restarted: what lies on its disk would not work.

    Args:
        nodes: Those to be restarted.
        keys: Of each that has both files.
    """
    for node in nodes:
        seen = snapshot.nodes[node.name]
        if isinstance(seen.files, NodeFiles):
            yield from _admin_files(seen, seen.files)
            yield from _pair(snapshot, seen, seen.files, keys)


def _error(name: str, where: str, problem: str, remedy: str = _PLACE) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)


def _admin_files(seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    lacking = [name for name in ADMIN_FILES if name not in files.others]
    if files.keystore is None or lacking:
        what = (
            "server.cfg names no KeyStore" if files.keystore is None else f"no {' and '.join(lacking)} in it"
        )
        where = f"keystore {files.keystore}: " if files.keystore else ""
        yield _error(
            "start-unreachable",
            seen.node.name,
            f"{where}{what}: after a restart the admin API would not come up (T11)",
            "fab config.show; correct KeyStore in server.cfg, or copy the files there",
        )


def _pair(snapshot: Snapshot, seen: NodeSnapshot, files: NodeFiles, keys: Keys) -> Iterator[Finding]:
    name = seen.node.name
    fault = _fallback(seen, files)
    if fault:
        yield _error("start-fallback", name, f"{fault}: a restart would fall back to the built-in pair (T2)")
    if fault or not has_own_pair(files):
        return
    try:
        chain = parse_pem_chain(files.cert_pem)
    except CertificateFault as error:
        yield _dead(name, f"{CERT_FILE}: {error.reason}")
        return
    yield from (_dead(name, f"{CERT_FILE}: {c.subject}: {c.level_fault}") for c in chain if c.level_fault)
    yield from _key(snapshot, seen, files, keys)
    yield from _ca(seen, files)
    yield from _list(seen, files)
    if reason := alone_after_start(snapshot, seen, chain):
        text = f"{CERT_FILE} and {CA_FILE} connect it with nobody, not even with their own kind: it {reason}"
        yield _error("start-alone", name, f"{text}: after a restart it would silently stay alone")
    if isinstance(seen.wire, Wire) and seen.wire.leaf != chain[0]:
        found = (f for f in leaf_findings(name, chain=chain) if f.severity is Severity.ERROR)
        yield from (f for f in found if f.name != "too-weak")  # said above


def _dead(name: str, trouble: str, remedy: str = _PLACE) -> Finding:
    return _error("start-dead", name, f"{trouble}: a restart would listen on nothing (T1)", remedy)


def _fallback(seen: NodeSnapshot, files: NodeFiles) -> str:
    """Why the pair could not be opened; "" if it could, or if there is none and none was ever in use."""
    states = {name: files.files[name] for name in (CERT_FILE, KEY_FILE)}
    absent = [name for name, state in states.items() if not state.exists]
    unreadable = [name for name, state in states.items() if state.exists and not state.readable]
    if unreadable:
        return f"{' and '.join(unreadable)} cannot be read by the service user"
    if len(absent) == 1:
        return f"{absent[0]} is missing"
    own = isinstance(seen.wire, Wire) and not is_builtin(seen.wire.leaf)
    return f"{' and '.join(absent)} are missing" if absent and own else ""


def _key(snapshot: Snapshot, seen: NodeSnapshot, files: NodeFiles, keys: Keys) -> Iterator[Finding]:
    name = seen.node.name
    trouble = {
        KeyLook.OTHER: f"{KEY_FILE} does not belong to {CERT_FILE}",
        KeyLook.ENCRYPTED: f"{KEY_FILE} is encrypted",
        KeyLook.BROKEN: f"{KEY_FILE} or {CERT_FILE} cannot be read by OpenSSL",
    }.get(keys.get(name, KeyLook.UNSEEN))
    if trouble:
        yield _dead(name, trouble)
    elif keys.get(name, KeyLook.UNSEEN) is KeyLook.UNSEEN and not _proven_by_use(snapshot, seen, files, keys):
        yield _error(
            "key-unproven",
            name,
            f"there is no openssl on the node to compare {KEY_FILE} with {CERT_FILE}, and one of them was "
            "changed since the process started: a pair that does not match would listen on nothing (T1)",
            "install openssl on the node, or place the set again: fab migrate-cluster",
        )


def _proven_by_use(snapshot: Snapshot, seen: NodeSnapshot, files: NodeFiles, keys: Keys) -> bool:
    """The process serves this certificate and is younger than both files; or the node's partner is proven."""
    active = snapshot.active(snapshot.cluster.member(seen.node.member))
    if active.node.name != seen.node.name:
        if not isinstance(active.files, NodeFiles):
            return False
        same = all(files.files[n].sha256 == active.files.files[n].sha256 for n in (CERT_FILE, KEY_FILE))
        known = keys.get(active.node.name) is KeyLook.MATCHES
        return same and (known or _proven_by_use(snapshot, active, active.files, keys))
    serves = isinstance(seen.wire, Wire) and chain_on_disk(files)[:1] == (seen.wire.leaf,)
    return serves and all(older(seen, files, name) for name in (CERT_FILE, KEY_FILE))


def _ca(seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    state = files.files[CA_FILE]
    if not state.exists or not state.readable:
        what = "cannot be read by the service user" if state.exists else "is missing"
        yield _error(
            "start-alone", seen.node.name, f"{CA_FILE} {what}: after a restart it trusts nobody (T3)"
        )
        return
    if _only_lists(files.ca_pem):
        text = (
            f"{CA_FILE} holds no certificate, only a revocation list: after a restart it trusts nobody (T3)"
        )
        yield _error("start-alone", seen.node.name, text)
        return
    try:
        parse_pem_chain(files.ca_pem)
    except CertificateFault as error:
        yield _dead(seen.node.name, f"{CA_FILE}: {error.reason}")


def _only_lists(pem: bytes) -> bool:
    """OpenSSL loads such a CA file, and nobody is trusted by it."""
    labels = [block.label for block in pem_blocks(pem)]
    return "X509 CRL" in labels and not any(label.endswith("CERTIFICATE") for label in labels)


def _list(seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    """A revocation list that the server could not load; one that refuses clients is found by the checks."""
    state, name = files.crl_file, seen.node.name
    if not files.crl_present:
        return
    if state is not None and not state.readable and files.files[CA_FILE].readable:
        yield _dead(name, f"{CLUSTER.crl} cannot be read by the service user", _NO_LIST)
    elif state is not None and state.sha256 == _EMPTY_SHA256:
        yield _dead(name, f"{CLUSTER.crl} is empty", _NO_LIST)
    elif files.crl and (fault := _list_fault(files.crl)):
        yield _dead(name, f"{CLUSTER.crl}: {fault}", _NO_LIST)


def _list_fault(data: bytes) -> str:
    try:
        parse_list(data)
    except ListFault as fault:
        return fault.reason
    return ""
