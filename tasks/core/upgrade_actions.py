"""What an upgrade asks of the operator before and after its nodes: sentences, and commands where there are any."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from tasks.core.dataclass import dataclass
from tasks.core.snapshot import NodeSnapshot

HERE = "bastion"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `where` is the node, or the bastion; commands only where they can be written down."""

    text: str
    where: str = HERE
    commands: tuple[str, ...] = ()


def prepare(nodes: Iterable[NodeSnapshot]) -> tuple[Action, ...]:
    targets = ", ".join(seen.node.name for seen in nodes)
    return (
        Action(
            f"Fetch the Eclipse Amlen packages for {targets}: EclipseAmlenServer, and EclipseAmlenBridge or "
            "EclipseAmlenProtocolPlugin only where the MQ bridge or protocol plug-ins are used (they were part "
            "of IBMWIoTPMessageGatewayServer, and are packages of their own now). Keep the packages of the "
            "version that runs now: they are the way back."
        ),
        Action(
            "See that the cluster is as it should be. Do not begin while something is amiss.",
            commands=("fab status", "fab check"),
        ),
        Action(
            "Leave RequireCertificates as it is. The product's pages propose to switch it off for the time of "
            "the upgrade (`fab cluster.require-certificates false` would do that); but the control channel requires "
            "certificates whatever it says, so members with other credentials stay apart all the same (T9)."
        ),
    )


def fix(names: Sequence[str]) -> tuple[Action, ...]:
    return (
        Action(
            f"Install Message Gateway 5.0.0.2 with its latest iFix on {', '.join(names)}, in this order, one at "
            "a time; between two, wait until the cluster is as before. Only that version can be in one pair or "
            "cluster with Eclipse Amlen.",
            commands=("fab status",),
        ),
        Action("Say so in the inventory: `ifix_confirmed: true` for these nodes.", commands=("fab check",)),
    )


def credentials_first(*, islands: bool, pairs: Sequence[str]) -> tuple[Action, ...]:
    joins = (
        "The two products' members are two islands now (`islands: true` in the inventory); this joins them. "
        if islands
        else ""
    )
    return (
        Action(
            "Each product has a built-in pair of its own: a cluster on built-in pairs would fall into two halves "
            f"with the first node that is upgraded. {joins}With credentials of its own, which lie in the data "
            "directory and move with it, every node comes back into the same cluster.",
            commands=("fab credentials.create", "fab plan", "fab migrate-cluster"),
        ),
        *_pairs(pairs),
    )


def credentials_done(*, pairs: Sequence[str]) -> tuple[Action, ...]:
    return (
        Action("Done: no member that answers serves a built-in certificate. The files move with the data."),
        *_pairs(pairs),
    )


def credentials_later(names: Sequence[str]) -> tuple[Action, ...]:
    return (
        Action(
            f"Not yet: {', '.join(names)} run MessageSight 2.0, which knows its built-in pair only. From the first "
            "upgraded node on there are two islands, each working within; messages between them wait, bounded. "
            "Keep that time short, and set `islands: true` for the cluster in the inventory."
        ),
    )


def _pairs(names: Sequence[str]) -> tuple[Action, ...]:
    if not names:
        return ()
    return (
        Action(
            f"HA pairs ({', '.join(names)}) with UseSecuredConnections true: the built-in pair of their replication "
            "channel differs between the products as well. Give each such pair HA credentials of its own first, else "
            "its two nodes do not pair while only one of them is upgraded. With UseSecuredConnections false there is "
            "nothing to do: `fab ha.migrate` says so, and changes nothing.",
            commands=(
                "fab credentials.create --use ha",
                *(f"fab ha.migrate {shlex.quote(name)} --plan" for name in names),
                *(f"fab ha.migrate {shlex.quote(name)}" for name in names),
            ),
        ),
    )


def finish(*, islands: bool, lenient: Sequence[str]) -> tuple[Action, ...]:
    rid = " Remove `islands: true` from the inventory." if islands else ""
    return (
        Action(
            "Every node runs Eclipse Amlen now. A member that still serves the built-in certificate is named here: "
            f"give it credentials of its own.{rid}",
            commands=("fab check", "fab plan", "fab migrate-cluster"),
        ),
        *_required_again(lenient),
        Action(
            "Keep the links /var/messagesight -> /var/lib/amlen-server as long as a server.cfg names paths below them. "
            "The backups of earlier runs below data/.fab-tls have moved along: `fab runs.clean` wipes them."
        ),
    )


def _required_again(names: Sequence[str]) -> tuple[Action, ...]:
    if not names:
        return ()
    text = (
        f"RequireCertificates is false on {', '.join(names)}: set it to true again, member by member, gated."
    )
    return (Action(text, commands=("fab cluster.require-certificates true",)),)
