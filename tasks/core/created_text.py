"""What is said of credentials that were just made, beside the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from tasks.core.credential_set import CredentialSet
from tasks.core.order import Order
from tasks.core.renewal import cut_short


def created_lines(
    sets: Mapping[str, CredentialSet], order: Order, written: Sequence[PurePath]
) -> Iterator[str]:
    """Leafs that end early; where the CA's keys are, and whether they are encrypted; the next command."""
    for one in list(sets.values())[:1]:
        short = cut_short(
            (*one.chain[1:], *one.ca), one.leaf.not_after, days=order.days, now=one.leaf.not_before
        )
        if order.kind == "ca" and short:
            yield short
    keys = [path for path in written if path.name.endswith(("root_key.pem", "intermediate_key.pem"))]
    if keys:
        state = "NOT encrypted (--plain-ca-key)" if order.plain_ca_key else "encrypted"
        yield f"the CA's keys are {state} and stay on this machine: {', '.join(map(str, keys))}"
    if len(keys) > 1:
        yield "the root's key is not needed for leafs: keep it offline"
    yield f"{len(written)} files written -> {next_command(order.use)}"


def next_command(use: str) -> str:
    """What judges the new sets on the nodes."""
    return "fab ha.migrate --plan" if use == "ha" else "fab check"
