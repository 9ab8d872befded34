"""A plan as a document: a runbook for the change ticket, by which the tool or a hand can work."""

from __future__ import annotations

from tasks.core.runbook_end import after_section, rollback_section, sign_off_section, stop_section
from tasks.core.runbook_ground import Setting
from tasks.core.runbook_head import MARKER, before_section, head_section, scope_section
from tasks.core.runbook_steps import step_section
from tasks.core.runbook_tools import tool_section

_SECTIONS = (
    head_section,
    scope_section,
    before_section,
    tool_section,
    stop_section,
    step_section,
    rollback_section,
    after_section,
    sign_off_section,
)


def runbook(setting: Setting) -> str:
    """Markdown; the same setting always gives the same text, without secrets."""
    return "\n".join(line for section in _SECTIONS for line in section(setting)).rstrip("\n") + "\n"


def is_ours(first_line: str) -> bool:
    """Whether a file that begins so may be written anew."""
    return first_line.rstrip("\r\n") == MARKER
