"""What can be wrong with a node, as far as `fab recover` goes: four things, and all the rest."""

from __future__ import annotations

from tasks.core.dataclass import dataclass
from tasks.core.recovery_process import Process


@dataclass(frozen=True, slots=True)
class Sound:
    """Nothing is wrong."""

    words: str


@dataclass(frozen=True, slots=True)
class Dead:
    """T1: no TLS context, so it listens on nothing."""

    process: Process
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoAdminFiles:
    """T11: the cluster's ports are up, the admin API is not; its own files are not where KeyStore leads."""

    process: Process
    keystore: str


@dataclass(frozen=True, slots=True)
class NoStore:
    """T5: maintenance, because the store is not available after an unclean end."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """T5: maintenance without an error: somebody has asked for it."""


@dataclass(frozen=True, slots=True)
class LostBySync:
    """T7: the sync gave the standby its primary's files, and those are the former ones.

    Args:
        round: Of the open run, whose files were swapped in last.
    """

    member: str
    primary: str
    standby: str
    round: int


@dataclass(frozen=True, slots=True)
class Down:
    """Our own recovery ended its process and came no further."""


@dataclass(frozen=True, slots=True)
class Other:
    """Something that is not for `fab recover`."""

    problem: str
    remedy: str


Diagnosis = Sound | Dead | NoAdminFiles | NoStore | SetAside | LostBySync | Down | Other
