"""What lay there before a run is put back from the node's own backups; the former key never leaves the node."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.core.errors import RemoteError
from tasks.core.file_names import ABSENT
from tasks.core.former import Kept
from tasks.core.plan import Edit, Plan, Target
from tasks.core.task_names import ROLLBACK
from tasks.effects.files import Delivery, stage, swap_in
from tasks.effects.looking import look_at_files
from tasks.effects.putting_back import kept_by, stage_former
from tasks.effects.remote import Completed
from tasks.effects.run import Run
from tests.effects.live_files import OLD, PAIRS, killed_everywhere, live, seen
from tests.effects.node_tree import (
    CA,
    CERT,
    CFG,
    KEY,
    SHELLS,
    BoundedRemote,
    Tree,
    in_shell,
    mode,
    owner,
    sha256,
    tree,
)
from tests.effects.test_placing import SHARED, migration, moved_to, place_all, swap_all

NEW = SHARED.files()
NOTHING = dict.fromkeys((CA, CERT, KEY), ABSENT)


@dataclass
class Overheard(BoundedRemote):
    """What goes over the connection, in both directions, is kept."""

    said: list[bytes] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        done = super().run(argv, stdin=stdin, privileged=privileged, limit_s=limit_s)
        self.said += [stdin, done.stdout, done.stderr, *(arg.encode() for arg in argv)]
        return done

    def told(self, content: bytes) -> bool:
        """Whether it went over the connection, as it is or in base64."""
        return any(content in one or base64.b64encode(content) in one for one in self.said)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def overheard(node: Tree) -> tuple[Tree, Overheard]:
    remote = Overheard(node.remote.node, path=node.remote.path)
    return dataclasses.replace(node, remote=remote), remote


def migrated(node: Tree, *, keystore: Path | None = None) -> Run:
    """A run that has swapped its set in."""
    run = migration(node, keystore=keystore)
    place_all(run)
    swap_all(run)
    return run


def way_back(
    run: Run,
    files: Mapping[str, str],
    *,
    edits: dict[str, Edit] | None = None,
    bundles: dict[str, str] | None = None,
) -> Plan:
    target = Target(files=dict(files), leaf_sha256="A", leaf_subject="CN=x", not_after="2027")
    changes = {"task": ROLLBACK, "undoes": run.record.id, "targets": {"gw": target}}
    return run.plan.model_copy(update={**changes, "edits": edits or {}, "bundles": bundles or {}})


def hashes(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(content) for name, content in contents.items()}


def backup(node: Tree, run: Run) -> Path:
    return node.data / ".fab-tls" / run.record.id / "backup"


def kept(node: Tree, run: Run) -> Kept | None:
    return kept_by(node.remote, look_at_files(node.remote), run.record.id)


def backed_up(node: Tree) -> Run:
    """A run that has placed its files, and swapped nothing in."""
    run = migration(node)
    place_all(run)
    return run


def stage_old(node: Tree, run: Run) -> dict[str, bytes]:
    """Stage the former files from the run's backup; what lies in their staging places then."""
    at = node.places(run="back")
    stage_former(node.remote, hashes(OLD), at, run=way_back(run, hashes(OLD)), files=seen())
    homes = {CA: at.ca_stage, CERT: at.key_stage, KEY: at.key_stage}
    return {name: Path(home / name).read_bytes() for name, home in homes.items()}


class TestBackups:
    def test_a_backup_tells_of_every_file_and_of_the_key_its_hash_alone(self, node: Tree) -> None:
        cfg = node.cfg.read_bytes()
        run = migrated(node)
        listening, line = overheard(node)
        found = kept(listening, run)
        assert found == Kept(hashes(OLD), OLD[CA], OLD[CERT], cfg)
        assert line.told(OLD[CA])
        assert line.told(OLD[CERT])
        assert not line.told(OLD[KEY])

    def test_what_was_not_there_is_known_to_have_been_absent(self, node: Tree) -> None:
        for path in (node.truststore / CA, node.keystore / CERT, node.keystore / KEY):
            path.unlink()
        found = kept(node, migrated(node))
        assert found is not None
        assert (found.files, found.ca_pem, found.cert_pem) == (NOTHING, b"", b"")
        assert not found.has_pair

    def test_without_a_backup_or_with_half_of_one_there_is_none(self, node: Tree) -> None:
        run = migration(node)
        assert kept(node, run) is None
        place_all(run)
        assert kept(node, run) is not None
        (backup(node, run) / "complete").unlink()
        assert kept(node, run) is None

    @pytest.mark.parametrize("shell", tuple(SHELLS.values()), ids=tuple(SHELLS))
    def test_every_shell_reads_it_and_stages_from_it(self, node: Tree, shell: tuple[str, ...]) -> None:
        run = backed_up(node)
        there = in_shell(node, *shell)
        assert kept(there, run) == Kept(hashes(OLD), OLD[CA], OLD[CERT], node.cfg.read_bytes())
        assert stage_old(there, run) == OLD


