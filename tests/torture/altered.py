"""The tool with a fault of its own: `python -m tests.torture.altered FAULT TASK …`, else as `fab TASK …`.

What the matrix is worth shows here: it has to fail with each of them. The product knows nothing of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from fabric.main import program

from tasks.core.plan import Step
from tasks.effects import execute, runner, shell_scripts
from tasks.effects.record import RunRecord
from tasks.effects.remote import Remote
from tasks.effects.run import Run
from tasks.effects.site import Site

_CERTIFICATE = 'if [ -e "$cert_new" ]; then alike "$cert_new" "$cert"; mv -fT -- "$cert_new" "$cert"; fi'
_KEY = 'mv -fT -- "$key_new" "$key"'


def _key_first() -> None:
    """The new key goes live a moment before its certificate."""
    right = f"    {_CERTIFICATE}\n    {_KEY}\n"
    wrong = f'    {_KEY}\n    sync -- "$key"\n    {_CERTIFICATE}\n'
    assert right in shell_scripts.SWAP
    shell_scripts.SWAP = shell_scripts.SWAP.replace(right, wrong)


def _done_first() -> None:
    """`done` is written when a step begins, before its gate."""
    act = execute._act

    def hasty(run: Run, step: Step) -> str:
        run.write("done", step)
        return act(run, step)

    execute._act = hasty


def _lock_kept() -> None:
    """The lock is not given back at the end."""

    def unlock(remotes: Sequence[Remote], *, run: str, acting: dict[str, str]) -> tuple[str, ...]:
        return ()

    vars(runner)["unlock"] = unlock


def _stage_kept() -> None:
    """What was staged is not cleared away at the end; nothing is staged twice, so that something is left."""

    def clean_node(site: Site, record: RunRecord, node: object) -> None:
        return None

    vars(runner)["clean_node"] = clean_node


ALTERED: dict[str, Callable[[], None]] = {
    "key-before-certificate": _key_first,
    "done-before-gate": _done_first,
    "lock-not-given-back": _lock_kept,
    "stage-left": _stage_kept,
}

if __name__ == "__main__":
    fault, *words = sys.argv[1:]
    ALTERED[fault]()
    program.run(["fab", *words])
