"""What lies on a node: one look at its server.cfg and at the files that it names."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

from tasks.core.answer import clean
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA
from tasks.core.model import ExecFiles, Node
from tasks.core.places import data_of
from tasks.core.server_cfg import file_sha256
from tasks.core.snapshot import NodeFiles
from tasks.effects import look_scripts
from tasks.effects.file_access import seen_by_server, sh, understood
from tasks.effects.file_config import END_OF_FACTS, ConfigSeen, config_args, config_of, read_config
from tasks.effects.file_facts import Facts, facts_of, marker_of, paths_said, set_files
from tasks.effects.file_rights import rights_of
from tasks.effects.remote import Remote


def look_at_files(remote: Remote) -> NodeFiles:
    """What lies on the node now.

    Raises:
        RemoteError: server.cfg is not there or not readable, a command failed, or a symbolic link leads
            out of the volume.
    """
    return look_with(remote, NOTHING_MORE).files


@dataclass(frozen=True, slots=True)
class More:
    """What the one command that looks at the files can be asked for besides; not inside a container.

    Args:
        work: The work directory whose lock is asked for.
        start: How the server would be started (systemd or command), and the unit or the command.
    """

    work: PurePosixPath | None = None
    start: tuple[str, str] = ("", "")


NOTHING_MORE = More()


@dataclass(frozen=True, slots=True)
class Looked:
    """What lies on the node, and what was asked for besides.

    Args:
        lock: The lock's owner as it stands there; None where it is free.
        start: The exit status of the look at what would start the server, and what it said; None: not looked at.
    """

    files: NodeFiles
    lock: str | None = None
    start: tuple[int, str] | None = None


def look_with(remote: Remote, more: More) -> Looked:
    """As `look_at_files`, in one command where server.cfg names what is expected; in two where it does not."""
    node = remote.node
    if isinstance(node.files_by, ExecFiles):
        return Looked(_in_two(remote))
    keystore, truststore = _expected(node)
    asked_at = time.time()
    said = sh(
        remote,
        look_scripts.LOOK,
        *(*config_args(node), keystore, truststore, more.work or "", *more.start),
        *dict.fromkeys((keystore, truststore)),
        what=_LOOK,
    )
    with understood(remote, _LOOK):
        printed, _, content = said.stdout.partition(END_OF_FACTS)
        head, _, rest = printed.partition(_BEGIN_OF_FACTS)
        config = config_of(node, head, content, asked_at=asked_at)
        facts = facts_of(rest.decode("utf-8", "replace"))
        lock = next((value for key, value in facts if key == "lock"), None)
        start = next((_started(value) for key, value in facts if key == "start"), None)
        if (config.keystore, config.truststore) != (keystore, truststore):
            return Looked(_as_named(remote, config), lock, start)
        targets = tuple(dict.fromkeys((keystore, truststore, config.path.parent)))
        return Looked(_seen(node, config, facts, targets=targets), lock, start)


_BEGIN_OF_FACTS = b"\nfacts\n"
_LOOK = "look at server.cfg and its files"


def _expected(node: Node) -> tuple[PurePosixPath, PurePosixPath]:
    """What server.cfg names on most nodes: what the inventory wants, or the directories that it is shipped with."""
    shipped = data_of(node) / "certificates"
    return node.paths.keystore or shipped / "keystore", node.paths.truststore or shipped / "truststore"


def _started(value: str) -> tuple[int, str]:
    code, _, said = value.partition(" ")
    return int(code), clean(said)


def _in_two(remote: Remote) -> NodeFiles:
    return _as_named(remote, read_config(remote))


def _as_named(remote: Remote, config: ConfigSeen) -> NodeFiles:
    """The files where server.cfg says that they are."""
    node = remote.node
    wanted = (node.paths.keystore or config.keystore, node.paths.truststore or config.truststore)
    targets = tuple(dict.fromkeys((*wanted, config.path.parent)))
    said = sh(
        remote,
        look_scripts.FACTS,
        config.user,
        *(config.keystore, config.truststore, config.data, *targets),
        acting=config.user if isinstance(node.files_by, ExecFiles) else "",
        what="look at files",
    )
    with understood(remote, "look at files"):
        return _seen(node, config, facts_of(said.text), targets=targets)


def _seen(node: Node, config: ConfigSeen, facts: Facts, *, targets: tuple[PurePosixPath, ...]) -> NodeFiles:
    reals = tuple(
        seen_by_server(node, path, root=config.root)
        for path in (*paths_said(facts, "effective"), *paths_said(facts, "real"))
    )
    own = {node.paths.data_dir: config.home, data_of(node): config.data, node.paths.server_cfg: config.path}
    real = dict(zip(targets, reals[2:], strict=True)) | own
    rights = rights_of(facts, config)
    cluster, ha = (
        set_files(facts, names, keystore=config.keystore, truststore=config.truststore)
        for names in (CLUSTER, HA)
    )
    return NodeFiles(
        clock_offset_s=config.clock_offset_s,
        cfg_path=config.path,
        cfg=config.cfg,
        cfg_sha256=file_sha256(config.cfg.text),
        keystore=config.cfg.keystore,
        truststore=config.cfg.truststore,
        service_user=config.user,
        acting=rights.acting,
        login_uid=config.uid,
        files=cluster.files,
        ca_pem=cluster.ca_pem,
        cert_pem=cluster.cert_pem,
        others=tuple(value for key, value in facts if key == "other"),
        crl_present=any(key == "crl" for key, _ in facts),
        free_bytes=rights.free_bytes,
        target_fault=rights.fault,
        restart_marker=marker_of(node, facts),
        work_entries=tuple(value for key, value in facts if key == "work" and not value.endswith("/lock")),
        ha=ha,
        real=real,
        crl=cluster.crl,
        crl_file=cluster.crl_file,
    )
