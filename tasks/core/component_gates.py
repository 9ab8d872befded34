"""A gate on the cluster component of a server that is up otherwise."""

from __future__ import annotations

from tasks.core.gates import RUNNING, Gate, Holds, Verdict, View, Waiting


def never_joined(node: str) -> Gate:
    """The server is up and its cluster component is not: it started in the instant of a swap, say.

    It stays so until it is restarted; no other restart mends it.
    """

    def gate(view: View) -> Verdict:
        status = view[node].status
        if status is None or (status.server.state, status.cluster.status) != (RUNNING, "Unavailable"):
            return Waiting(f"{node} takes part")
        return Holds(f"{node} is up, and its cluster component failed to start")

    return gate
