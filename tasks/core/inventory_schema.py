"""The shape of an inventory, as it is written: every key, with its meaning.

Defaults are those of core/model.py; here None means "not said on this level".
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.core.inventory_limits import GatesShape as GatesShape
from tasks.core.inventory_limits import LimitsShape as LimitsShape
from tasks.core.inventory_limits import QueuesShape as QueuesShape
from tasks.core.inventory_limits import Shape as Shape
from tasks.core.inventory_notify_shape import NotifyShape
from tasks.core.inventory_types import (
    Account,
    Gateway,
    Host,
    IpLiteral,
    LocalPath,
    Login,
    Port,
    ProgramWord,
    RemotePath,
    RestartWord,
    Secret,
    StartWord,
    WholeSeconds,
    Words,
)


class SshShape(Shape):
    """How to log in; what is not said is as `ssh HOST` would do it."""

    user: Login | None = Field(default=None, description="Login name.")
    port: Port | None = Field(default=None, description="Port of sshd.")
    key_file: LocalPath | None = Field(default=None, description="Private key on this machine.")
    password: Secret | None = Field(default=None, description="Login password, as a reference.")
    passphrase: Secret | None = Field(default=None, description="Passphrase of the key, as a reference.")
    gateway: Gateway | None = Field(default=None, description="[user@]host[:port], hops joined by commas.")
    sudo: bool | None = Field(default=None, description="Whether privileged commands run by sudo.")
    sudo_password: Secret | None = Field(default=None, description="Password for sudo, as a reference.")
    known_hosts: LocalPath | None = Field(default=None, description="Known host keys on this machine.")
    config: LocalPath | None = Field(default=None, description="SSH configuration on this machine.")
    agent: bool | None = Field(default=None, description="Whether the SSH agent may be asked.")


class AdminShape(Shape):
    """The admin REST endpoint, as the node itself reaches it."""

    host: Host | None = Field(default=None, description="Address of the admin endpoint.")
    port: Port | None = Field(default=None, description="Port of the admin endpoint.")
    scheme: Literal["http", "https"] | None = Field(default=None, description="Plain or TLS.")
    user: Account | None = Field(default=None, description="AdminUserID; needs a password.")
    password: Secret | None = Field(default=None, description="AdminUserPassword, as a reference.")
    ca: LocalPath | None = Field(default=None, description="CA file for the endpoint's certificate.")
    verify: bool | None = Field(default=None, description="Whether that certificate is verified.")
    via: Literal["auto", "tunnel", "exec", "direct"] | None = Field(
        default=None, description="How it is reached."
    )


class VolumeShape(Shape):
    """A directory of the host that the container sees under another path."""

    host: RemotePath | None = Field(default=None, description="The directory on the host.")
    container: RemotePath | None = Field(default=None, description="Its path inside; unset: data_dir.")


class ServiceShape(Shape):
    """How the server process is restarted and started."""

    restart: RestartWord | None = Field(
        default=None, description="rest, systemd, docker, podman or a command."
    )
    start: StartWord | None = Field(default=None, description="systemd, docker, podman or a command.")
    unit: ProgramWord | None = Field(default=None, description="The systemd unit.")
    container: ProgramWord | None = Field(default=None, description="The container's name.")
    files: Literal["host", "docker", "podman"] | None = Field(
        default=None, description="Files are worked on from the host, or in the container by exec."
    )
    volume: VolumeShape | None = Field(default=None, description="Where the host has the container's files.")


class MembershipShape(Shape):
    """A node's place in its cluster: what `fab cluster.create` and `cluster.join` configure."""

    control_address: IpLiteral | None = Field(default=None, description="Address of the control channel.")
    control_port: Port | None = Field(default=None, description="Port of the control channel.")
    control_external_address: IpLiteral | None = Field(
        default=None, description="The same as other members reach it."
    )
    control_external_port: Port | None = Field(default=None, description="The same for its port.")
    messaging_address: IpLiteral | None = Field(default=None, description="Address for messages.")
    messaging_port: Port | None = Field(default=None, description="Port for messages.")
    messaging_external_address: Host | None = Field(
        default=None, description="The same as other members reach it."
    )
    messaging_external_port: Port | None = Field(default=None, description="The same for its port.")
    messaging_use_tls: bool | None = Field(
        default=None, description="MessagingUseTLS; messages stay in clear text in this version."
    )
    require_certificates: bool | None = Field(default=None, description="RequireCertificates.")
    multicast: bool | None = Field(default=None, description="Find members by multicast, not by a list.")
    discovery_port: Port | None = Field(default=None, description="UDP port of multicast discovery.")
    discovery_time_s: WholeSeconds | None = Field(default=None, description="DiscoveryTime.")


