"""What an SSH server refuses or leaves unanswered on a connection that stands, told by what was asked."""

from __future__ import annotations

import paramiko

from tasks.core.errors import ForwardingRefused, PortRefused, RemoteError
from tasks.effects.ssh.settings import Target

Place = tuple[str, int]  # host and port, as the server sees them
_PROHIBITED = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, RFC 4254 5.1
_CONNECT_FAILED = 2  # SSH_OPEN_CONNECT_FAILED; the text is the strerror of the far side


def no_answer(target: Target, request: str, limit_s: float) -> RemoteError:
    return RemoteError(
        f"SSH request {request} at {target}: no answer within {limit_s:g} s",
        remedy="is the host up, is it overloaded? The next try connects anew: fab status",
    )


def port_silent(target: Target, place: Place, limit_s: float) -> RemoteError:
    """The server answers, the port behind it does not."""
    return RemoteError(
        f"SSH channel to {place[0]}:{place[1]} through {target}: no answer within {limit_s:g} s",
        remedy="does that port answer on the node, or does a firewall there drop what is sent to it?",
    )


def silent(target: Target, place: Place, limit_s: float) -> RemoteError:
    """Nothing is answered any more."""
    return RemoteError(
        f"SSH channel to {place[0]}:{place[1]} through {target}: no answer within {limit_s:g} s, nor to anything "
        "else: the connection was given up",
        remedy="is the host up, is it overloaded? The next try connects anew: fab status",
    )


def no_session(target: Target, limit_s: float) -> RemoteError:
    return RemoteError(
        f"{target} opens no further SSH session, tried for {limit_s:g} s: MaxSessions?",
        remedy="raise MaxSessions there (at least 2), or see its log: journalctl -u ssh",
    )


def no_command(target: Target, error: Exception) -> RemoteError:
    return RemoteError(
        f"sshd of {target} runs no command: {error}",
        remedy=f"see {target.ssh_command} true; ForceCommand in its sshd_config?",
    )


def not_forwarded(target: Target, place: Place, refusal: paramiko.ChannelException) -> RemoteError:
    """ForwardingRefused where the server forbids it, PortRefused where nothing listens."""
    where = f"{place[0]}:{place[1]}"
    if refusal.code == _PROHIBITED:
        return ForwardingRefused(
            f"sshd of {target} forbids port forwarding to {where}: {refusal.text}",
            remedy="AllowTcpForwarding local (and PermitOpen) in its sshd_config; or for a node via: exec",
        )
    nothing_listens = refusal.code == _CONNECT_FAILED and "refused" in refusal.text.lower()
    return (PortRefused if nothing_listens else RemoteError)(
        f"{where}, asked from {target}, cannot be connected: {refusal.text}",
        remedy=f"is the server listening there? {target.ssh_command} ss -ltn",
    )
