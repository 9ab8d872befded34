"""The manual commands of a step: the same files by the same order, the same restart, the same proofs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.model import ByCommand, ByContainer, ByRest, BySystemd, Node
from tasks.core.plan import Plan, Step
from tasks.core.runbook_course import Station, other_node
from tasks.core.runbook_ground import Setting
from tasks.core.runbook_markdown import code, command, here, prose
from tasks.core.runbook_reach import Reach, reaches
from tasks.core.runbook_tools import CARRY, LOOK, QUEUES, SWAP_IN
from tasks.core.step_kinds import StepKind

_NAMES = (CA_FILE, CERT_FILE, KEY_FILE)
_RESTART, _STOP = "service/restart", "service/stop"
_SERVER = '{"Service":"Server"}'


def by_hand(setting: Setting, station: Station) -> Iterator[str]:
    """Markdown; nothing where the tools of a runbook do not reach."""
    kinds = {step.kind for step in station.steps}
    if kinds == {StepKind.PLACE}:
        yield from _placing(setting, station)
    elif kinds <= {StepKind.SWAP, StepKind.RESTART, StepKind.RESTART_STANDBY}:
        for step in station.swaps:
            yield from _swapping(setting, station, step)
        if station.restart:
            yield from _restarting(setting, station, station.restart)
    elif kinds == {StepKind.PROVE}:
        yield from code([f"bash {LOOK}"])
    else:
        yield from prose("There is no way by hand for this step in a runbook: leave it to the tool.")


def round_of(step: Step) -> int:
    """Of a plan with one round, whose steps have no number, 1."""
    return max(step.round, 1)


def start_argv(node: Node) -> tuple[str, ...]:
    """The command that starts its server."""
    match node.start_by:
        case BySystemd(unit):
            return ("systemctl", "start", unit)
        case ByContainer(engine, name):
            return (engine, "start", name)
        case ByCommand(argv):
            return argv


def _placing(setting: Setting, station: Station) -> Iterator[str]:
    """Once per set the files are gathered; then one line per node."""
    by_name, number = reaches(setting), round_of(station.last)
    folders: dict[tuple[tuple[str, str], ...], str] = {}
    lines: list[str] = []
    for step in station.steps:
        node = setting.cluster.node(step.target)
        files = tuple((name, str(path)) for name, path in to_be_placed(setting, node, step).items())
        if files not in folders:
            folders[files] = f"round-{number}-{len(folders) + 1}"
            lines += _gathered(folders[files], files)
    for step in station.steps:
        node = setting.cluster.node(step.target)
        files = tuple((name, str(path)) for name, path in to_be_placed(setting, node, step).items())
        lines += _staged(setting, by_name[node.name], folders[files], number)
    yield from prose(
        f"Gather the files, stage them on each node as `round-{number}`, read them back; each line must say `right`."
    )
    yield from code(lines)


def _gathered(folder: str, files: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f"mkdir -p {folder}"
    for name, path in files:
        found = path if Path(path).is_absolute() else f"../{path}"
        yield from command(("ln", "-sfn", here(found), f"{folder}/{name}"))


def _staged(setting: Setting, reach: Reach, folder: str, number: int) -> tuple[str, ...]:
    to = setting.stage(reach.node) / f"round-{number}"
    acting = shlex.quote(shlex.join(reach.acting))
    return command(("stage", folder, here(str(to)), acting, *reach.ssh))


def to_be_placed(setting: Setting, node: Node, step: Step) -> dict[str, Path]:
    """By name, the files that the round brings to the node, and where they lie here; key and certificate together."""
    plan, member = setting.plan, node.member
    wanted = plan.target_after(member, round=step.round).files
    had = _before(plan, node, step)
    moves = node.name in plan.edits and plan.edit_rounds.get(node.name, 0) == step.round
    other = {name for name in _NAMES if name in wanted and (moves or wanted[name] != had.get(name))}
    if other & {CERT_FILE, KEY_FILE}:
        other |= {CERT_FILE, KEY_FILE}
    found = {name: setting.source(member, name, wanted[name]) for name in _NAMES if name in other}
    return {name: path for name, path in found.items() if path is not None}


def _before(plan: Plan, node: Node, step: Step) -> dict[str, str]:
    found = dict(plan.files_before.get(node.name, {}))
    for one in plan.rounds[: max(step.round - 1, 0)]:
        found |= one.targets[node.member].files
    return found


def _swapping(setting: Setting, station: Station, step: Step) -> Iterator[str]:
    """Of a pair the primary first: a sync gives the standby the primary's tree (T7)."""
    by_name = reaches(setting)
    member = setting.cluster.member(step.target)
    nodes = list(member.nodes)
    if member.is_pair:
        primary = station.primary[member.name]
        nodes.sort(key=lambda node: node.name != primary)
        yield from prose(
            f"As planned, {primary} is the primary of {member.name} now: `bash {LOOK}` says so, else take the other "
            "node wherever one of the two is named here. The primary's files go first, then the standby's."
        )
    lines: list[str] = []
    for node in nodes:
        lines += _swapped(setting, by_name[node.name], step)
    yield from code(lines)
    for node in nodes:
        yield from _edited(setting, by_name[node.name], step)


