"""`fab credentials.matrix`: look, try, compute, show; changes nothing."""

from __future__ import annotations

from tasks.core.acceptance import as_computed, observed_findings, observed_lines
from tasks.core.course import Wish
from tasks.core.json_text import json_text
from tasks.core.matrix import (
    Matrix,
    fits,
    grouped_lines,
    legend_lines,
    one_way_line,
    stage_table,
    stages_and_why,
)
from tasks.core.matrix_data import matrix_data
from tasks.core.observed import loaded_now
from tasks.core.render import findings_lines
from tasks.core.stages import Stage
from tasks.effects.acceptance import observe
from tasks.effects.console import say, show_table, width
from tasks.effects.prepare import Prepared, prepare
from tasks.effects.site import Site

NARROWEST = 80  # the tables are made for this width at most, so that they fit into a ticket


def show_matrix(site: Site, wish: Wish, *, json_wanted: bool = False) -> Matrix:
    """Who can connect to whom now, after each step of the migration, and at its end.

    Raises:
        Refused: The strategy asked for is not possible.
    """
    matrix = make_matrix(site, prepare(site), wish)
    if json_wanted:
        say(json_text(matrix_data(matrix)), verbatim=True)
        return matrix
    tables = fits(matrix, width=min(width(), NARROWEST))
    for stage in matrix.stages:
        _show_stage(matrix, stage, as_table=tables)
    for line in legend_lines(matrix) if tables else ():
        say(line)
    told = observed_findings(matrix.observed, matrix.agreement)
    for line in (*observed_lines(matrix.observed, matrix.agreement), *findings_lines(told)):
        say(line)
    if matrix.why:
        say(f"now only: {matrix.why}")
    return matrix


def make_matrix(site: Site, prepared: Prepared, wish: Wish) -> Matrix:
    """From what was seen, and what the running processes do with the new sets. Raises as `show_matrix`."""
    snapshot, sets = prepared.snapshot, prepared.sets
    loaded = loaded_now(snapshot)
    observed = observe(site, snapshot, sets)
    stages, why = stages_and_why(snapshot, sets, findings=prepared.findings, wish=wish)
    return Matrix(
        cluster=site.cluster.key,
        at=snapshot.taken_at,
        members=tuple(member.name for member in site.cluster.members),
        loaded=frozenset(loaded),
        stages=stages,
        why=why,
        observed=observed,
        agreement=as_computed(observed, sets=sets, loaded=loaded, at=snapshot.taken_at),
    )


def _show_stage(matrix: Matrix, stage: Stage, *, as_table: bool) -> None:
    if not as_table:
        for line in grouped_lines(matrix, stage):
            say(line)
        return
    show_table(stage_table(matrix, stage))
    if line := one_way_line(stage):
        say(line)
