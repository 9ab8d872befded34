"""`fab doctor`: what would keep this tool from working, here and on the way to each node. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from tasks.core.doctor import Row, closing_line, doctor_report, doctor_table, wrongs
from tasks.core.doctor_inventory import fault_rows, found_row, without_inventory
from tasks.core.doctor_nodes import clock_rows, reach_rows
from tasks.core.doctor_servers import server_rows
from tasks.core.errors import Refused, UsageError
from tasks.core.inventory_names import names_in
from tasks.core.json_text import json_text
from tasks.core.model import Cluster
from tasks.effects.console import say, show_table, tell
from tasks.effects.doctor_machine import machine_rows, runs_rows
from tasks.effects.doctor_nodes import reach_all
from tasks.effects.doctor_secrets import QuietSecrets, secret_rows
from tasks.effects.inventory_file import VARIABLE, inventory_path, inventory_text, open_inventory
from tasks.effects.ssh.survey import look_at_agent, survey


def show_doctor(inventory: str, cluster: str, *, json_wanted: bool) -> None:
    """Every check, in one table.

    Args:
        cluster: "": all clusters of the inventory.

    Raises:
        Refused: Something is wrong.
    """
    at = datetime.now(UTC)
    rows = (*machine_rows(at), *_by_inventory(inventory, cluster))
    if json_wanted:
        say(json_text(doctor_report(rows, at=at)), verbatim=True)
    else:
        show_table(doctor_table(rows, at=at))
    bad = wrongs(rows)
    if bad:
        names = ", ".join(dict.fromkeys(row.check for row in bad))
        raise Refused(
            f"{len(bad)} thing{'s are' if len(bad) != 1 else ' is'} wrong: {names}",
            remedy="mend what is listed above, then: fab doctor",
        )
    if not json_wanted:
        say(closing_line(rows))


def _by_inventory(inventory: str, cluster: str, *, environ: Mapping[str, str] = os.environ) -> Iterator[Row]:
    path = inventory_path(inventory or None, environ=environ)
    source = _source(inventory, environ)
    try:
        clusters = _clusters(path, cluster)
    except UsageError as error:
        yield from fault_rows(error, path, source=source)
        yield without_inventory()
        return
    yield found_row(path, source=source, clusters=clusters)
    yield from _about(clusters)


def _source(inventory: str, environ: Mapping[str, str]) -> str:
    if inventory:
        return "by --inventory"
    return f"by {VARIABLE}" if environ.get(VARIABLE) else "in the working directory"


def _clusters(path: Path, cluster: str) -> tuple[Cluster, ...]:
    """The one that is asked for, else all of them."""
    keys = (cluster,) if cluster else tuple(each.cluster for each in names_in(inventory_text(path))) or ("",)
    return tuple(open_inventory(str(path), key or None) for key in keys)


def _about(clusters: tuple[Cluster, ...]) -> Iterator[Row]:
    nodes = tuple(chain.from_iterable(cluster.nodes for cluster in clusters))
    secrets = QuietSecrets()
    yield from server_rows(survey(nodes), look_at_agent())
    yield from secret_rows(clusters, secrets)
    yield from map(runs_rows, clusters)
    tell(f"asking {len(nodes)} node{'s' * (len(nodes) != 1)}, each within the limits of the inventory")
    reached = reach_all(nodes, secrets)
    yield from reach_rows(reached)
    yield from clock_rows(reached)