def _swapped(setting: Setting, reach: Reach, step: Step) -> Iterator[str]:
    """The files of another keystore go along before anything names it."""
    node, number = reach.node, round_of(step)
    change = setting.edit(node, round=step.round)
    ks, ts = setting.keystore(node, round=step.round), setting.truststore(node, round=step.round)
    like, cfg = setting.certificates(node), setting.config(node)
    if change and setting.plan.edit_rounds.get(node.name, 0) == step.round:
        old = setting.keystore(node, round=-1), setting.truststore(node, round=-1)
        for was, now in zip(old, (ks, ts), strict=True):
            if was != now:
                yield from reach.script(CARRY, was, now, like)
    yield from reach.script(SWAP_IN, setting.stage(node) / f"round-{number}", ks, ts, like, cfg)


def _edited(setting: Setting, reach: Reach, step: Step) -> Iterator[str]:
    node = reach.node
    change = setting.edit(node, round=step.round)
    if not change or setting.plan.edit_rounds.get(node.name, 0) != step.round:
        return
    path = setting.config(node)
    yield from prose(
        f"Edit `{path}` on {node.name} as the difference under [server.cfg](#servercfg) says, and nothing else in it; "
        f"its SHA-256 must then be `{change.new_sha256}`:"
    )
    yield from code(reach.on((*reach.acting, "sha256sum", str(path))))


def _restarting(setting: Setting, station: Station, step: Step) -> Iterator[str]:
    member = setting.cluster.member(step.target)
    node = member.nodes[0]
    if member.is_pair:
        primary = setting.cluster.node(station.primary[member.name])
        node = primary if step.kind is StepKind.RESTART else other_node(setting.cluster, primary.name)
        if not station.swaps:
            yield from prose(
                f"{primary.name} is to be the primary now (`bash {LOOK}`), else take the other node."
            )
    reach = reaches(setting)[node.name]
    if gate := setting.plan.gates.get(member.name):
        yield from prose(f"Your own gates, with `0` as their exit status, {gate}.")
    state = 10 if step.kind is StepKind.RESTART_STANDBY else 1
    yield from prose(f"Restart {node.name}, only if it is at State {state}, and once; it answers CWLNA6011:")
    yield from _restart(reach)
    yield from prose(
        "Look until it is as expected: a small uptime, error 0, and what was kept for it meanwhile has reached it:"
    )
    yield from code([f"bash {LOOK}", f"bash {QUEUES}"])
    yield from _proof(setting, station, step, reach)


def _restart(reach: Reach) -> Iterator[str]:
    """By REST, or stopped by REST and started by what manages it: a manager's own stop signals twice (T5)."""
    match reach.node.restart_by:
        case ByRest():
            yield from code(reach.rest(_RESTART, _SERVER))
        case ByCommand(argv):
            yield from code(reach.privileged(*argv))
        case BySystemd(unit):
            state = reach.privileged("systemctl", "is-active", unit)
            yield from _stopped(reach, state, reach.privileged("systemctl", "start", unit))
        case ByContainer(engine, name):
            state = reach.privileged(engine, "inspect", "--format", "{{.State.Status}}", name)
            yield from _stopped(reach, state, reach.privileged(engine, "start", name))


def _stopped(reach: Reach, state: tuple[str, ...], start: tuple[str, ...]) -> Iterator[str]:
    limit = f"{reach.node.limits.stop_s:g}"
    yield from code(
        (
            *reach.rest(_STOP, _SERVER),
            f"# again until it has ended (inactive, exited), at most {limit} s:",
            *state,
        )
    )
    yield from prose("Never a second stop. Once it has ended, and not come back by itself:")
    yield from code(start)


def _proof(setting: Setting, station: Station, step: Step, reach: Reach) -> Iterator[str]:
    """The certificate on the wire and whom the process accepts; of a standby, its files."""
    member = setting.cluster.member(step.target)
    if step.kind is StepKind.RESTART_STANDBY:
        yield from prose(
            "A standby serves no certificate: its files speak for it, after the sync once more. Both nodes must "
            "print the same:"
        )
        by_name = reaches(setting)
        yield from code(line for n in member.nodes for line in _hashes(setting, by_name[n.name], step))
    elif member.is_pair:
        taken_over = other_node(setting.cluster, reach.node.name).name
        yield from _on_the_wire(setting, step, reaches(setting)[taken_over])
    else:
        yield from _on_the_wire(setting, step, reach)


def _on_the_wire(setting: Setting, step: Step, reach: Reach) -> Iterator[str]:
    plan = setting.plan
    wanted = plan.target_after(step.target, round=step.round).leaf_sha256
    *before, last = reach.handshake()
    yield from prose(f"{reach.node.name} must serve `{wanted[:8]}`, all of it:")
    shown = "    openssl x509 -noout -fingerprint -sha256 | tr -d :"
    yield from code((*before, f"{last} |", shown, f"# {wanted}"))
    if plan.rounds:
        names = plan.rounds[step.round - 1].accepts[step.target]
        told = "; ".join(names) or "nobody"
        yield from prose(f"It must accept clients of {told} (openssl spells names its own way):")
        yield from code((*before, f"{last} |", f"    grep -i -A{len(names)} 'client certificate CA names'"))


def _hashes(setting: Setting, reach: Reach, step: Step) -> tuple[str, ...]:
    ks, ts = setting.keystore(reach.node, round=step.round), setting.truststore(reach.node, round=step.round)
    files = (ts / CA_FILE, ks / CERT_FILE, ks / KEY_FILE)
    return reach.on((*reach.acting, "sha256sum", *map(str, files)))
