"""Checks of what a pair's HA channel must be like before its credentials are changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tasks.core.file_names import HA
from tasks.core.findings import Finding, Severity
from tasks.core.ha_seen import HaSeen, ha_files
from tasks.core.health import StatusReport, report
from tasks.core.model import Member
from tasks.core.snapshot import Snapshot, Unseen

# Findings that are about the cluster's own credentials and membership: no matter for the HA channel.
_ELSEWHERE = frozenset(
    {
        "apart",
        "builtin-served",
        "certificates-not-required",
        "crl",
        "keystore-not-synced",
        "membership-pending",
        "not-a-member",
        "pending-ca",
        "pending-files",
        "served-expired",
        "server-cfg-edit",
        "unreadable",
        "wire",
    }
)


def relevant(findings: Iterable[Finding], pairs: tuple[Member, ...]) -> tuple[Finding, ...]:
    """What the general checks found, without what the HA channel of these pairs has nothing to do with."""
    asked = {pair.name for pair in pairs}
    return tuple(
        f
        for f in findings
        if f.name not in _ELSEWHERE
        and not f.name.startswith("crl-")
        and (f.where in asked or not f.name.startswith("pair-"))
    )


def of_ha_sets(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What was found of credential sets, with the command that makes one of this use."""
    make, make_ha = "fab credentials.create", "fab credentials.create --use ha"
    return tuple(
        replace(f, remedy=f.remedy.replace(make, make_ha)) if make_ha not in f.remedy else f for f in findings
    )


def ha_checks(seen: HaSeen) -> Iterator[Finding]:
    """Every reason against changing the HA credentials of these pairs."""
    for member in seen.pairs:
        for node in member.nodes:
            found = seen.shown[node.name]
            if isinstance(found, Unseen):
                yield _error("ha-config", node.name, found.problem, found.remedy)
        yield from _configured(seen, member)
        yield from _readable(seen, member)


def _configured(seen: HaSeen, member: Member) -> Iterator[Finding]:
    for node in member.nodes:
        config = seen.config(node)
        if isinstance(config, Unseen) or not config.enabled:
            continue  # said by ha-config, or by pair-not-formed
        if not config.secured:
            yield _error(
                "ha-unsecured",
                node.name,
                "UseSecuredConnections is false: the HA channel runs in clear text, HA credentials are unused",
                'POST configuration {"HighAvailability": {"UseSecuredConnections": true}} on both nodes, restart '
                f"both (clients have no server meanwhile), then: fab ha.migrate {member.name}",
            )
        if config.stands_alone:
            yield _error(
                "ha-stand-alone",
                node.name,
                "StartupMode is StandAlone: restarted beside its peer it would be a second primary (T8)",
                'POST configuration {"HighAvailability": {"StartupMode": "AutoDetect"}} on it; it needs no restart '
                "before this task",
            )
    groups = {config.group for config in seen.configs(member)}
    if len(groups) > 1:
        text = f"its nodes have different Groups: {', '.join(sorted(groups))}"
        yield _error("ha-group", member.name, text, "correct Group, or the pair in the inventory")


def _readable(seen: HaSeen, member: Member) -> Iterator[Finding]:
    for node in member.nodes:
        files = ha_files(seen.snapshot.nodes[node.name])
        for name in HA.in_order if files is not None else ():
            state = files.files.get(name) if files else None
            if state is not None and state.exists and not state.readable:
                text = f"{name} cannot be read by the service user (owner {state.owner}, mode {state.mode})"
                remedy = "this task replaces it; a restart before would fall back to the built-in pair (T2)"
                yield Finding("ha-unreadable", Severity.WARNING, node.name, text, remedy)


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)


def ha_report(snapshot: Snapshot, pairs: tuple[Member, ...]) -> StatusReport:
    """How every node stands now, judged by what the HA channel of these pairs has to do with."""
    found = report(snapshot)
    kept = relevant(found.findings, pairs)
    bad = [f for f in kept if f.severity is Severity.ERROR]
    names = ", ".join(pair.name for pair in pairs)
    verdict = f"healthy: {names} in sync"
    if bad:
        verdict = f"NOT HEALTHY: {'; '.join(f'[{f.where}] {f.problem}' for f in bad)}"
    return replace(found, findings=kept, healthy=not bad, verdict=verdict)
