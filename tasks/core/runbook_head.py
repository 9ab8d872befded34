"""The first pages of a runbook: what is to be done, why so, to whom, and what must hold before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tasks.core.errors import commands_of
from tasks.core.model import Node
from tasks.core.own_gates import gate_lines
from tasks.core.plan_text import RESTART_S, approval, reason_line
from tasks.core.runbook_course import first_primaries, served_first
from tasks.core.runbook_ground import Setting
from tasks.core.runbook_markdown import code, item, prose, table
from tasks.core.step_kinds import ANY_RESTART, LAST_RESTARTS, StepKind
from tasks.core.task_names import MIGRATE

MARKER = "<!-- runbook by fab plan --runbook; written again, it is replaced -->"


def head_section(setting: Setting) -> Iterator[str]:
    plan = setting.plan
    yield from (MARKER, f"# Runbook: {plan.cluster}, {_title(setting)}", "")
    yield from item(f"**Cluster:** {plan.cluster} (ClusterName {plan.cluster_name})")
    yield from item(f"**Written:** {setting.at:%Y-%m-%d %H:%M} UTC, when every node was looked at")
    yield from item(f"**Plan:** fingerprint `{setting.fingerprint}`; it is run, and no other, by")
    yield f"  `{commands_of(plan.command or plan.task, approval(plan))}`"
    if plan.strategy or plan.why:
        yield from item(f"**Why so:** {reason_line(plan)}")
    if plan.observer:
        yield from item(f"**Observer**, restarted last: {plan.observer}, {_observer(setting)}")
    yield from item(f"**Scope:** {_scope(setting)}")
    yield from item(f"**Takes:** {_cost(setting)}")
    yield from item(f"**Members apart from each other:** {_apart(setting)}")
    yield from item("**Clients** of a server are dropped when it restarts, and reconnect; of a standby none.")
    yield ""
    yield from _rounds(setting)


def _title(setting: Setting) -> str:
    return "new cluster credentials" if setting.plan.task == MIGRATE else setting.plan.task


def _observer(setting: Setting) -> str:
    plan, cluster = setting.plan, setting.cluster
    if "--observer" in plan.options.split():
        return "as asked for"
    if cluster.observer:
        return "as the inventory says"
    kind = (
        "a pair, there is no single member for it"
        if plan.observer in plan.pairs
        else "a single member before a pair"
    )
    return f"{kind}, never the only discovery seed, else the last of the inventory"


def _scope(setting: Setting) -> str:
    plan, cluster = setting.plan, setting.cluster
    moving = {step.target for step in plan.steps if step.kind in ANY_RESTART}
    rest = [member.name for member in cluster.members if member.name not in moving]
    told = f"{len(moving)} of {len(cluster.members)} members, {len(cluster.nodes)} nodes in the cluster"
    return told + (f"; not restarted: {', '.join(rest)}" if rest else "")


def _cost(setting: Setting) -> str:
    plan = setting.plan
    processes = sum(step.kind in ANY_RESTART for step in plan.steps)
    seconds = plan.choices[0].waiting_s if plan.choices else processes * RESTART_S
    rounds = max(len(plan.rounds), 1)
    many = Counter(step.target for step in plan.steps if step.kind in LAST_RESTARTS)
    times = ", ".join(f"{count} of {member}" for member, count in many.items())
    each = f"{max(many.values())} of each member" if len(set(many.values())) == 1 else times
    return (
        f"{rounds} round{'s' * (rounds > 1)}, {processes} restarts of servers ({each or 'none'}), "
        f"about {_minutes(seconds)} by the tool; by hand about three times that"
    )


def _minutes(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'s' * (minutes > 1)}"


def _apart(setting: Setting) -> str:
    """By what the members count after each step; the length by the costs."""
    plan = setting.plan
    seconds = plan.choices[0].apart_s if plan.choices else 0
    if not any(step.expected != plan.baseline for step in plan.steps if step.expected) and not seconds:
        return "never, apart from the one that restarts"
    return (
        f"about {_minutes(seconds)} by the tool; messages between the halves are queued meanwhile, and beyond their "
        "bound discarded"
    )


def _rounds(setting: Setting) -> Iterator[str]:
    plan = setting.plan
    for number, one in enumerate(plan.rounds, 1):
        who = "every member" if len(one.moving) == len(setting.cluster.members) else ", ".join(one.moving)
        yield from item(f"round {number}: {one.what}; restarts {who}")
    if plan.rounds:
        yield ""


def scope_section(setting: Setting) -> Iterator[str]:
    """Nodes, certificates, the operator's own gates, edits, notes."""
    plan, cluster = setting.plan, setting.cluster
    yield from ("## Scope", "")
    header = ("member", "node", "role when planned", "host", "control port")
    yield from table(header, (_node_row(setting, node) for node in cluster.nodes))
    yield from _certificates(setting)
    told = [*gate_lines(plan), *plan.notes]
    if told:
        yield from ("## To know before", "")
        for text in told:
            yield from item(text)
        yield ""
    yield from _edits(setting)


