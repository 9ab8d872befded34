"""What a node says over SSH (logs, looks at files, lock owners), whatever it is: values, or RemoteError."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from tasks.core.answer import StatusFault
from tasks.core.errors import RemoteError
from tasks.core.model import Admin
from tasks.core.server_log import dead_admin_lines, parse_log, peer_refusals
from tasks.core.services import parse_container, parse_unit
from tasks.core.snapshot import NodeFiles
from tasks.effects.folders import look_at_folders
from tasks.effects.lock import UNKNOWN, holders
from tasks.effects.looking import look_at_files
from tasks.effects.remote import Completed
from tests.effects.local_remote import LocalRemote, node
from tests.effects.node_tree import Tree, tree
from tests.properties.mutation import hold
from tests.properties.presentable import require_helpful, require_presentable

SINCE = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
DEAD = (
    b"2026-11-22T21:06:06.194Z Server       .          CWLNA0911 E: Unable to create an SSL/TLS context: "
    b'Endpoint="!Forwarder" Error="key values mismatch"\n'
)
LOG = (
    b"2026-11-22T21:06:06.100Z Server       .          CWLNA0900 I: The server was started.\n"
    + DEAD
    + b"2026-11-22T21:06:06.199+01:00 Server       .          CWLNA6120 E: The server could not start. "
    b"Error code is 187.\n"
    b"2026-11-22T21:06:07.000Z ssl.c FMDU21133 10.0.1.5:9104 SSL_accept certificate verify failed\n"
    b"    a line that goes on\n"
)
LOG_PIECES = (
    b"0001-01-01T00:00:00+23:59 x\n",
    b"9999-12-31T23:59:59-23:59 x\n",
    b"2026-99-22T21:06:06.199Z ",
    b"CWLNA0911",
    b"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6",
    b"\xe2\x80\xa8" + DEAD,
    b"\x85",
    b"\x0b",
    b"\x1c",
)
OWNER = (
    b'{"run":"20261122T120000Z-0a1b2c-0001","owner":"ops","host":"bastion","since":"2026-11-22T12:00:00Z"}\n'
)


def test_a_mutated_log_is_read_line_by_line_and_can_be_shown() -> None:
    def check(content: bytes) -> None:
        text = content.decode("utf-8", "replace")
        require_presentable(parse_log(text))
        assert len(parse_log(text)) <= text.count("\n") + 1
        require_presentable(dead_admin_lines(text, since=SINCE), peer_refusals(text, since=SINCE))

    hold("server logs", (LOG, DEAD), check, few=300, pieces=LOG_PIECES)


@dataclass
class Saying(LocalRemote):
    """Says one thing after the other, whatever is asked."""

    said: list[bytes] = field(default_factory=list)

    def run(self, *_: object, **__: object) -> Completed:
        return Completed(0, self.said.pop(0), b"")


@dataclass
class Recording(LocalRemote):
    """Keeps what the real scripts print."""

    printed: list[bytes] = field(default_factory=list)

    def run(self, argv: Sequence[str], **options: object) -> Completed:
        done = super().run(argv, **options)  # type: ignore[arg-type]
        self.printed.append(done.stdout)
        return done


@dataclass
class Looked:
    """A node's answers to both looks, as real scripts gave them."""

    tree: Tree
    files: NodeFiles
    look: bytes
    items: bytes

    @property
    def facts(self) -> bytes:
        """As a second look prints them, where server.cfg names other directories than expected."""
        return self.look.partition(b"facts\n")[2].partition(b"---\n")[0]

    @property
    def elsewhere(self) -> bytes:
        """A first look of that kind."""
        return self.look.replace(b"KeyStore = ", b"KeyStore = /elsewhere")

    def saying(self, *said: bytes) -> Saying:
        return Saying(self.tree.remote.node, said=list(said))


@pytest.fixture
def looked() -> Iterator[Looked]:
    with tree() as made:
        (made.keystore / "AdminDefaultCert.pem").write_bytes(b"admin")
        recording = Recording(made.remote.node, path=made.remote.path)
        files = look_at_files(recording)
        look_at_folders(recording, files, (PurePosixPath(made.keystore), PurePosixPath(made.truststore)))
        yield Looked(made, files, *recording.printed)


