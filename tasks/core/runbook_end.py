"""The last pages of a runbook: when to stop, the way back, what is left to do, who signs."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.model import Via
from tasks.core.runbook_course import Station, stations
from tasks.core.runbook_ground import Setting, on_host
from tasks.core.runbook_hands import start_argv
from tasks.core.runbook_markdown import code, command, item, prose, table
from tasks.core.runbook_reach import CA_ON_NODE, reached, reaches
from tasks.core.runbook_steps import station_words
from tasks.core.runbook_tools import SWAP_IN
from tasks.core.step_kinds import LAST_RESTARTS

LOG = "imaserver-default.log"
_SIGNS = (  # S1 to S6: what is seen, what it means, what to do then
    (
        "C/D not as in the table, lower or **higher**",
        "trust is not as planned; higher: the server fell back to the built-in pair",
        "`fab status`, `fab credentials.matrix`; by hand look at the certificate (S2)",
    ),
    (
        "another certificate than in the table",
        "the server could not open its files, or somebody changed them",
        "`fab check`; by hand compare name, owner, mode and KeyStore with another node",
    ),
    (
        "State 9, or error not 0",
        "maintenance, the store is not available",
        "`fab recover NODE`; by hand restart it once more, at most twice",
    ),
    (
        "no answer for {return_s} s",
        "the server is down, or listens on nothing because key and certificate do not belong together",
        "`fab recover NODE`; by hand the two blocks below",
    ),
    (
        "a pair not PRIMARY and STANDBY, 2 in sync, when its time is over",
        "it is out of sync, or its roles are not clear",
        "restart neither node; `fab status`; heal the pair first",
    ),
    (
        "the uptime does not become small",
        "the old process still runs",
        "wait 60 s and look; ask no second time within that",
    ),
)
_SIGNATURES = ("change approved", "carried out", "verified", "closed or rolled back")
_CONTACTS = (
    "decision to go back",
    "servers and hosts",
    "network and bastion",
    "owners of the clients",
    "product support",
)


def stop_section(setting: Setting) -> Iterator[str]:
    """The signs, what they mean, and what is safe then."""
    yield from ("## When to stop", "")
    yield from prose(
        "Do nothing further; nothing gets worse by waiting: what is connected stays connected. Read the sign, "
        "then mend, or [go back](#rollback). With the tool, its last lines name node, cause and next command."
    )
    for number, (seen, means, then) in enumerate(_SIGNS, 1):
        shown = seen.format(return_s=_longest(setting))
        yield from item(f"**S{number}** {shown}: {means}. Then: {then}.")
    yield ""
    yield from prose(
        "**Never:** CleanStore, Reset, `service/remove/inactiveClusterMember`, EnableClusterMembership off and "
        "on, a restart of a server that is not at State 1 or 10, two stops in a row."
    )
    yield from _logs(setting)


def _longest(setting: Setting) -> str:
    return f"{max(node.limits.return_s for node in setting.cluster.nodes):g}"


def _logs(setting: Setting) -> Iterator[str]:
    """The cause of S4, and how a server is started that is down."""
    by_name = reaches(setting)
    yield from prose(
        "S4 by hand, the cause (CWLNA0911 names it), and then, files mended or put back, the start where nothing runs:"
    )
    lines: list[str] = []
    for reach in reached(setting.cluster, by_name):
        path = on_host(reach.node, reach.node.paths.log_dir / LOG)
        lines += reach.on((*reach.acting, "tail", "-n", "20", str(path)))
    yield from code(lines)
    yield from code(
        line for r in reached(setting.cluster, by_name) for line in r.privileged(*start_argv(r.node))
    )


def rollback_section(setting: Setting) -> Iterator[str]:
    """By the tool, and by hand: each restarted member the other way round, last first."""
    yield from ("## Rollback", "")
    yield from prose(
        "**By the tool:** `fab rollback --plan` shows the way back from wherever the run stands, `fab rollback` "
        "goes it, through the same gates. There is no hurry."
    )
    if not any(one.swaps for one in stations(setting.plan, setting.cluster)):
        return
    yield from _back_by_hand(setting)


def _back_by_hand(setting: Setting) -> Iterator[str]:
    yield from prose(
        f"**By hand:** one member after the other, the last restarted first. For each: the `{SWAP_IN}` lines of "
        "the step that swapped it in, with the folder of this table as the end of their first path; of a pair the "
        "standby's restart, in sync, then the primary's, else its restart. Then counts and certificates must be as "
        "they were after the step that the table names, before the next is undone. Of a pair whose standby alone was "
        "restarted: the same lines, and that standby again."
    )
    yield from table(("undo", "member", "lines of", "folder", "then as after"), _undoing(setting))
    if setting.plan.edits:
        yield from prose(
            "Where server.cfg was edited, it is put back before that restart; the former keystore is as it was:"
        )
        yield from code(line for name in setting.plan.edits for line in _config_back(setting, name))
    yield from prose(
        "Such a folder is what was live before, on that node. A file that was not there is taken away by the same "
        "script; a server without key and certificate serves the built-in pair, which is what it did before."
    )


def _config_back(setting: Setting, name: str) -> tuple[str, ...]:
    reach = reaches(setting)[name]
    number = max(setting.plan.edit_rounds.get(name, 0), 1)
    kept = setting.stage(reach.node) / f"before-round-{number}" / setting.config(reach.node).name
    return reach.on((*reach.acting, "cp", "-p", "--", str(kept), str(setting.config(reach.node))))


def _undoing(setting: Setting) -> Iterator[tuple[str, str, str, str, str]]:
    """Per restart of a member, the last first."""
    rows, before = [], "Now"
    swapped: dict[str, list[Station]] = {}
    for one in stations(setting.plan, setting.cluster):
        for step in one.swaps:
            swapped.setdefault(step.target, []).append(one)
        if one.restart and one.restart.kind in LAST_RESTARTS:
            target, by = one.restart.target, swapped.get(one.restart.target, [])
            lines = by[-1].numbers if by else "-"
            rows.append((one.numbers, target, lines, f"before-round-{max(one.last.round, 1)}", before))
        before = one.numbers
    return reversed(rows)


def after_section(setting: Setting) -> Iterator[str]:
    """What is left behind by either way, and by whom it is taken away."""
    yield from ("## Afterwards", "")
    yield from item("`fab status` says `healthy` and shows the new certificates.", mark="- [ ] ")
    yield from item(
        "With the tool: once nobody wants to go back, `fab runs.clean` wipes the former keys on the nodes.",
        mark="- [ ] ",
    )
    yield from item("By hand: once nobody wants to go back, the same by these commands.", mark="- [ ] ")
    yield ""
    by_name = reaches(setting)
    lines: list[str] = []
    for reach in reached(setting.cluster, by_name):
        lines += reach.on((*reach.acting, "rm", "-rf", "--", str(setting.stage(reach.node))))
        if reach.via == Via.EXEC and reach.node.admin.ca:
            lines += reach.on(("rm", "-f", CA_ON_NODE))
        lines += reach.closed()
    lines += command(("cd", "&&", "rm", "-rf", f"~/by-hand-{setting.fingerprint}"))
    yield from code(lines)


def sign_off_section(setting: Setting) -> Iterator[str]:
    """Tables to be filled in by hand."""
    plan = setting.plan
    yield from ("## Sign-off", "")
    rows = [
        (one.numbers, station_words(plan, one), " " * 8, " " * 8, " " * 12)
        for one in stations(plan, setting.cluster)
    ]
    yield from table(("step", "what", "done at", "by", "seen"), rows)
    yield from table(("", "name", "date and time"), [(who, " " * 24, " " * 20) for who in _SIGNATURES])
    yield from ("## Contacts", "")
    yield from table(("for", "name", "reached by"), [(what, " " * 24, " " * 24) for what in _CONTACTS])