class TestPuttingBack:
    def test_the_former_files_are_live_again_and_the_key_never_left_the_node(self, node: Tree) -> None:
        run = migrated(node)
        assert live(node) == NEW
        listening, line = overheard(node)
        rollback = migration(listening, plan=way_back(run, hashes(OLD)))
        place_all(rollback)
        assert live(node) == NEW
        swap_all(rollback)
        assert live(node) == OLD
        assert (mode(node.keystore / KEY), owner(node.keystore / KEY)) == ("600", node.user)
        assert not line.told(OLD[KEY])
        assert not line.told(NEW[KEY])
        assert line.told(OLD[CA])  # a look shows certificates

    def test_files_that_were_not_there_are_removed_and_no_mark_is_left(self, node: Tree) -> None:
        for path in (node.truststore / CA, node.keystore / CERT, node.keystore / KEY):
            path.unlink()
        run = migrated(node)
        rollback = migration(node, plan=way_back(run, NOTHING))
        place_all(rollback)
        assert live(node) == NEW
        swap_all(rollback)
        assert live(node) == {}
        assert [path for path in node.data.rglob("*.absent") if path.parent.name != "backup"] == []
        swap_all(rollback)  # again, as after a kill
        assert live(node) == {}

    def test_a_ca_file_of_the_way_back_comes_from_its_plan(self, node: Tree) -> None:
        run = migrated(node)
        both = NEW[CA] + b"# and the other\n"
        plan = way_back(run, {**hashes(NEW), CA: sha256(both)}, bundles={sha256(both): both.decode()})
        rollback = migration(node, plan=plan)
        place_all(rollback)
        swap_all(rollback)
        assert live(node) == {**NEW, CA: both}

    def test_server_cfg_and_the_keystore_of_then_are_back_to_the_last_byte(self, node: Tree) -> None:
        cfg = node.cfg.read_bytes()
        other = node.root / "amlen" / "keys"
        edit = moved_to(node, other)
        run = migrated(node, keystore=other)
        assert node.cfg.read_bytes() != cfg
        back = edit.model_copy(
            update={
                "keystore": str(node.keystore),
                "old_sha256": edit.new_sha256,
                "new_sha256": edit.old_sha256,
            }
        )
        rollback = migration(node, plan=way_back(run, hashes(OLD), edits={"gw-a": back}))
        place_all(rollback)
        assert node.cfg.read_bytes() != cfg
        swap_all(rollback)
        assert node.cfg.read_bytes() == cfg
        assert live(node) == OLD

    @pytest.mark.parametrize("name", [KEY, CA])
    def test_a_backup_that_was_changed_or_is_gone_is_none(self, node: Tree, name: str) -> None:
        run = backed_up(node)
        assert stage_old(node, run) == OLD
        kept_file = backup(node, run) / name
        for damage in (lambda: kept_file.write_bytes(b"another"), kept_file.unlink):
            damage()
            with pytest.raises(RemoteError, match=f"no backup of {name} has SHA-256 {sha256(OLD[name])}"):
                stage_old(node, run)

    def test_what_is_lost_of_the_first_backup_may_be_in_that_of_the_rollback_itself(self, node: Tree) -> None:
        """A member that never left was backed up with its old files once more when the way back began."""
        run = backed_up(node)
        rollback = migration(node, plan=way_back(run, hashes(OLD)))
        place_all(rollback)
        (backup(node, run) / KEY).unlink()
        node.write(node.keystore / KEY, b"lost")
        place_all(rollback)
        swap_all(rollback)
        assert live(node) == OLD


def to_nothing(node: Tree) -> None:
    """Marks are staged for all three, and swapped in."""
    at = node.places()
    homes = {CA: at.ca_stage, CERT: at.key_stage, KEY: at.key_stage}
    if not Path(at.key_stage).exists():
        marks = [Delivery(home / f"{name}.absent", b"", sha256(b"")) for name, home in homes.items()]
        calm = node.with_path(Path("/"))
        stage(calm.remote, marks, acting=node.acting, owner=node.user)
    swap_in(node.remote, at, wanted=NOTHING, files=seen())


def test_a_removal_that_is_broken_off_anywhere_leaves_at_worst_no_key() -> None:
    states = []

    def attempt(node: Tree) -> None:
        to_nothing(node)
        assert live(node) == {}

    def look(node: Tree) -> None:
        files = live(node)
        states.append(frozenset(files))
        assert KEY not in files or (files[CERT], files[KEY]) in PAIRS
        assert KEY not in files or CA in files  # a pair without a CA file joins nobody (T3)

    assert killed_everywhere(attempt, look) >= 4
    assert {frozenset(OLD) - {KEY}, frozenset({CA}), frozenset()} <= set(states)


def test_a_lost_place_of_server_cfg_is_named(node: Tree) -> None:
    run = migrated(node)
    back = moved_to(node, node.root / "elsewhere").model_copy(update={"old_sha256": "0" * 64})
    rollback = migration(node, plan=way_back(run, hashes(OLD), edits={"gw-a": back}))
    with pytest.raises(RemoteError, match=f"{CFG} was changed since the plan was made"):
        place_all(rollback)
    assert live(node) == NEW
