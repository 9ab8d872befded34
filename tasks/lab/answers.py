"""What the admin REST shows of a running gateway."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tasks.lab.logs import timestamp
from tasks.lab.remotes import RemoteView
from tasks.lab.standing import Reason
from tasks.lab.traffic import ARRIVAL_PER_S, Queue

if TYPE_CHECKING:
    from tasks.lab.gateway import Gateway

_STATES = {
    0: ("Initializing", "Initializing"),
    1: ("Running", "Running (production)"),
    2: ("Stopping", "Stopping"),
    4: ("Initializing", "TransportStarted"),
    6: ("Initializing", "StoreStarted"),
    9: ("Running", "Running (maintenance)"),
    10: ("Running", "Standby"),  # the word says nothing: only State tells a standby
    11: ("Initializing", "StoreStarting"),
    16: ("Initializing", "EngineStarting"),
}
MESSAGE_BYTES = 256
_UNUSED = ("Plugin", "MQConnectivity", "SNMP")


def status(gateway: Gateway, service: str | None) -> dict[str, Any] | None:
    """GET service/status[/service]; None if there is no such service."""
    makers = {"Server": server, "HighAvailability": availability, "Cluster": cluster}
    container = {"Container": {"UUID": gateway.host.settings.name}}
    head = {"Version": "v1"}
    if service is None:
        first = {**head, "Server": server(gateway), **container}
        unused = {name: {"Status": "Inactive", "Enabled": False} for name in _UNUSED}
        return {**first, "HighAvailability": availability(gateway), "Cluster": cluster(gateway), **unused}
    if service == "Container":
        return {**head, **container}
    if service in _UNUSED:
        return {**head, service: {"Status": "Inactive", "Enabled": False}}
    if service not in makers:
        return None
    return {**head, service: makers[service](gateway), **(container if service == "Server" else {})}


def server(gateway: Gateway) -> dict[str, Any]:
    uptime_s = int(time.time() - gateway.started_at)
    word, description = _STATES[gateway.state]
    code, message = gateway.error
    return {
        "Name": gateway.host.server_name,
        "UID": gateway.host.state.now.uid,
        "Status": word,
        "State": int(gateway.state),
        "StateDescription": description,
        "ServerTime": timestamp(),
        "UpTimeSeconds": uptime_s,
        "UpTimeDescription": _duration(uptime_s),
        "Version": gateway.host.settings.version,
        "ErrorCode": code,
        "ErrorMessage": message,
    }


def availability(gateway: Gateway) -> dict[str, Any]:
    configured, pair = gateway.availability, gateway.pair
    enabled = bool(configured["EnableHA"])
    if pair is None and not enabled:
        return {"Status": "Inactive", "Enabled": False}
    standing = pair.now if pair else None
    shown = {
        "Status": "Active" if pair else "Inactive",
        "Enabled": enabled,
        "Group": configured["Group"] or "",
        "NewRole": standing.role.value if standing else "HADISABLED",
        "OldRole": standing.old_role.value if standing else "HADISABLED",
        "ActiveNodes": standing.active_nodes if standing else 0,
        "SyncNodes": standing.sync_nodes if standing else 0,
        "PrimaryLastTime": gateway.host.state.now.primary_last_time,
        "PctSyncCompletion": standing.percent if standing else -1,
        "ReasonCode": int(standing.reason) if standing else 0,
        "RemoteServerName": standing.remote_name if standing else "",
    }
    if standing and standing.reason is not Reason.NONE:
        shown["ReasonString"] = f"{standing.detail} - {standing.reason.name}"
    return shown


def cluster(gateway: Gateway) -> dict[str, Any]:
    configured = gateway.host.state.now.membership
    part = gateway.cluster
    shown: dict[str, Any] = {"Status": part.status}
    enabled = bool(configured.get("EnableClusterMembership"))
    if enabled or part.enabled:
        shown["Name"] = configured.get("ClusterName") or ""
    shown["Enabled"] = enabled
    if (counts := part.counts()) is not None:
        shown["ConnectedServers"], shown["DisconnectedServers"] = counts
    return shown


def monitor_cluster(gateway: Gateway) -> dict[str, Any]:
    """GET monitor/Cluster: one object per known remote."""
    control = gateway.cluster.control
    views = control.remotes.views(ready=control.ready) if control else ()
    queues = control.queues() if control else {}
    shown = [_remote(view, queues.get(view.remote.uid, Queue(0.0))) for view in views]
    return {"Version": "v1", "Cluster": shown}


def _remote(view: RemoteView, reliable: Queue) -> dict[str, Any]:
    health = {"Active": "Green", "Connecting": "Yellow"}.get(view.status, "Unknown")
    return {
        "ServerName": view.remote.name,
        "ServerUID": view.remote.uid,
        "Status": view.status,
        "StatusTime": timestamp(),
        "Health": health,
        "HAStatus": view.ha_status,
        "RetainedSync": view.status == "Active",
        "Reconnect": view.reconnects,
        "ReadMsg": 0,
        "WriteMsg": 0,
        "Reliable": _queue(reliable),
        "Unreliable": _queue(Queue(0.0)),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "BufferedMsgs": queue.buffered,
        "DiscardedMsgs": queue.discarded,
        "BufferedBytes": queue.buffered * MESSAGE_BYTES,
        "SendRate": int(ARRIVAL_PER_S) if queue.flows else 0,
    }


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} hours {minutes} minutes {rest} seconds"
