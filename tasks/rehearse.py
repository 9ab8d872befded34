"""`fab lab.*` and `fab rehearse`: the rehearsal cluster on this machine.

They take a lab directory only, never an inventory: nothing here can touch a real cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import making_task, operator_task

if TYPE_CHECKING:
    from tasks.core.results import Done

SHAPE = {
    "dir": "the lab's directory (default .lab)",
    "members": "single members",
    "pairs": "HA pairs",
    "speed": "simulated seconds per real second",
    "bastion": "one more sshd in front of the others",
}
HELP = {
    **SHAPE,
    "product": "amlen | messagesight",
    "plain": "admin REST by plain HTTP without a password",
    "unformed": "no node is a cluster member yet, as freshly installed",
    "unpaired": "with --unformed: the nodes of the pairs run as single servers",
    "joining": "so many of the last single members are not cluster members yet",
    "secured-ha": "UseSecuredConnections of the pairs",
    "legacy": "so many of the last single members are Message Gateways, on a built-in pair of their own",
    "legacy-version": "5.0 | 2.0, of every Message Gateway",
    "service": "script | systemd | docker | podman: who restarts and starts the servers (stand-ins)",
}


@making_task(help=HELP)
def up(
    c: Context,
    dir: str = ".lab",
    members: int = 3,
    pairs: int = 1,
    speed: float = 20.0,
    bastion: bool = False,
    product: str = "amlen",
    plain: bool = False,
    unformed: bool = False,
    unpaired: bool = False,
    joining: int = 0,
    secured_ha: bool = False,
    legacy: int = 0,
    legacy_version: str = "5.0",
    service: str = "script",
) -> Done:
    """Start a rehearsal cluster: real sshd per node, simulated gateways, an ordinary inventory."""
    from tasks.core.results import Done
    from tasks.effects.console import say
    from tasks.lab.commands import Request, bring_up
    from tasks.lab.layout import CLUSTER_KEY

    request = Request(
        members,
        pairs,
        speed,
        bastion=bastion,
        product=product,
        secured=not plain,
        formed=not unformed,
        paired=not unpaired,
        joining=joining,
        secured_ha=secured_ha,
        legacy=legacy,
        legacy_version=legacy_version,
        service=service,
    )
    lab = bring_up(dir, request)
    say(f"lab is up: {len(lab.nodes)} nodes, {lab.inventory}")
    say(f"  -> AMLEN_INVENTORY={lab.inventory} fab status; fab lab.down --dir {dir}")
    return Done(
        cluster=CLUSTER_KEY, verdict=f"lab is up: {len(lab.nodes)} nodes", paths=(str(lab.inventory),)
    )


@operator_task(help={"dir": HELP["dir"]})
def status(c: Context, dir: str = ".lab", json: bool = False) -> None:
    """Show the lab's processes."""
    from tasks.core.json_text import json_text
    from tasks.effects.console import say, show_table
    from tasks.lab.commands import lab_status, lab_table

    say(json_text(lab_status(dir)), verbatim=True) if json else show_table(lab_table(dir))


@making_task(help={"dir": HELP["dir"]})
def down(c: Context, dir: str = ".lab") -> Done:
    """End the lab's processes and remove its directory."""
    from tasks.core.results import Done
    from tasks.effects.console import say
    from tasks.lab.commands import bring_down

    bring_down(dir)
    say(f"lab {dir} is down and removed")
    return Done(verdict=f"lab {dir} is down and removed")


@making_task(
    name="break",
    help={
        "dir": HELP["dir"],
        "node": "of the lab",
        "fault": "a name of the list",
        "mend": "take it back (all, without --fault)",
    },
)
def break_(c: Context, dir: str = ".lab", node: str = "", fault: str = "", mend: bool = False) -> Done:
    """Inject a fault into a node of the lab; without --node, list the faults."""
    from tasks.core.results import Done, Ending
    from tasks.effects.console import say, show_table
    from tasks.lab.commands import break_one, faults_table, mend_one
    from tasks.lab.faults import FAULTS

    if not node:
        show_table(faults_table())
        return Done(outcome=Ending.NOTHING, verdict=f"faults: {', '.join(FAULTS)}")
    if mend:
        said = f"mended: {', '.join(mend_one(dir, node, fault)) or 'nothing was broken'}"
        say(f"[{node}] {said}")
        return Done(node=node, verdict=said)
    break_one(dir, node, fault)
    say(f"[{node}] {fault} -> fab lab.break --dir {dir} --node {node} --mend")
    return Done(node=node, verdict=fault)


REHEARSED = {
    "keep": "leave the lab running",
    "kind": "shared | ca: of the set that is migrated to (default: what suits the strategy)",
    "strategy": "auto | renew | overlap | bridge | prescribed",
}


@making_task(help={**SHAPE, **REHEARSED})
def rehearse(
    c: Context,
    dir: str = "",
    members: int = 3,
    pairs: int = 1,
    speed: float = 20.0,
    bastion: bool = False,
    kind: str = "",
    strategy: str = "auto",
    keep: bool = False,
) -> Done:
    """A whole migration on a fresh lab: up, create, check, status, migrate, down."""
    from tasks.core.results import Done
    from tasks.lab.commands import Request
    from tasks.lab.layout import CLUSTER_KEY
    from tasks.lab.rehearsal import run_rehearsal

    request = Request(members, pairs, speed, bastion=bastion)
    run_rehearsal(dir, request, kind=kind, strategy=strategy, keep=keep)
    return Done(cluster=CLUSTER_KEY, verdict="the rehearsal is complete")


ns = Collection("lab")
for each in (up, status, down, break_):
    ns.add_task(each)
