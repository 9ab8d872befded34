"""Which certificate each process of a live view has loaded: the one of before, or the one of after."""

from __future__ import annotations

from tasks.core.live_state import Live
from tasks.core.model import Member, Node
from tasks.core.plan import Plan
from tasks.core.step_kinds import RESTARTS

_SHA256_DIGITS = 64


def tells_certificates(plan: Plan) -> bool:
    """Whether the plan changes what anybody serves to the cluster."""
    if plan.ha_files:
        return False
    leafs = {name: target.leaf_sha256 for name, target in plan.targets.items()}
    served = {sha for sha in plan.before.values() if len(sha) == _SHA256_DIGITS}
    return any(leafs.values()) and served != set(leafs.values())


def serves(live: Live, member: Member, node: Node) -> str:
    """old or new; with a question mark where a new process has not been proven yet."""
    if member.name not in live.plan.targets:
        return ""
    told = _told(live, member, node, live.loaded.get(node.name, 0))
    step = live.step
    if step is not None and step.kind in RESTARTS and step.target == member.name:
        then = _told(live, member, node, step.round or 1)
        if live.is_new_process(node.name) and then != told:
            told = f"{then}?"
    status = live.status(node.name)
    return f"({told})" if status is not None and status.is_standby and told != "-" else told


def _told(live: Live, member: Member, node: Node, number: int) -> str:
    """Of a process that has loaded the files of that round; 0: those of before. Of several, how many it has."""
    rounds = len(live.plan.rounds)
    word = _word(live, member, node, number)
    return f"{word} {number}/{rounds}" if rounds > 1 else word


def _word(live: Live, member: Member, node: Node, number: int) -> str:
    """A run that undoes another one goes from that one's new files to the old."""
    plan = live.plan
    first, last = ("new", "old") if plan.undoes else ("old", "new")
    wanted, before = plan.targets[member.name].leaf_sha256, _before(live, member, node)
    now = plan.target_after(member.name, round=number if plan.rounds else 0).leaf_sha256 if number else before
    if now == wanted:
        return last
    return "-" if not now else first if now == before else "other"


def _before(live: Live, member: Member, node: Node) -> str:
    """What the node served before the run, a standby what its primary did; "" if neither served anything."""
    own = (live.plan.before.get(each.name, "") for each in (node, *member.nodes))
    return next((sha for sha in own if len(sha) == _SHA256_DIGITS), "")
