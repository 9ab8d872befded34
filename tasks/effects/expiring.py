"""`fab credentials.expiry`: look everywhere, say what ends when, in the form that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError, Unhealthy, UsageError
from tasks.core.expiry import ExpiryReport, Limits, expiry_report, parse_limits
from tasks.core.expiry_nagios import nagios_answer
from tasks.core.expiry_prometheus import prometheus_text
from tasks.core.expiry_text import expiry_lines, expiry_table
from tasks.core.held import HERE, NOTHING, Held, Source, held_by_nodes, serves_nothing
from tasks.core.json_text import json_text
from tasks.core.local_files import ending_here
from tasks.core.snapshot import Unseen
from tasks.effects.console import say, show_table, width
from tasks.effects.credential_files import local_error
from tasks.effects.local_files import read_sets
from tasks.effects.look import take_snapshot
from tasks.effects.site import Site


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for; `output` is the file for Prometheus, "" for stdout."""

    limits: Limits
    form: str = ""  # json | nagios | prometheus
    output: str = ""


def wanted(warn: str, crit: str, output: str, **forms: bool) -> Wanted:
    """Raises UsageError for impossible limits, several forms at once, or a file for another form."""
    limits = parse_limits(warn, crit)
    asked = [name for name, value in forms.items() if value]
    if len(asked) > 1:
        together = " and ".join(f"--{name}" for name in asked)
        raise UsageError(f"{together} exclude each other", remedy="one of them per call")
    if output and asked != ["prometheus"]:
        raise UsageError("--output is for --prometheus", remedy=f"add --prometheus, or: > {output}")
    return Wanted(limits, asked[0] if asked else "", output)


def show_expiry(site: Site, asked: Wanted) -> int:
    """Show it; with --nagios the plugin's exit code, else 0.

    Raises:
        Unhealthy: Something is critical, ended or not valid yet, or could not be seen (never with
            --nagios and --prometheus).
    """
    found = look_at_expiry(site, asked.limits)
    match asked.form:
        case "nagios":
            text, code = nagios_answer(found)
            say(text, verbatim=True)
            return code
        case "prometheus":
            give(prometheus_text(found), asked.output)
        case "json":
            say(json_text(found), verbatim=True)
            _require_good(found)
        case _:
            show_table(expiry_table(found, width=width()))
            for line in expiry_lines(found):
                say(line)
            _require_good(found)
    return 0


def look_at_expiry(site: Site, limits: Limits) -> ExpiryReport:
    """Served, on disk and here; whatever could not be seen is in it as unknown."""
    snapshot = take_snapshot(site)
    return expiry_report(
        site.cluster.key,
        [*held_by_nodes(snapshot), *_here(site)],
        nodes=tuple(snapshot.nodes),
        serving_nothing=serves_nothing(snapshot),
        limits=limits,
        at=snapshot.taken_at,
    )


def _here(site: Site) -> Iterable[Held]:
    """A folder here that cannot be read hides nothing of the nodes."""
    now = site.clock.now()
    try:
        return ending_here(read_sets(site.cluster, at=now), at=now)
    except OperatorError as error:
        return (Held(HERE, Source.LOCAL, "", NOTHING, now, Unseen(error.problem, error.remedy)),)


def _require_good(found: ExpiryReport) -> None:
    if found.bad or found.unknown:
        anew = (
            "new leafs of the same CA: fab credentials.renew, new sets: fab credentials.create; then fab plan"
        )
        remedies = (anew if found.bad else "", "what could not be seen: fab check" if found.unknown else "")
        raise Unhealthy(
            f"{len(found.bad)} ended, not yet valid or critical; {len(found.unknown)} could not be judged",
            remedy="; ".join(filter(None, remedies)),
        )


def give(text: str, output: str) -> None:
    """To stdout, or into the file by a rename: a collector never reads half of it."""
    if not output:
        say(text.removesuffix("\n"), verbatim=True)
        return
    path = Path(output)
    if path.exists() and not path.is_file():
        raise UsageError(
            f"--output {output} is no file: a rename would take its place", remedy="name a file: amlen.prom"
        )
    part = path.with_name(f".{path.name}.{os.getpid()}")  # hidden: collectors read *.prom
    try:
        part.unlink(missing_ok=True)
        with open(part, "x", encoding="utf-8", opener=_readable) as file:
            file.write(text)
        part.chmod(0o644)  # for the collector, whatever the umask
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise local_error("write", path, error) from error


def _readable(path: str, flags: int) -> int:
    return os.open(path, flags, 0o644)
