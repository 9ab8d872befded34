"""Snapshots for tests of pure rules: a healthy cluster, and what a test changes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.model import Admin, ByRest, BySystemd, Cluster, Limits, Member, Node, Paths, Product, Ssh
from tasks.core.server_cfg import file_sha256, parse
from tasks.core.snapshot import FileState, NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire
from tasks.core.status import Membership, NodeStatus, RemoteMember
from tests.core.certs import BUILTIN_SET, NOW
from tests.core.statuses import NOON, counted, node_status, paired

DATA = PurePosixPath("/var/lib/amlen-server")
KEYSTORE = DATA / "data/certificates/keystore"
TRUSTSTORE = DATA / "data/certificates/truststore"
CFG = f"# kept\nKeyStore = {KEYSTORE}\nTrustedCertificateDir = {TRUSTSTORE}\n"
PLACED_AT = (NOON - timedelta(hours=1)).timestamp()  # an hour before every process started
NO_ANSWER = Unseen("connection refused", "is it running?")
Sets = Mapping[str, CredentialSet]


def single(name: str, *, host: str = "") -> Member:
    return Member(name, (node(name, member=name, host=host),))


def pair(name: str) -> Member:
    """Of NAME1, the primary wherever a test says nothing else, and NAME2."""
    return Member(name, tuple(node(f"{name}{number}", member=name) for number in (1, 2)))


def node(name: str, *, member: str, host: str = "") -> Node:
    return Node(
        name=name,
        member=member,
        host=host or name,
        product=Product.AMLEN,
        ssh=Ssh(),
        admin=Admin(host=host or name, user="admin"),
        paths=Paths(DATA, DATA / "data/config/server.cfg", DATA / "diag/logs"),
        restart_by=ByRest(),
        start_by=BySystemd("imaserver.service"),
        limits=Limits(),
    )


def cluster(*members: Member | str, observer: str | None = None, retired: tuple[str, ...] = ()) -> Cluster:
    """A text stands for a single member."""
    return Cluster(
        key="production",
        cluster_name="MyCluster",
        credentials=Path("credentials/production"),
        members=tuple(single(m) if isinstance(m, str) else m for m in members),
        observer=observer,
        retired=frozenset(retired),
        runs_dir=Path("runs/production"),
        inventory=Path("inventory.yaml"),
        ca_folder=Path("ca/production"),
    )


THREE = cluster("gw-a", "gw-b", "gw-c")
WITH_PAIR = cluster("gw-a", "gw-b", "gw-c", pair("gw-d"))


def healthy(wanted: Cluster = THREE, *, runs: CredentialSet | Sets = BUILTIN_SET) -> Snapshot:
    """Every member connected, in sync, and running with its set; with the built-in pair no file lies there."""
    sets = {m.name: runs if isinstance(runs, CredentialSet) else runs[m.name] for m in wanted.members}
    nodes = {n.name: _node_snapshot(wanted, n, sets[n.member]) for n in wanted.nodes}
    return Snapshot(wanted, NOW, nodes)


def _node_snapshot(wanted: Cluster, one: Node, runs: CredentialSet) -> NodeSnapshot:
    member = wanted.member(one.member)
    standby = member.is_pair and one is member.nodes[1]
    others = [m for m in wanted.members if m is not member]
    ha = paired("STANDBY" if standby else "PRIMARY") if member.is_pair else None
    counts = counted(0, 0, status="Standby") if standby else counted(len(others), len(wanted.retired))
    status = node_status(state=10 if standby else 1, ha=ha, cluster=counts, uid=uid(member.name))
    return NodeSnapshot(
        node=one,
        via="tunnel",
        files=node_files(one, runs),
        status=status,
        membership=membership(control_address=one.host),
        remotes=None if standby else (*map(remote, others), *map(retired_remote, sorted(wanted.retired))),
        wire=None if standby else wire(runs, address=f"{one.host}:9104"),
    )


def uid(member: str) -> str:
    return f"UID-{member}"


def remote(member: Member) -> RemoteMember:
    kind = "Pair" if member.is_pair else "Single"
    return RemoteMember(f"{member.name}:9089", uid(member.name), "Active", "Green", kind)


def retired_remote(gone: str) -> RemoteMember:
    return RemoteMember("gone:9089", gone, "Inactive", "Unknown", "Unknown")


def stranger(gone: str = "UID-X", *, status: str = "Active") -> RemoteMember:
    return RemoteMember("stranger:9089", gone, status, "Green", "Single")


def membership(*, control_address: str = "", seeds: tuple[str, ...] = ()) -> Membership:
    return Membership(
        enabled=True,
        cluster_name="MyCluster",
        use_multicast_discovery=not seeds,
        discovery_server_list=seeds,
        discovery_port=9106,
        discovery_time_s=10,
        control_address=control_address,
        control_port=9104,
        control_external_address="",
        control_external_port=None,
        messaging_address="",
        messaging_port=9105,
        messaging_external_address="",
        messaging_external_port=None,
        messaging_use_tls=True,
        require_certificates=True,
    )


def wire(runs: CredentialSet, *, ca: tuple[Certificate, ...] | None = None, address: str = "h:9104") -> Wire:
    """The built-in pair names itself; a process with a CA file names what is in that."""
    named = runs.ca if ca is None else ca
    return Wire(runs.chain, tuple(dict.fromkeys(c.subject for c in named)), "TLSv1.3", address)


def node_files(one: Node, runs: CredentialSet, *, changed_at: float = PLACED_AT) -> NodeFiles:
    content = {} if runs is BUILTIN_SET else runs.files()
    return NodeFiles(
        clock_offset_s=0.0,
        cfg_path=one.paths.server_cfg,
        cfg=parse(CFG),
        cfg_sha256=file_sha256(CFG),
        keystore=KEYSTORE,
        truststore=TRUSTSTORE,
        service_user="463:463",
        acting="463:463",
        login_uid=0,
        files={
            name: _state((TRUSTSTORE if name == CA_FILE else KEYSTORE) / name, content.get(name), changed_at)
            for name in (CA_FILE, CERT_FILE, KEY_FILE)
        },
        ca_pem=content.get(CA_FILE, b""),
        cert_pem=content.get(CERT_FILE, b""),
        others=("AdminDefaultCert.pem", "AdminDefaultKey.pem"),
        crl_present=False,
        free_bytes=2**30,
        target_fault=None,
        work_entries=(),
    )


def _state(path: PurePosixPath, content: bytes | None, changed_at: float) -> FileState:
    if content is None:
        return FileState(path, None)
    return FileState(path, hashlib.sha256(content).hexdigest(), "463:463", "600", True, changed_at)


def alter(snapshot: Snapshot, name: str, **changes: object) -> Snapshot:
    """The same with another `wire`, `remotes`, … of one node."""
    seen = replace(snapshot.nodes[name], **changes)  # type: ignore[arg-type]
    return replace(snapshot, nodes={**snapshot.nodes, name: seen})


def alter_node(snapshot: Snapshot, name: str, **changes: object) -> Snapshot:
    """Another inventory entry of one node: `paths`, `admin`, …"""
    return alter(snapshot, name, node=replace(snapshot.nodes[name].node, **changes))  # type: ignore[arg-type]


def alter_files(snapshot: Snapshot, name: str, **changes: object) -> Snapshot:
    return alter(snapshot, name, files=replace(files_of(snapshot, name), **changes))  # type: ignore[arg-type]


def alter_file(snapshot: Snapshot, name: str, file: str, **changes: object) -> Snapshot:
    """The FileState of one file."""
    states = files_of(snapshot, name).files
    state = replace(states[file], **changes)  # type: ignore[arg-type]
    return alter_files(snapshot, name, files={**states, file: state})


def alter_cfg(snapshot: Snapshot, name: str, text: str) -> Snapshot:
    """Another server.cfg, with the effective paths that follow from it."""
    cfg = parse(text)
    return alter_files(
        snapshot,
        name,
        cfg=cfg,
        cfg_sha256=file_sha256(text),
        keystore=cfg.keystore,
        truststore=cfg.truststore,
    )


def alter_status(snapshot: Snapshot, name: str, **changes: object) -> Snapshot:
    """Another `server`, `ha` or `cluster` section."""
    return alter(snapshot, name, status=replace(status_of(snapshot, name), **changes))  # type: ignore[arg-type]


def alter_server(snapshot: Snapshot, name: str, **changes: object) -> Snapshot:
    server = replace(status_of(snapshot, name).server, **changes)  # type: ignore[arg-type]
    return alter_status(snapshot, name, server=server)


def alter_membership(snapshot: Snapshot, name: str, **changes: object) -> Snapshot:
    seen = snapshot.nodes[name].membership
    assert isinstance(seen, Membership)
    return alter(snapshot, name, membership=replace(seen, **changes))  # type: ignore[arg-type]


def unreachable(snapshot: Snapshot, name: str) -> Snapshot:
    """SSH fails, and so nothing else of the node is seen."""
    why = Unseen("no route to host", "is it up?")
    return alter(
        snapshot, name, via="", files=why, status=why, membership=why, remotes=None, wire=None, sshd=why
    )


def rest_silent(snapshot: Snapshot, name: str) -> Snapshot:
    return alter(snapshot, name, status=NO_ANSWER, membership=NO_ANSWER, remotes=None, wire=NO_ANSWER)


def also_sees(snapshot: Snapshot, name: str, *more: RemoteMember) -> Snapshot:
    """The node's monitor shows these, too."""
    seen = snapshot.nodes[name].remotes
    assert isinstance(seen, tuple)
    return alter(snapshot, name, remotes=(*seen, *more))


def files_of(snapshot: Snapshot, name: str) -> NodeFiles:
    files = snapshot.nodes[name].files
    assert isinstance(files, NodeFiles)
    return files


def status_of(snapshot: Snapshot, name: str) -> NodeStatus:
    status = snapshot.nodes[name].status
    assert isinstance(status, NodeStatus)
    return status
