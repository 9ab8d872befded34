"""What a run cost, and how far it came: from its directory alone, no node is asked."""

from __future__ import annotations

from pathlib import Path

from tasks.core.availability import measured
from tasks.core.availability_text import availability_lines
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.json_text import json_text
from tasks.core.model import Cluster
from tasks.core.nearest import one_of
from tasks.core.plan import Plan
from tasks.core.report_data import FullReport, full_report_lines, made_report
from tasks.core.report_html import report_html
from tasks.core.report_markdown import report_markdown
from tasks.effects.console import say
from tasks.effects.page_file import write_private
from tasks.effects.record import RunRecord, runs
from tasks.effects.sampling import samples_of
from tasks.effects.verifying import verification

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Form:
    """How a report is wanted: one of these, or as text.

    Args:
        html: The file of the page; "" for none.
    """

    json: bool = False
    markdown: bool = False
    html: str = ""

    def __post_init__(self) -> None:
        """Raises UsageError where several are wanted at once."""
        if self.json + self.markdown + bool(self.html) > 1:
            text = "--json, --markdown and --html FILE are three forms of the same report"
            raise UsageError(text, remedy="give one of them; the command can be repeated with another")


AS_TEXT = Form()


def show_run(cluster: Cluster, run: str, *, form: Form = AS_TEXT) -> None:
    """The run's plan, times, steps and availability; as JSON, Markdown or a page all that its directory tells.

    Args:
        run: Its id; "" for the newest.

    Raises:
        UsageError: There is no such run on this machine, or the page cannot be written.
    """
    record = _found(cluster.runs_dir, run)
    made = _made(cluster, record)
    if form.html:
        written = write_private(Path(form.html), report_html(made))
        say(f"the report of run {record.id} is in {written}")
    elif form.json:
        say(json_text(made), verbatim=True)
    elif form.markdown:
        say(report_markdown(made).rstrip("\n"), verbatim=True)
    else:
        for line in full_report_lines(made):
            say(line)


def _made(cluster: Cluster, record: RunRecord) -> FullReport:
    return made_report(
        record.id,
        record.plan,
        record.entries(),
        samples=samples_of(record),
        verification=verification(record.directory),
        members={member.name: [node.name for node in member.nodes] for member in cluster.members},
    )


def show_availability(cluster: Cluster, plan: Plan) -> None:
    """Who was away and who was apart in the newest run of this plan; nothing if that was not sampled."""
    newest = [one for one in runs(cluster.runs_dir) if one.plan.fingerprint == plan.fingerprint][-1:]
    for record in newest:
        if samples := samples_of(record):
            for line in availability_lines(measured(samples)):
                say(line)


def _found(runs_dir: Path, run: str) -> RunRecord:
    known = [record for record in runs(runs_dir) if record.entries()]
    chosen = [record for record in known if record.id == run] if run else known[-1:]
    if chosen:
        return chosen[0]
    if not known:
        raise UsageError(
            f"there is no run in {runs_dir}", remedy="fab status; fab migrate-cluster starts one"
        )
    raise UsageError(
        f"there is no run {run} in {runs_dir}",
        remedy=f"fab runs.report shows the newest; {one_of(run, [one.id for one in reversed(known)], most=_NAMED)}",
    )
