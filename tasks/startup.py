"""What a command does before anything else is imported, so that it starts and ends without delay."""

from __future__ import annotations

import atexit
import gc
import os
import sys

_RARELY = (
    50_000  # objects more than before: those of the modules alone make the default's 700 hundreds of times
)


def begin() -> None:
    """Keep what is compiled, and spare the collector the modules, at the start and at the end."""
    # Invoke turns this off: every command would compile hundreds of modules anew, which takes longer than its work.
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    gc.set_threshold(_RARELY)
    atexit.register(gc.freeze)  # else the interpreter looks at all of them once more before it ends