def _node_row(setting: Setting, node: Node) -> tuple[str, ...]:
    plan, cluster = setting.plan, setting.cluster
    primary = node.name in first_primaries(plan, cluster).values()
    role = ("primary" if primary else "standby") if cluster.member(node.member).is_pair else "single"
    control = "{}:{}".format(*plan.addresses[node.name]) if node.name in plan.addresses else "-"
    return (node.member, node.name, role, node.host, control)


def _certificates(setting: Setting) -> Iterator[str]:
    plan = setting.plan
    now = served_first(plan, setting.cluster)
    yield from ("## Certificates", "")
    rows = (
        (member, now.get(member, "-")[:8], target.leaf_sha256[:8], target.leaf_subject, target.not_after[:10])
        for member, target in plan.targets.items()
    )
    yield from table(("member", "serves now", "then", "subject", "valid until"), rows)
    then = (target.leaf_sha256 for target in plan.targets.values())
    every = (sha for sha in dict.fromkeys((*now.values(), *then)) if len(sha) == 64)
    yield from prose("SHA-256 of the certificates, in whole:")
    yield from code(every, language="text")


def _edits(setting: Setting) -> Iterator[str]:
    plan = setting.plan
    if not plan.edits:
        return
    yield from ("## server.cfg", "")
    for node, change in plan.edits.items():
        number = plan.edit_rounds.get(node, 0)
        when = f" in round {number}" if number else ""
        yield from prose(f"{node}: `{change.path}` is edited{when}.")
        yield from code(change.diff.rstrip("\n").split("\n"), language="diff")
        if change.carried:
            yield from prose(f"These go along from the former keystore: {', '.join(change.carried)}.")


def before_section(setting: Setting) -> Iterator[str]:
    """What must hold, or nothing begins."""
    plan = setting.plan
    placing = any(step.kind is StepKind.PLACE for step in plan.steps)
    yield from ("## Before you begin", "")
    yield from item("`fab status` says `healthy`; `fab check` ends with `check: no errors`.", mark="- [ ] ")
    again = commands_of(plan.command or plan.task, " ".join(filter(None, ("fab plan", plan.options))))
    yield from item(f"`{again}` shows the fingerprint `{setting.fingerprint}`.", mark="- [ ] ")
    if placing:
        yield from item(
            f"The new credentials lie in `{setting.cluster.credentials}`, and a copy of them in a safe place.",
            mark="- [ ] ",
        )
    yield from item("You work inside `tmux` or `screen`; nobody else works on the cluster.", mark="- [ ] ")
    yield from item("The owners of the clients know the window; alarms are silenced.", mark="- [ ] ")
    yield from item("The [contacts](#contacts) are filled in.", mark="- [ ] ")
    yield ""
    yield from prose(
        "Without the tool: no server may be restarted by anyone else, every member shows the counts under "
        "[Now](#now), every pair is in sync (2 of 2)."
    )
    yield from prose(
        "Either the tool or the hand: not both in one night. Whoever began by hand goes on, or back, by hand; whoever "
        "began with the tool goes on with `--resume`, which finds out where it stands."
    )