PIECES = (
    b"\nfile Cluster_key.pem absent\n",
    b"\nfile Cluster_cert.pem 00 \n",
    b"\ntarget nobody 1 2 3 /\n",
    b"\ncontent64 Cluster_cert.pem =A=\n",
    b"\nother x\xe2\x80\xa8file Cluster_key.pem absent\n",
    b"\nitem file\n",
    b"\nitem what - 0 0:0 600 yes x\n",
    b"\nfolder\n",
    b"---\n",
    b"Welcome to gw-a\n",
    b"now x\n",
    b" ",
    b"  ",
    b"nan",
    b"inf",
    b"1e400",
)
SECOND = b"\x1dsecond\x1d"


def test_mutated_looks_at_files_are_values_or_a_failure_with_a_remedy(looked: Looked) -> None:
    """Login scripts that print, files that go away meanwhile, names that look like answers."""

    def check(content: bytes) -> None:
        look, _, facts = content.partition(SECOND)
        try:
            found = look_at_files(looked.saying(look, facts or looked.facts))
        except RemoteError as error:
            require_helpful(error)
        else:
            assert isinstance(found, NodeFiles)
            assert found.free_bytes >= 0 or found.free_bytes < 0

    assert look_at_files(looked.saying(looked.elsewhere, looked.facts)).keystore != looked.files.keystore
    both = looked.elsewhere + SECOND + looked.facts
    hold("looks at files", (both, looked.look, looked.look), check, few=300, pieces=PIECES)


def test_mutated_looks_at_folders_are_values_or_a_failure_with_a_remedy(looked: Looked) -> None:
    paths = (PurePosixPath(looked.tree.keystore), PurePosixPath(looked.tree.truststore))

    def check(content: bytes) -> None:
        try:
            found = look_at_folders(looked.saying(content), looked.files, paths)
        except RemoteError as error:
            require_helpful(error)
        else:
            assert set(found.by_path) == set(paths)

    hold("looks at folders", (looked.items,), check, few=200, pieces=PIECES)


def test_a_mutated_owner_of_a_lock_is_somebody_or_unknown() -> None:
    remote = Saying(node(Admin("127.0.0.1")))

    def check(content: bytes) -> None:
        remote.said = [content]
        (holder,) = holders([remote]).values()
        require_presentable(holder, str(holder))

    hold(
        "lock owners",
        (OWNER, OWNER, b"", b"null\n", b"[" * 20),
        check,
        few=200,
        pieces=(b'"run":{}', b'"task":1'),
    )
    remote.said = [OWNER]
    assert holders([remote])["gw-a"].owner == "ops"
    remote.said = [b"cut"]
    assert holders([remote])["gw-a"] == UNKNOWN


CONTAINER = (
    b'{"State":{"Status":"running","Running":true,"Restarting":false,"StartedAt":"2026-11-22T12:00:00Z"},'
    b'"Policy":{"Name":"always","MaximumRetryCount":0},'
    b'"Mounts":[{"Type":"bind","Source":"/srv/amlen","Destination":"/var/lib/amlen-server"},'
    b'{"Type":"tmpfs","Destination":"/tmp"}]}\n'
)
UNIT = b"LoadState=loaded\nActiveState=active\nMainPID=123\nExecMainStartTimestampMonotonic=456\n"


def test_what_a_service_manager_says_is_a_standing_or_a_fault() -> None:
    def check(content: bytes) -> None:
        parse_unit(content.decode("utf-8", "replace"))
        try:
            seen = parse_container(content)
        except StatusFault as fault:
            require_presentable(str(fault))
        else:
            require_presentable(seen.standing, seen.policy)
            seen.volume_of(PurePosixPath("/var/lib/amlen-server/data"))

    pieces = (b'"Source":null,', b'"Destination":1,')
    hold("service managers", (CONTAINER, CONTAINER, UNIT), check, few=150, pieces=pieces)
    assert parse_container(CONTAINER).comes_back
    assert parse_unit(UNIT.decode()) is not None
