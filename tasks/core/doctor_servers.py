"""Rules about the SSH servers before anything is connected: is each known, is there something to log in with?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasks.core.dataclass import dataclass
from tasks.core.doctor import Row, noted, well, wrong


@dataclass(frozen=True, slots=True)
class KeyFile:
    path: str
    state: str  # readable | "does not exist" | "cannot be read"

    @property
    def usable(self) -> bool:
        return self.state == "readable"


@dataclass(frozen=True, slots=True)
class Server:
    """One SSH server, node or jump host, as inventory and SSH configuration describe it.

    Args:
        name: As known_hosts calls it.
        address: "user@host:port".
        of: The node; of a jump host "gw-a's gateway".
        known: How many lines of known_hosts hold a key of it.
        known_hosts: The files that were looked in, first the one to add to.
        adding: How to add its key.
        key_files: That are tried, in this order.
        agent: Whether the agent's keys are tried.
        password: Whether the inventory names one.
    """

    name: str
    address: str
    of: str
    known: int
    known_hosts: tuple[str, ...]
    adding: str
    key_files: tuple[KeyFile, ...]
    agent: bool
    password: bool


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A node whose SSH configuration cannot be used."""

    of: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Agent:
    """The SSH agent; `state` says why none answers, "" if one does."""

    state: str
    keys: tuple[str, ...] = ()


def server_rows(servers: Iterable[Server | Unresolved], agent: Agent) -> Iterator[Row]:
    """known_hosts first, then the ways to log in, then the agent."""
    seen = tuple(servers)
    resolved = [each for each in seen if isinstance(each, Server)]
    yield from (
        wrong("SSH config", u.of, u.problem, remedy=u.remedy) for u in seen if isinstance(u, Unresolved)
    )
    yield from map(_known, resolved)
    yield from (_login(server, agent) for server in resolved)
    yield from (_bad_keys(server) for server in resolved if _bad(server))
    if resolved:
        yield _agent(resolved, agent)


def _known(server: Server) -> Row:
    if server.known:
        return well("known_hosts", server.of, f"has its key: {_files(server)}")
    text = f"no key of {server.name} in {_files(server)}"
    return wrong("known_hosts", server.of, text, remedy=server.adding)


def _files(server: Server) -> str:
    return server.known_hosts[0] if server.known else ", ".join(server.known_hosts) or "no file"


def _login(server: Server, agent: Agent) -> Row:
    ways = [f"key {key.path}" for key in server.key_files if key.usable]
    ways += [f"{len(agent.keys)} of the agent"] if server.agent and agent.keys else []
    ways += ["a password"] if server.password else []
    if ways:
        return well("SSH login", server.of, f"tries {', '.join(ways)}")
    text = f"nothing to log in with as {server.address}: no key file, no key of an agent, no password"
    remedy = "ssh-add a key; or ssh.key_file or ssh.password in the inventory"
    return wrong("SSH login", server.of, text, remedy=remedy)


def _bad(server: Server) -> str:
    return "; ".join(f"key {key.path} {key.state}" for key in server.key_files if not key.usable)


def _bad_keys(server: Server) -> Row:
    return noted(
        "SSH login", server.of, _bad(server), remedy="correct ssh.key_file, or the file's owner and mode"
    )


def _agent(servers: Iterable[Server], agent: Agent) -> Row:
    if not any(server.agent for server in servers):
        return well("SSH agent", "", "not used: the inventory or the SSH configuration says so")
    if agent.state:
        return noted("SSH agent", "", agent.state)
    return well("SSH agent", "", f"answers, {len(agent.keys)} key{'s' * (len(agent.keys) != 1)}")