class HaShape(Shape):
    """A node's place in its HA pair: what `fab ha.create` configures."""

    group: Words | None = Field(default=None, description="Group; unset: the member's name.")
    discovery_address: IpLiteral | None = Field(default=None, description="LocalDiscoveryNIC.")
    discovery_port: Port | None = Field(default=None, description="Where the node listens for the other.")
    replication_address: IpLiteral | None = Field(default=None, description="LocalReplicationNIC.")
    replication_port: Port | None = Field(default=None, description="ReplicationPort.")
    external_replication_address: IpLiteral | None = Field(
        default=None, description="ExternalReplicationNIC."
    )
    external_replication_port: Port | None = Field(default=None, description="ExternalReplicationPort.")
    preferred_primary: bool | None = Field(default=None, description="PreferredPrimary: of one node.")
    secured: bool | None = Field(default=None, description="UseSecuredConnections.")
    require_certificates: bool | None = Field(default=None, description="RequireCertificates of the pair.")
    discovery_timeout_s: WholeSeconds | None = Field(default=None, description="DiscoveryTimeout.")
    heartbeat_timeout_s: WholeSeconds | None = Field(default=None, description="HeartbeatTimeout.")


class Settings(Shape):
    """What may stand on every level; the narrower level wins, key by key."""

    product: Literal["amlen", "messagesight"] | None = Field(
        default=None, description="Paths and unit follow it."
    )
    data_dir: RemotePath | None = Field(default=None, description="Data directory on the node.")
    server_cfg: RemotePath | None = Field(default=None, description="server.cfg on the node.")
    log_dir: RemotePath | None = Field(default=None, description="Log directory on the node.")
    keystore: RemotePath | None = Field(default=None, description="Wanted KeyStore on the node.")
    truststore: RemotePath | None = Field(default=None, description="Wanted truststore on the node.")
    ifix_confirmed: bool | None = Field(
        default=None, description="Message Gateway 5.0.0.2 or newer has its latest iFix; REST cannot tell."
    )
    ssh: SshShape = Field(default=SshShape(), description="How to log in.")
    admin: AdminShape = Field(default=AdminShape(), description="The admin REST endpoint.")
    service: ServiceShape = Field(
        default=ServiceShape(), description="How the server is restarted and started."
    )
    membership: MembershipShape = Field(
        default=MembershipShape(), description="A node's place in its cluster."
    )
    ha: HaShape = Field(default=HaShape(), description="A node's place in its HA pair.")
    limits: LimitsShape = Field(default=LimitsShape(), description="Hard limits, in seconds.")
    gates: GatesShape = Field(default=GatesShape(), description="Your own gates around each restart.")


class NodeShape(Settings):
    """One server process on one host."""

    host: Host | None = Field(default=None, description="Where SSH goes: name, address or ssh_config alias.")


class MemberShape(NodeShape):
    """A node (`host`), or an HA pair (`pair`): one of the two."""

    pair: dict[str, NodeShape] | None = Field(
        default=None, description="The two nodes of an HA pair, by name."
    )


class DefaultsShape(Settings):
    """Settings for all clusters, and what else they have in common."""

    notify: NotifyShape = Field(default=NotifyShape(), description="Who is told what happens in a run.")


class CaShape(Shape):
    """The CA that `fab credentials.create --kind ca` makes; its keys never lie among the sets."""

    folder: LocalPath | None = Field(default=None, description="Folder of its keys and certificates.")
    passphrase: Secret | None = Field(default=None, description="Passphrase of its keys, as a reference.")


class ClusterShape(Settings):
    """One cluster."""

    cluster_name: Words | None = Field(default=None, description="ClusterName as REST reports it.")
    credentials: LocalPath | None = Field(default=None, description="Folder of the credential sets.")
    ca: CaShape = Field(default=CaShape(), description="The cluster's own CA.")
    observer: str | None = Field(default=None, description="The member that is restarted last.")
    prefer: Literal["no-partition", "fewest-restarts"] | None = Field(
        default=None, description="What the automatic choice of a strategy prefers."
    )
    retired: Annotated[tuple[Words, ...], Field(strict=False)] = Field(
        default=(), description="ServerUIDs gone for good that the cluster still remembers."
    )
    queues: QueuesShape = Field(
        default=QueuesShape(), description="What the others may hold for a restarted member."
    )
    notify: NotifyShape = Field(default=NotifyShape(), description="Who is told what happens in a run.")
    disposable: bool = Field(default=False, description="May be destroyed by the conformance suite.")
    islands: bool = Field(
        default=False, description="Each product's members may still be a cluster of their own."
    )
    members: dict[str, MemberShape] = Field(default={}, description="The members, by name.")


class InventoryShape(Shape):
    """The whole file."""

    defaults: DefaultsShape = Field(default=DefaultsShape(), description="Settings for all clusters.")
    clusters: dict[str, ClusterShape] = Field(default={}, description="The clusters, by name.")


def schema_text() -> str:
    """JSON Schema for editors, as docs/inventory.schema.json holds it."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= InventoryShape.model_json_schema()
    schema |= {"title": "Inventory", "required": ["clusters"]}
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
