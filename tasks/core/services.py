"""What a service manager says of the server's process: systemd of a unit, docker or podman of a container."""

from __future__ import annotations

from pathlib import PurePosixPath

from tasks.core.answer import Section, parse_object
from tasks.core.dataclass import dataclass
from tasks.core.model import Volume

# What `systemctl show --property=` and `inspect --format` are asked for: nothing of the environment.
UNIT_PROPERTIES = "LoadState,ActiveState,MainPID,ExecMainStartTimestampMonotonic"
CONTAINER_FORMAT = (
    '{"State":{{json .State}},"Policy":{{json .HostConfig.RestartPolicy}},"Mounts":{{json .Mounts}}}'
)
_ENDED = ("inactive", "failed")
_NEVER_BACK = ("", "no")


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether it is up, and since when.

    Args:
        up: It has not ended; a manager that is about to start it again counts as up.
        since: Another text is another start; nothing else is to be read from it. "": it runs nothing.
        words: The state in the manager's own words.
    """

    up: bool
    since: str
    words: str


@dataclass(frozen=True, slots=True)
class ContainerSeen:
    """One container as its engine describes it."""

    standing: Standing
    policy: str  # "no", "always", "on-failure", "unless-stopped"
    volumes: tuple[Volume, ...]

    @property
    def comes_back(self) -> bool:
        """Whether the engine starts it again by itself when it ends in order."""
        return self.policy not in (*_NEVER_BACK, "on-failure")

    def volume_of(self, path: PurePosixPath) -> Volume | None:
        """The volume that a path of the container lies in; of nested ones the innermost.

        None where the host has no such directory: in none, or in one that is in memory alone.
        """
        holding = (each for each in self.volumes if path.is_relative_to(each.container))
        found = max(holding, key=lambda each: len(each.container.parts), default=None)
        return found if found is not None and found.host.is_absolute() else None


def parse_container(body: bytes) -> ContainerSeen:
    """The answer to `inspect --format CONTAINER_FORMAT`.

    Raises:
        StatusFault: It does not say what was asked.
    """
    answer = parse_object(body)
    state = answer.section("State")
    restarting = state.has("Restarting") and state.boolean("Restarting")
    return ContainerSeen(
        standing=Standing(
            up=state.boolean("Running") or restarting,
            since=state.text_or_empty("StartedAt"),
            words=state.text_or_empty("Status") or ("running" if state.boolean("Running") else "exited"),
        ),
        policy=answer.section("Policy").text_or_empty("Name"),
        volumes=tuple(_volume(each) for each in answer.sections("Mounts")),
    )


def _volume(mount: Section) -> Volume:
    """A tmpfs has no source; it still lies over what is outside of it."""
    return Volume(PurePosixPath(mount.text_or_empty("Source")), PurePosixPath(mount.text("Destination")))


def parse_unit(text: str) -> Standing | None:
    """The answer to `systemctl show --property=UNIT_PROPERTIES`; None where there is no such unit."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    state = found.get("ActiveState", "")
    if found.get("LoadState") != "loaded" or not state:
        return None
    process, started = found.get("MainPID", "0"), found.get("ExecMainStartTimestampMonotonic", "")
    since = "" if process == "0" else f"{process} {started}"
    return Standing(up=state not in _ENDED, since=since, words=state)
