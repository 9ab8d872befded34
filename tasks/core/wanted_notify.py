"""Who is told what happens in a run, beside the screen."""

from __future__ import annotations

from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.secret_refs import SecretRef

Argv = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are posted.

    Args:
        url: Itself, or where it is found: it may hold a token.
        on: The kinds of events.
        ca: Of its certificate; None: the system's trust store.
        headers: Name and value of each.
    """

    url: str | SecretRef
    on: frozenset[str] = frozenset({"failed", "done"})
    ca: Path | None = None
    headers: tuple[tuple[str, SecretRef], ...] = ()


@dataclass(frozen=True, slots=True)
class WantedNotify:
    """The `notify` section, resolved.

    Args:
        hooks: By kind of event, the command that gets it on its standard input.
        limit_s: For one notification; and, at the end of a run, for all that are under way.
        waiting_long_s: A wait that lasts longer is told, once.
        folder: The inventory's: commands run there.
    """

    hooks: tuple[tuple[str, Argv], ...] = ()
    limit_s: float = 10.0
    waiting_long_s: float = 120.0
    webhook: Webhook | None = None
    folder: Path = Path(".")

    @property
    def is_silent(self) -> bool:
        return not self.hooks and self.webhook is None


SILENT = WantedNotify()
