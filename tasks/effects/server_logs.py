"""The server's own logs, as far as a failure needs them."""

from __future__ import annotations

from tasks.effects import shell_scripts
from tasks.effects.file_access import sh
from tasks.effects.remote import Remote


def tail_of_log(remote: Remote, name: str, *, size_bytes: int = 65536) -> str:
    """The end of one of the server's logs; "" if there is none."""
    path = remote.node.paths.log_dir / name
    return sh(remote, shell_scripts.TAIL, path, str(size_bytes), what=f"read {name}").text
