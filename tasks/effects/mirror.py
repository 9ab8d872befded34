"""A run's plan on every node, without secrets: with the credential folder it is enough to go on from elsewhere."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused, RemoteError
from tasks.core.file_faults import file_fault
from tasks.core.places import WORK_NAME, data_of
from tasks.core.plan import Plan
from tasks.effects import kept_scripts
from tasks.effects.file_access import run_script
from tasks.effects.lock import Holder, holders
from tasks.effects.remote import Remote

_GZIP = b"\x1f\x8b"
_MOST_BYTES = 256 << 20  # of 200 members it is 37 MiB


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A run that holds the lock and of which nothing is known on this machine.

    Args:
        sources: The nodes that hold its plan.
    """

    holder: Holder
    plan: Plan
    sources: tuple[str, ...]


def packed(plan: Plan) -> bytes:
    """As it is left on the nodes: of many members it is megabytes of text that repeats itself."""
    return gzip.compress(plan.model_dump_json().encode(), mtime=0)


def mirror(remotes: Sequence[Remote], run: str, content: bytes, *, acting: Mapping[str, str]) -> None:
    """Write the packed plan beside the run's backups on every node. Raises RemoteError."""
    for remote in remotes:
        where, by = _home(remote, run), acting[remote.node.name]
        done = run_script(remote, kept_scripts.MIRROR, where, str(len(content)), acting=by, stdin=content)
        if done.exit_status != 0:
            fault = file_fault(done.error_text)
            raise RemoteError(
                f"{fault.on(f'the plan could not be left in {where}')}: {done.error_text}",
                node=remote.node.name,
                remedy=fault.remedy,
            )


def elsewhere(remotes: Sequence[Remote]) -> Elsewhere | None:
    """The run that holds the lock on the nodes, with its plan; None where no node is locked.

    Raises:
        Refused: Several runs hold it, or no node holds a whole plan of it.
        RemoteError: A node could not be asked.
    """
    found = holders(remotes)
    runs = {holder.run for holder in found.values()}
    if not runs:
        return None
    listed = "; ".join(f"[{name}] {holder}" for name, holder in found.items())
    if len(runs) > 1:
        raise Refused(
            f"the nodes are locked by different runs: {listed}",
            remedy="give the dead ones up: fab migrate-cluster --break-lock RUN",
        )
    holder = next(iter(found.values()))
    plans = {remote.node.name: plan for remote in remotes if (plan := plan_on(remote, holder.run))}
    if len({plan.fingerprint for plan in plans.values()}) != 1:
        raise Refused(
            f"{'no node holds its plan' if not plans else 'the nodes hold different plans of it'}: {listed}",
            remedy=f"go on where it was started; or give it up: fab {holder.task} --break-lock {holder.run}",
        )
    return Elsewhere(holder, next(iter(plans.values())), tuple(plans))


def plan_on(remote: Remote, run: str) -> Plan | None:
    """The plan of that run as the node holds it; None without one that is whole. Raises RemoteError."""
    done = run_script(remote, kept_scripts.MIRRORED, _home(remote, run))
    try:
        return Plan.model_validate_json(_unpacked(done.stdout))
    except (ValueError, zlib.error):  # none, cut, damaged, or of another version
        return None


def _unpacked(content: bytes) -> bytes:
    """Raises ValueError or zlib.error where it is not whole, or would be more than any plan is."""
    if not content.startswith(_GZIP):
        return content
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    found = unpacking.decompress(content, _MOST_BYTES)
    if not unpacking.eof:
        raise ValueError("cut, or too large")
    return found


def _home(remote: Remote, run: str) -> PurePosixPath:
    return data_of(remote.node) / WORK_NAME / run
