"""A plan without what is new in every run of the tests, its keys: as text, and as a fingerprint of that.

`python -m tests.core.plan_shapes` writes the fingerprints of the plans below into plan_shapes.json, after a change
that is meant to alter plans.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tasks.core.course import Wish
from tasks.core.errors import Refused
from tasks.core.issuing import Subject, ca_with_leafs
from tasks.core.observed import loaded_now
from tasks.core.plan import Plan
from tasks.core.planning import plan_migration
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, NOW, SHARED
from tests.core.kinds import NEW, OLD
from tests.core.plans import plan_of
from tests.core.snapshots import Sets, cluster, healthy, pair

STORED = Path(__file__).with_name("plan_shapes.json")
_OURS = re.compile(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----|\b(?:[0-9A-F]{64}|[0-9a-f]{64}|[0-9A-F]{8})\b",
    re.DOTALL,
)


def shape(plan: Plan) -> str:
    """12 hexadecimal digits over the content, certificates and hashes told by the order in which they appear."""
    known: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"<{len(known)}>")

    text = _OURS.sub(named, json.dumps(plan.model_dump(mode="json")))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def named_plans() -> Iterator[tuple[str, Plan]]:
    """Every kind of credentials to every other, in a cluster with a pair; and a few of a dozen members."""
    small = cluster("gw-a", "gw-b", "gw-c", pair("gw-d"))
    for (old, runs), (new, sets) in product(OLD.items(), NEW.items()):
        yield f"{old} to {new}", plan_of(healthy(small, runs=runs), sets, strategy="auto")
    for strategy in ("overlap", "bridge", "renew", "prescribed"):
        for old, new in (("ca", "ca"), ("built-in", "ca"), ("ca", "renewed leafs"), ("mesh", "shared")):
            try:
                yield (
                    f"{strategy}: {old} to {new}",
                    plan_of(healthy(small, runs=OLD[old]), NEW[new], strategy=strategy),
                )
            except Refused:
                continue
    for name, (snapshot, large) in _dozens():
        wish = Wish()
        yield f"a dozen: {name}", plan_migration(snapshot, large, old=loaded_now(snapshot), wish=wish)


def under_one_ca(name: str, members: tuple[str, ...]) -> Sets:
    subjects = {member: Subject(member) for member in members}
    return ca_with_leafs(Subject(name), members=subjects, days=365, ca_days=3650, now=NOW).sets


def _dozens() -> Iterator[tuple[str, tuple[Snapshot, Sets]]]:
    names = tuple(f"gw-{number:02}" for number in range(12))
    whole = cluster(*names[:10], *map(pair, names[10:]))
    yield "built-in to a shared set", (healthy(whole), dict.fromkeys(names, SHARED))
    yield "built-in to a CA", (healthy(whole), under_one_ca("new", names))
    yield "CA to CA", (healthy(whole, runs=under_one_ca("old", names)), under_one_ca("new", names))
    half = {name: BUILTIN_SET if number % 2 else SHARED for number, name in enumerate(names)}
    yield "half of them on it already", (healthy(whole, runs=half), dict.fromkeys(names, SHARED))


def shapes() -> dict[str, str]:
    return {name: shape(plan) for name, plan in named_plans()}


if __name__ == "__main__":
    STORED.write_text(json.dumps(shapes(), indent=1) + "\n")
