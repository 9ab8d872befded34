"""Reports for tests of what is made of them: of made-up runs, and of one in which others wrote what they could."""

from __future__ import annotations

from tasks.core.journal import Entry
from tasks.core.report_data import FullReport, made_report
from tasks.core.run_facts import SUBJECTS_FACT
from tasks.core.verification import Kept, verified
from tests.core.long_runs import OLD, Made, long_run
from tests.core.test_journal_chain import journal

RUN = "20261122T120000Z-0123ab-4567"
EVIL = "</td></svg></style><script>alert('1')</script><img src=x onerror=\"x\">&amp;|`*\x1b[31m\u202e"


def report_of(made: Made) -> FullReport:
    kept = Kept(journal(*made.entries), plans={"plan.json": made.plan.fingerprint})
    return made_report(
        RUN,
        made.plan,
        made.entries,
        samples=made.samples,
        verification=verified(kept),
        members=made.members,
    )


def hostile() -> FullReport:
    """Every text that a server, a certificate or a file can bring in is a piece of a page."""
    made = long_run(3)
    opened = made.entries[0].model_copy(
        update={"facts": {"operator": EVIL, EVIL: "x", SUBJECTS_FACT: f'{{"{OLD}": "subject"}}'}}
    )
    failed = Entry(
        at=made.entries[1].at, event="failed", step=made.plan.steps[0].id, seen=EVIL, facts={EVIL: EVIL}
    )
    targets = {
        name: one.model_copy(update={"leaf_subject": f"CN={EVIL}", "not_after": EVIL})
        for name, one in made.plan.targets.items()
    }
    plan = made.plan.model_copy(
        update={"targets": targets, "notes": (EVIL,), "command": EVIL, "cluster": EVIL, "why": EVIL}
    )
    return report_of(
        Made(plan, (opened, *made.entries[1:2], failed), made.samples, {EVIL: (EVIL,), **made.members})
    )
