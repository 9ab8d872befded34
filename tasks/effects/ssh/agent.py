"""The SSH agent, asked within a limit: a hung one would hold us up for ever."""

from __future__ import annotations

import threading

import paramiko


class AgentHangs(Exception):
    """It did not answer in time."""


def ask_agent(*, limit_s: float) -> paramiko.Agent | None:
    """The agent, to be closed; None if what is there is none. Without SSH_AUTH_SOCK it has no keys.

    Raises:
        AgentHangs: No answer within the limit.
    """
    found: list[paramiko.Agent | None] = []
    given_up = threading.Event()

    def ask() -> None:
        try:
            agent = paramiko.Agent()
        except (paramiko.SSHException, OSError):
            found.append(None)
        else:
            found.append(agent)
            if given_up.is_set():
                agent.close()

    asking = threading.Thread(target=ask, name="ssh-agent", daemon=True)
    asking.start()
    asking.join(limit_s)
    if not found:
        given_up.set()
        raise AgentHangs(f"ssh-agent: no answer within {limit_s:g} s")
    return found[0]


def agent_keys(*, limit_s: float) -> tuple[str, ...] | None:
    """The keys that the agent holds, as `ssh-add -l` names them; None if no agent answers. Raises AgentHangs."""
    agent = ask_agent(limit_s=limit_s)
    if agent is None:
        return None
    try:
        return tuple(f"{key.get_name()} {key.fingerprint}" for key in agent.get_keys())
    finally:
        agent.close()
