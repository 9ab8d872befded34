"""What the first line of a journal tells beside the plan: where the run began, and what was served before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tasks.core.certificates import is_builtin
from tasks.core.journal import Entry
from tasks.core.snapshot import Snapshot, Wire
from tasks.core.verification import PLAN_FACT

SUBJECTS_FACT = "subjects"  # JSON: SHA-256 of a served certificate -> its subject
BUILTIN = "BUILT-IN"
_BEGINNINGS = frozenset({"opened", "rebuilt"})
_OTHERS = frozenset({PLAN_FACT, SUBJECTS_FACT})


def served_subjects(snapshot: Snapshot) -> dict[str, str]:
    """The fact: who the served certificates name, so that a report need not ask for them."""
    served = {wire.leaf for seen in snapshot.nodes.values() if isinstance(wire := seen.wire, Wire)}
    if not served:
        return {}
    named = {
        leaf.sha256: f"{BUILTIN}: {leaf.subject}" if is_builtin(leaf) else leaf.subject for leaf in served
    }
    return {SUBJECTS_FACT: json.dumps(named, sort_keys=True)}


def subjects_told(entries: Sequence[Entry]) -> dict[str, str]:
    """SHA-256 -> subject, as far as the journal tells."""
    found: dict[str, str] = {}
    for entry in entries:
        if entry.event in _BEGINNINGS:
            found |= _read(entry.facts.get(SUBJECTS_FACT, "{}"))
    return found


def _read(text: str) -> dict[str, str]:
    """A journal lies on a disk: what is no such object tells nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def environment_told(entries: Sequence[Entry]) -> Mapping[str, str]:
    """Where and with what the run began, and was rebuilt last; empty where it is an older version's."""
    told = [entry.facts for entry in entries if entry.event in _BEGINNINGS and entry.facts]
    return {name: text for name, text in told[-1].items() if name not in _OTHERS} if told else {}
