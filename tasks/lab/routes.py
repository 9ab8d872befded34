"""The REST calls of the admin endpoint: a method and a path in, an HTTP status and a body out."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from tasks.core.dataclass import dataclass
from tasks.lab import answers, availability, membership
from tasks.lab.ending import RESTART, STOP
from tasks.lab.membership import ChangeRefused
from tasks.lab.standing import Role

if TYPE_CHECKING:
    from tasks.lab.gateway import Gateway

PREFIX = "/ima/v1/"
_DONE = ("CWLNA6011", "The requested configuration change has completed successfully.")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]


def answer(gateway: Gateway, method: str, *, path: str, content: bytes) -> Answer:
    """One call. A body that is no JSON object, or a path nobody knows, is refused."""
    call = path.removeprefix(PREFIX).rstrip("/")
    if path.startswith(PREFIX) and method == "GET":
        return _get(gateway, call)
    if path.startswith(PREFIX) and method == "POST":
        return _post(gateway, call, content)
    return _unknown(path)


def error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"Version": "v1", "Code": code, "Message": message})


def _unknown(path: str) -> Answer:
    return error(400, "CWLNA0137", f"The REST API call: {path} is not valid.")


def _get(gateway: Gateway, call: str) -> Answer:
    if call == "service/status" or call.startswith("service/status/"):
        service = call.removeprefix("service/status").lstrip("/") or None
        body = answers.status(gateway, service)
        return Answer(200, body) if body is not None else _unknown(PREFIX + call)
    if call == "monitor/Cluster":
        if gateway.role in (Role.STANDBY, Role.UNSYNC, Role.UNSYNC_ERROR):
            text = 'The monitoring data is not available because the server status is not "Running".'
            return error(503, "CWLNA0130", text)
        return Answer(200, answers.monitor_cluster(gateway))
    if call == "configuration/ClusterMembership":
        configured = membership.complete(gateway.host.state.now.membership)
        return Answer(200, {"Version": "v1", "ClusterMembership": configured})
    if call == "configuration/HighAvailability":
        return Answer(200, {"Version": "v1", "HighAvailability": gateway.availability})
    return _unknown(PREFIX + call)


def _post(gateway: Gateway, call: str, content: bytes) -> Answer:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return error(400, "CWLNA0136", "The JSON string could not be parsed.")
    if call == "configuration":
        return _configure(gateway, body)
    if call in ("service/restart", "service/stop"):
        return _end(gateway, call, body)
    return _unknown(PREFIX + call)


def _end(gateway: Gateway, call: str, body: dict[str, Any]) -> Answer:
    unknown = [key for key in body if key not in ("Service", "Maintenance")]
    if unknown:
        text = f"The property name is invalid. Object: Service Name: {call} Property: {unknown[0]}"
        return error(400, "CWLNA0138", text)
    if body.get("Service") != "Server" or body.get("Maintenance", "stop") not in ("start", "stop"):
        key = "Service" if body.get("Service") != "Server" else "Maintenance"
        return error(
            400, "CWLNA0112", f'The property value is not valid: Property: {key} Value: "{body.get(key)}".'
        )
    if "Maintenance" in body:
        gateway.host.state.change(maintenance=body["Maintenance"] == "start")
    gateway.request_end(code=STOP if call == "service/stop" else RESTART)
    return error(200, *_DONE)


def _configure(gateway: Gateway, body: dict[str, Any]) -> Answer:
    changes = {"ClusterMembership": _change_membership, "HighAvailability": _change_availability}
    try:
        for name, change in body.items():
            if name in changes and isinstance(change, dict):
                changes[name](gateway, change)
            elif name in changes:
                call = f'"{name}":{json.dumps(change)}'
                return error(400, "CWLNA0137", f"The REST API call: {call} is not valid.")
            elif name != "Version":
                text = f"The property name is invalid. Object: {name} Name:  Property: {name}"
                return error(400, "CWLNA0138", text)
    except ChangeRefused as refused:
        return error(400, refused.code, refused.message)
    return error(200, *_DONE)


def _change_membership(gateway: Gateway, change: dict[str, Any]) -> None:
    state, role = gateway.host.state, gateway.role
    before = state.now.membership
    after = membership.changed(before, change, standby=role is Role.STANDBY)
    alone = not gateway.availability["EnableHA"]
    if membership.is_enabling(before, after) and (role is Role.PRIMARY or alone):
        state.change(membership=after, uid=secrets.token_hex(4))
    else:
        state.change(membership=after)
    if gateway.pair is not None:
        gateway.pair.replicate(membership.replicated(after))


def _change_availability(gateway: Gateway, change: dict[str, Any]) -> None:
    state = gateway.host.state
    state.change(availability=availability.changed(state.now.availability, change))
