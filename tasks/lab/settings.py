"""What one simulated gateway is told when it starts: `NODE_DIR/gateway.json`.

A lab directory looks like this (LAB is `.lab` by default):

    LAB/lab.json                     the topology, the warden's process, the address block
    LAB/inventory.yaml               an ordinary inventory
    LAB/known_hosts, LAB/id_ed25519, LAB/ssh_config
    LAB/builtin/<product>/{cert,key}.pem  the pair that the lab's gateways of that product fall back to
    LAB/nodes/<node>/gateway.json    this file's content
    LAB/nodes/<node>/state.json      written by the gateway: what survives a restart
    LAB/nodes/<node>/faults.json     written by lab.break, read live by the gateway
    LAB/nodes/<node>/sshd/           host key, config, log of the node's sshd
    LAB/nodes/<node>/root/           the node's data directory, server.cfg, keystore, logs
    LAB/nodes/<node>/start           the "service manager": starts the gateway when it is down
    LAB/nodes/<node>/bin/            empty; what is put there, the node's SSH sessions find first
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasks.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PairSettings:
    """The HA side of a node that belongs to a pair."""

    group: str
    peer_address: str  # the other node's address; both listen for replication on ha_port
    ha_port: int
    starts_as: str  # "PRIMARY" | "STANDBY": the role at the very first start


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One simulated server process. All paths are absolute."""

    name: str
    server_uid: str  # at the first start; a pair shares it
    product: str  # amlen | messagesight
    version: str  # Server.Version
    address: str  # a loopback address of its own, e.g. 127.91.4.11
    admin_port: int
    admin_user: str | None  # None: no authentication
    admin_password: str | None
    data_dir: str  # NODE_DIR/root/var/lib/amlen-server
    server_cfg: str  # data_dir/data/config/server.cfg
    builtin_cert: str
    builtin_key: str
    membership: dict[str, Any]  # ClusterMembership's 17 keys at the first start
    pair: PairSettings | None
    speed: float  # simulated seconds per real second
    run_as: tuple[int, int] | None  # uid, gid to drop to; None: stay who we are
    baseline_uids: tuple[str, ...]  # members known from the first start (for DisconnectedServers)
    # HighAvailability's configuration at the first start; None: as `pair` says, or disabled.
    availability: dict[str, Any] | None = None
    ha_port: int = 9086  # where the node listens for its peer, unless ReplicationPort says otherwise

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> GatewaySettings:
        raw = json.loads(path.read_text())
        pair = PairSettings(**raw.pop("pair")) if raw["pair"] else raw.pop("pair")
        run_as = raw.pop("run_as")
        uids = tuple(raw.pop("baseline_uids"))
        return cls(**raw, pair=pair, run_as=tuple(run_as) if run_as else None, baseline_uids=uids)
