"""The shape of an inventory: what a mapping is, and its sections about waiting."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tasks.core.inventory_types import Argv, Messages, Seconds
from tasks.core.wanted_queues import Discarded


class Shape(BaseModel):
    """A mapping with known keys only, and values of exactly the right type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LimitsShape(Shape):
    """Hard limits, in seconds."""

    connect_s: Seconds | None = Field(default=None, description="TCP, banner and authentication, each.")
    command_s: Seconds | None = Field(default=None, description="One remote command or transfer.")
    rest_s: Seconds | None = Field(default=None, description="One REST exchange or TLS probe.")
    restart_s: Seconds | None = Field(default=None, description="From the restart request to the gate.")
    stop_s: Seconds | None = Field(default=None, description="A stopped process ends within.")
    return_s: Seconds | None = Field(default=None, description="REST silent this long: start the service.")
    join_s: Seconds | None = Field(default=None, description="Settled servers find each other within.")
    sync_s: Seconds | None = Field(default=None, description="An HA pair is back in sync within.")
    drain_s: Seconds | None = Field(default=None, description="What waited for a member has reached it.")
    settle_s: Seconds | None = Field(default=None, description="A gate must hold this long in a row.")
    poll_s: Seconds | None = Field(default=None, description="Between two looks of a gate.")


class QueuesShape(Shape):
    """What the other members hold for a restarted one (monitor/Cluster: BufferedMsgs, DiscardedMsgs)."""

    margin: Messages | None = Field(
        default=None, description="May wait for it beyond what waited before its restart."
    )
    discarded: Discarded | None = Field(
        default=None, description="Lost messages are reported, or stop the line as well."
    )


class GatesShape(Shape):
    """Your own gates around each restart of a member: commands of this machine, the event on their stdin."""

    before_restart: Argv | None = Field(default=None, description="Has to end with 0 before each restart.")
    after_restart: Argv | None = Field(default=None, description="The same after its gate held.")
    limit_s: Seconds | None = Field(default=None, description="Each ends within.")
