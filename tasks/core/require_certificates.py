"""The temporary upgrade setting RequireCertificates: on which nodes, what it does, and what it does not (T9).

It is in force since a process start, and nowhere shown by REST. On the wire it can be told where a
member runs without files of its own: its messaging listener lets visitors in without a certificate, or
it does not. With Cluster_cert.pem and Cluster_key.pem in place the listener always wants one.

Source:
    Eclipse Amlen, transport.c: the listener's context asks for a certificate of everybody where the
    user's files were found, else as RequireCertificates says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.certificates import is_builtin
from tasks.core.errors import UsageError
from tasks.core.model import Cluster, Member, Node
from tasks.core.observer import choose_observer
from tasks.core.plan import Configuration, Plan
from tasks.core.restart_plan import member_named
from tasks.core.rolling import Purpose, Wanted, rolling_plan
from tasks.core.snapshot import NodeSnapshot, Snapshot, Wire
from tasks.core.status import Membership
from tasks.core.step_kinds import StepKind

TASK = "cluster.require-certificates"
MEMBERSHIP, KEY = "ClusterMembership", "RequireCertificates"
FORMS = f"fab {TASK} true, or fab {TASK} false [--member MEMBER]"
LISTENER = (
    "RequireCertificates concerns the messaging listener (9105) alone, and there only a member that runs on the "
    "built-in pair: with Cluster_cert.pem and Cluster_key.pem in place it always wants certificates"
)
CONTROL = (
    "it does not touch the control channel (9104), which always wants certificates: with false everywhere, a "
    "member with other credentials still stays apart from the others"
)
OPEN = (
    "while it is false, whoever reaches 9105 of a member on the built-in pair gets in without a certificate; "
    f"fab check and fab status warn of it until: fab {TASK} true"
)

InForce = Mapping[str, bool]  # by node, as the wire shows it; a node that shows nothing is left out


def wanted_value(word: str) -> bool:
    """`true` or `false`, exactly.

    Raises:
        UsageError: Anything else; names the right forms.
    """
    if word not in ("true", "false"):
        what = f"{word!r} is neither true nor false" if word else "neither true nor false was given"
        raise UsageError(what, remedy=FORMS)
    return word == "true"


def members_meant(cluster: Cluster, name: str, *, value: bool) -> tuple[Member, ...]:
    """The member of that name, or all. Raises UsageError, with the right form, if there is none of it."""
    if not name:
        return cluster.members
    return (member_named(cluster, name, command=f"fab {TASK} {_word(value)} --member"),)


def configured(seen: NodeSnapshot) -> bool | None:
    """What the node is set to; None where it could not be asked."""
    return seen.membership.require_certificates if isinstance(seen.membership, Membership) else None


def shows_it(seen: NodeSnapshot) -> bool:
    """Whether the node's messaging listener does what RequireCertificates says: it runs without own files."""
    return isinstance(seen.wire, Wire) and is_builtin(seen.wire.leaf)


def messaging_address(seen: NodeSnapshot) -> tuple[str, int]:
    """Where the messaging listener of the node listens, as REST names it."""
    if isinstance(seen.membership, Membership):
        host = seen.membership.messaging_address
        usable = host if host and host.lower() != "all" else seen.control_address[0]
        return usable, seen.membership.messaging_port
    return seen.node.host, 9105


def plan_requirement(
    snapshot: Snapshot, *, value: bool, members: tuple[Member, ...], in_force: InForce
) -> Plan:
    """Configure what is set otherwise, and restart what does not do it yet; the observer last.

    Args:
        value: What RequireCertificates is to be.
        members: Those it is about.
        in_force: What the nodes show that are set to it already.

    Returns:
        The plan; without steps if all are set to it and none shows that it does otherwise.
    """
    moving = [member for member in members if _moves(snapshot, member, value, in_force)]
    observer = choose_observer(snapshot, asked=None, moving=frozenset(m.name for m in moving))
    moving.sort(key=lambda member: member.name == observer)
    steps: list[Wanted] = []
    posts: dict[str, Configuration] = {}
    for member in moving:
        for node in _to_configure(snapshot, member, value):
            steps.append((StepKind.CONFIGURE, node.name))
            posts[f"{StepKind.CONFIGURE}:{node.name}"] = {MEMBERSHIP: {KEY: value}}
        steps += [(StepKind.RESTART_STANDBY, member.name)] if member.is_pair else []
        steps.append((StepKind.RESTART, member.name))
    steps += [(StepKind.PROVE, "cluster"), (StepKind.PROVE_LISTENERS, _word(value))] if moving else []
    purpose = Purpose(
        TASK,
        _why(value) if moving else f"RequireCertificates is {_word(value)} already, and in force",
        notes=tuple(_notes(snapshot, moving, value)),
        posts=posts,
        observer=observer if moving else "",
    )
    return rolling_plan(snapshot, tuple(steps), purpose)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _why(value: bool) -> str:
    return f"RequireCertificates: {_word(value)}, in force with the restart of each server"


def _to_configure(snapshot: Snapshot, member: Member, value: bool) -> Iterator[Node]:
    """The key is not replicated in a pair: each node has its own."""
    return (node for node in member.nodes if configured(snapshot.nodes[node.name]) is not value)


def _moves(snapshot: Snapshot, member: Member, value: bool, in_force: InForce) -> bool:
    if any(_to_configure(snapshot, member, value)):
        return True
    return any(in_force.get(node.name, value) is not value for node in member.nodes)


def _notes(snapshot: Snapshot, moving: list[Member], value: bool) -> Iterator[str]:
    yield LISTENER
    yield CONTROL
    if not value:
        yield OPEN
    unmoved = [m.name for m in moving if not shows_it(snapshot.active(m))]
    if unmoved:
        text = (
            "with files of their own: there it will make no difference"
            if len(unmoved) > 1
            else ("with files of its own: there it will make no difference")
        )
        yield f"{', '.join(unmoved)} run{'' if len(unmoved) > 1 else 's'} {text}"
    for member in moving:
        if not any(_to_configure(snapshot, member, value)):
            yield f"{member.name} is set to it already, but its listener does otherwise: it was not restarted since"
