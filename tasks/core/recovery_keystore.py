"""Where the admin endpoint's own files are, if not where KeyStore leads (T11)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused
from tasks.core.places import data_of
from tasks.core.recovery import Sight
from tasks.core.server_cfg import parse
from tasks.core.snapshot import NodeFiles
from tasks.core.start_load import ADMIN_FILES

Holding = Mapping[
    PurePosixPath, frozenset[str] | None
]  # which of the two a directory holds; None: no directory


@dataclass(frozen=True, slots=True)
class Copied:
    """The two files are copied from `source` to where KeyStore leads."""

    source: PurePosixPath
    keystore: PurePosixPath


@dataclass(frozen=True, slots=True)
class Led:
    """KeyStore is made to lead to `keystore`, where the two files are."""

    keystore: PurePosixPath


KeystoreGoal = Copied | Led


def places_to_look(sight: Sight, former_cfg: bytes) -> tuple[PurePosixPath, ...]:
    """Where KeyStore leads, then where it led before, by the open run, the inventory, the product.

    Args:
        former_cfg: server.cfg of before the open run; b"" where there is none.
    """
    files = sight.seen.files
    effective = files.keystore if isinstance(files, NodeFiles) else None
    former = parse(former_cfg.decode("utf-8", "surrogateescape")).keystore
    usual = data_of(sight.node) / "certificates" / "keystore"
    found = (effective, former, sight.node.paths.keystore, usual)
    return tuple(dict.fromkeys(path for path in found if path is not None and path.is_absolute()))


def choose_keystore(sight: Sight, holding: Holding) -> KeystoreGoal:
    """Copy the two files where there is a directory to copy them to, else lead KeyStore to them.

    Raises:
        Refused: They are nowhere.
    """
    files, name = sight.seen.files, sight.node.name
    effective = files.keystore if isinstance(files, NodeFiles) else None
    sources = [path for path, held in holding.items() if held is not None and held >= set(ADMIN_FILES)]
    if not sources:
        places = ", ".join(map(str, holding))
        raise Refused(
            f"{' and '.join(ADMIN_FILES)} are in none of {places}; nothing was touched",
            node=name,
            remedy=f"restore them there from your backups of {name}, then: fab recover {name}",
        )
    if effective is not None and holding.get(effective) is not None:
        return Copied(sources[0], effective)
    return Led(sources[0])
