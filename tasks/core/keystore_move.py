"""One node's keystore on its way to another place: what was seen of both, and what would change."""

from __future__ import annotations

from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.folders import Difference, Folder, State, differences
from tasks.core.model import Node
from tasks.core.places import data_of
from tasks.core.server_cfg import edit
from tasks.core.snapshot import NodeFiles


@dataclass(frozen=True, slots=True)
class Move:
    """A directory that server.cfg names, and the one that it shall name.

    Args:
        what: "keystore" or "truststore".
        old: None where server.cfg names none.
    """

    what: str
    old: Folder | None
    new: Folder

    @property
    def renames(self) -> bool:
        """Whether server.cfg has to name another path."""
        return self.old is None or self.old.path != self.new.path

    @property
    def source(self) -> Folder | None:
        """The directory whose files go along; None where nothing is to be carried."""
        old = self.old
        return old if old and old.state is State.DIRECTORY and old.real != self.new.real else None

    def shortfall(self) -> tuple[Difference, ...]:
        """What the new directory lacks of the old one, or has otherwise."""
        return tuple(differences(self.source, self.new)) if self.source else ()


@dataclass(frozen=True, slots=True)
class Moving:
    """One node. `truststore` is None where it stays."""

    node: Node
    files: NodeFiles
    keystore: Move
    truststore: Move | None = None

    @property
    def moves(self) -> tuple[Move, ...]:
        return (self.keystore, self.truststore) if self.truststore else (self.keystore,)

    @property
    def text(self) -> str:
        """server.cfg as it shall be."""
        truststore = self.truststore.new.path if self.truststore else None
        return edit(self.files.cfg.text, keystore=self.keystore.new.path, truststore=truststore)

    @property
    def in_pair(self) -> bool:
        return self.node.member != self.node.name

    @property
    def acting(self) -> str:
        """Who carries, as "uid:gid": the service user, unless only root can keep the files' owners."""
        root_may = self.files.login_uid == 0
        return "0:0" if root_may and foreign_owners(self) else self.files.acting

    def is_synced(self, path: PurePosixPath) -> bool:
        """Whether HA sync carries this resolved path to a standby (T7)."""
        return path.is_relative_to(self.files.resolved(data_of(self.node)) / "certificates")


def foreign_owners(moving: Moving) -> tuple[str, ...]:
    """Files to be carried that do not belong to the service user: "NAME (uid:gid)"."""
    return tuple(
        f"{item.name} ({item.owner})"
        for move in moving.moves
        if move.source
        for item in move.source.items
        if item.owner not in (moving.files.service_user, "-") and item.name not in move.new.by_name
    )
