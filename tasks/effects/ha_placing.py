"""HA credentials onto the nodes of a pair: staged and verified, then made live; in force at the next restart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tasks.core.certificates import CertificateFault, parse_pem_chain
from tasks.core.errors import RemoteError
from tasks.core.file_names import HA
from tasks.core.ha_rounds import overlapping_ca
from tasks.core.model import Member, Node
from tasks.core.plan import Step
from tasks.core.snapshot import NodeFiles
from tasks.core.step_kinds import StepKind
from tasks.effects.files import Delivery, back_up, stage, swap_in
from tasks.effects.looking import look_at_files
from tasks.effects.placing import places_of, require_states
from tasks.effects.run import RESUME, Run


def place_ha(run: Run, step: Step) -> str:
    """Back up what is live, stage what is new, read it back. Changes nothing that is in use.

    Raises:
        RemoteError: The CA file on the node is not the one that the plan was made from.
    """
    node = run.site.cluster.node(step.target)
    remote = run.remote(node)
    files = look_at_files(remote)
    at = places_of(run.record, node, files)
    live = {name: state.path for name, state in files.ha.files.items()} | {"server.cfg": files.cfg_path}
    back_up(remote, live, to=at.backup, acting=files.acting)
    wanted = run.plan.ha_files[step.id]
    contents = {name: _content(run, node, files, name=name, sha256=sha) for name, sha in wanted.items()}
    deliveries = [
        Delivery((at.ca_stage if name == HA.ca else at.key_stage) / name, content, wanted[name])
        for name, content in contents.items()
    ]
    stage(remote, deliveries, acting=files.acting, owner=files.service_user)
    return f"{', '.join(wanted)} staged and read back in {at.key_stage}"


def _content(run: Run, node: Node, files: NodeFiles, *, name: str, sha256: str) -> bytes:
    """The set's own file; or a CA file that trusts what the node's trusts now and what the set's does."""
    new = run.sets[node.member]
    if new.sha256[name] == sha256:
        return new.files()[name]
    try:
        content = overlapping_ca(parse_pem_chain(files.ha.ca_pem), new.ca)
    except CertificateFault:
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RemoteError(
            f"{name} on the node is not the one that the plan was made from: what would be placed is other",
            node=node.name,
            remedy="look who changed it, then give this run up and plan anew: fab status names the open run",
        )
    return content


def swap_ha(run: Run, step: Step) -> str:
    """Swap in on both nodes, the primary first (T7); nodes that are no pair yet in inventory order."""
    member = run.member(step.target)
    order = member.nodes
    if run.status(member.nodes[0]).ha.enabled:
        roles = run.roles(member)
        order = (roles.primary, roles.standby)
    for node in order:
        _swap_node(run, node, run.plan.ha_files[step.id])
    return f"live on {', '.join(node.name for node in order)}; nothing loads them before a restart"


def swap_ha_standby(run: Run, step: Step) -> str:
    """Swap in on the standby alone; which node that is stays noted for the steps that follow.

    Raises:
        RemoteError: The pair does not show one primary and one standby.
    """
    facts = run.facts(step)
    node = run.site.cluster.node(facts["node"]) if facts.get("node") else None
    if node is None:
        node = run.roles(run.member(step.target)).standby
        run.write("noted", step, node=node.name)
    _swap_node(run, node, run.plan.ha_files[step.id])
    return f"live on {node.name}; nothing loads them before a restart"


def swap_ha_primary(run: Run, step: Step) -> str:
    """Swap in on the node that the former steps left alone."""
    primary, _ = parted_nodes(run, run.member(step.target))
    run.write("noted", step, node=primary.name)
    _swap_node(run, primary, run.plan.ha_files[step.id])
    return f"live on {primary.name}; nothing loads them before a restart"


def parted_nodes(run: Run, member: Member) -> tuple[Node, Node]:
    """Of the documented way: who stayed primary, and who was the standby and got its files first."""
    noted = run.record.progress().facts.get(f"{StepKind.HA_SWAP_STANDBY}:{member.name}", {})
    standby = run.site.cluster.node(noted["node"])
    return next(node for node in member.nodes if node != standby), standby


def follow_roles(run: Run, member: Member, *, files: Mapping[str, str]) -> None:
    """A take-over before the parting restart: now the other node is the standby, and gets its files first.

    The one that got them before leads on with what it has loaded; they are what it will need.

    Raises:
        RemoteError: The pair does not show one primary and one standby.
    """
    _, noted = parted_nodes(run, member)
    standby = run.roles(member).standby
    if standby == noted:
        return
    run.report.note(member.name, f"the roles have moved: {standby.name} is the standby now, and goes first")
    swapped = next(s for s in run.plan.steps if s.id == f"{StepKind.HA_SWAP_STANDBY}:{member.name}")
    _swap_node(run, standby, files)
    run.write("noted", swapped, node=standby.name)  # not before: a resumed run looks for them where this says


def _swap_node(run: Run, node: Node, wanted: Mapping[str, str]) -> None:
    remote = run.remote(node)
    files = look_at_files(remote)
    at = places_of(run.record, node, files)
    swap_in(remote, at, wanted=wanted, files=files, names=HA)
    require_ha_live(run, node, wanted)


def require_ha_live(run: Run, node: Node, wanted: Mapping[str, str]) -> None:
    """The files are live on the node and the service user can read each of them (T2, T7).

    Raises:
        RemoteError: One is other, absent or unreadable.
    """
    seen = look_at_files(run.remote(node)).ha.files
    require_states(node, seen, wanted, remedy=f"mend it on the node; {RESUME}")
