"""What a plan needs to know of the credentials that a member is to run with: new ones, or those of before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tasks.core.certificates import Certificate
from tasks.core.trust import Loaded


class WantedSet(Protocol):
    @property
    def leaf(self) -> Certificate: ...

    @property
    def ca(self) -> tuple[Certificate, ...]: ...

    @property
    def loaded(self) -> Loaded:
        """What a server's process has that started with it."""
        ...

    @property
    def sha256(self) -> Mapping[str, str]:
        """By file name; ABSENT for one that is not to be there."""
        ...
