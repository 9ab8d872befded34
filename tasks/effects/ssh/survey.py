"""What would be used to log in at each node and jump host: by the rules of this package, without connecting."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.core.doctor_servers import Agent, KeyFile, Server, Unresolved
from tasks.core.errors import RemoteError
from tasks.core.model import Node
from tasks.effects.ssh.agent import AgentHangs, agent_keys
from tasks.effects.ssh.known_hosts import read_known_hosts
from tasks.effects.ssh.settings import Target, read_config, resolve

_AGENT_LIMIT_S = 5.0


def survey(nodes: Iterable[Node]) -> tuple[Server | Unresolved, ...]:
    """Each SSH server once, gateways before what is reached through them."""
    found: dict[Target, Server] = {}
    unresolved = []
    for node in nodes:
        try:
            for target, of in _chain(node):
                if target not in found:
                    found[target] = _seen(target, of)
        except RemoteError as error:
            unresolved.append(Unresolved(node.name, error.problem, error.remedy))
    return (*unresolved, *found.values())


def look_at_agent() -> Agent:
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        return Agent("none is running (SSH_AUTH_SOCK is not set)")
    if why := _dead_end(path):  # which paramiko would take for an agent without keys
        return Agent(f"none answers at {path} (SSH_AUTH_SOCK): {why}")
    try:
        keys = agent_keys(limit_s=_AGENT_LIMIT_S)
    except AgentHangs as silent:
        return Agent(str(silent))
    if keys is None:
        return Agent("what SSH_AUTH_SOCK names does not answer as an agent")
    return Agent("", keys)


def _dead_end(path: str) -> str:
    """Why nothing listens there; "" where something does."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(_AGENT_LIMIT_S)
        try:
            stream.connect(path)
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _chain(node: Node) -> Iterator[tuple[Target, str]]:
    """The node's server after the ones that lead to it."""
    hops = []
    target = resolve(node, read_config(node.ssh.config))
    via = target.via
    while via is not None:
        hops.append((via, f"{node.name}'s gateway"))
        via = via.via
    yield from (*reversed(hops), (target, node.name))


def _seen(target: Target, of: str) -> Server:
    known = read_known_hosts(target.known_hosts)
    place = target.place
    return Server(
        name=place.name,
        address=str(target),
        of=of,
        known=len(known.accepted(place)),
        known_hosts=tuple(map(str, target.known_hosts)),
        adding=known.adding(place),
        key_files=tuple(KeyFile(str(path), _state(path)) for path in target.key_files),
        agent=target.agent,
        password=target.password is not None,
    )


def _state(path: Path) -> str:
    """Of a key file, which is not opened here."""
    if not path.is_file():
        return "does not exist"
    return "readable" if os.access(path, os.R_OK) else "cannot be read"
