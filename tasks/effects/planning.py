"""`fab plan`: what a migration would do; nothing is changed. As a document, too, where a file is named."""

from __future__ import annotations

from tasks.core.course import Wish
from tasks.core.file_names import CLUSTER
from tasks.core.model import Cluster
from tasks.core.plan import Plan
from tasks.core.runbook import runbook
from tasks.core.runbook_ground import Setting, grounds_of
from tasks.effects.console import tell
from tasks.effects.credential_files import set_paths, typed_path
from tasks.effects.journey import planned
from tasks.effects.operations import MIGRATION, migration_plan
from tasks.effects.prepare import Prepared
from tasks.effects.runbook_file import refuse_unfit, write
from tasks.effects.site import Site
from tasks.effects.status_shown import open_run_of


def make_plan(
    site: Site, wish: Wish, *, ignored: frozenset[str] = frozenset(), runbook_file: str = ""
) -> Plan:
    """Check, then plan the migration; and write the runbook, if a file is named and anything is to be done.

    Raises:
        Refused: A check fails (all findings are shown on stderr), or the strategy is impossible.
        UsageError: The observer asked for is no member; or the file cannot be one of ours, which is said before
            any node is asked.
        OperatorError: The file could not be written.
    """
    path = typed_path(runbook_file) if runbook_file else None
    if path is not None:
        refuse_unfit(path)
    run = open_run_of(site)
    if run is not None:
        tell(f"{run.line} (what follows is a new plan, from what the cluster runs with now)")
    prepared, plan = planned(site, MIGRATION, migration_plan(site, wish), ignored=ignored)
    if path is not None and plan.steps:
        write(path, runbook(setting_of(site.cluster, prepared, plan)))
        tell(f"runbook of plan {plan.fingerprint}: {path}")
    elif path is not None:
        tell(f"no runbook is written to {path}: nothing is to be done")
    return plan


def setting_of(cluster: Cluster, prepared: Prepared, plan: Plan) -> Setting:
    """With the places of what was seen, and of the sets on this machine."""
    snapshot = prepared.snapshot
    sets = {}
    for member in cluster.members:
        _, paths = set_paths(cluster.credentials, member.name, names=CLUSTER)
        sets[member.name] = {name: path.absolute() for name, path in paths.items()}
    return Setting(plan, cluster, snapshot.taken_at, grounds_of(snapshot), sets)
