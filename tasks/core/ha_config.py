"""HighAvailability as a node is configured; in force since its last restart."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.answer import clean
from tasks.core.dataclass import dataclass

STAND_ALONE = "StandAlone"
DEFAULT_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class HaConfig:
    """GET configuration/HighAvailability. Empty text or 0: not set."""

    enabled: bool = False
    group: str = ""
    startup_mode: str = ""
    local_discovery: str = ""
    remote_discovery: str = ""
    local_replication: str = ""
    discovery_timeout_s: int = DEFAULT_TIMEOUT_S
    preferred_primary: bool = False
    secured: bool = False

    @property
    def stands_alone(self) -> bool:
        """In a pair that is a split brain at the next restart (T8)."""
        return self.startup_mode.lower() == STAND_ALONE.lower()


def read_config(shown: Mapping[str, object]) -> HaConfig:
    """The keys that matter here; one that is absent or null is not set."""
    timeout = shown.get("DiscoveryTimeout")
    return HaConfig(
        enabled=shown.get("EnableHA") is True,
        group=_text(shown, "Group"),
        startup_mode=_text(shown, "StartupMode"),
        local_discovery=_text(shown, "LocalDiscoveryNIC"),
        remote_discovery=_text(shown, "RemoteDiscoveryNIC"),
        local_replication=_text(shown, "LocalReplicationNIC"),
        discovery_timeout_s=timeout if isinstance(timeout, int) and timeout > 0 else DEFAULT_TIMEOUT_S,
        preferred_primary=shown.get("PreferredPrimary") is True,
        secured=shown.get("UseSecuredConnections") is True,
    )


def _text(shown: Mapping[str, object], key: str) -> str:
    value = shown.get(key)
    return clean(value) if isinstance(value, str) else ""
