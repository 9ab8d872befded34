"""Records docs/screens/*.svg from a real run on a rehearsal cluster: `make screens`."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.screens.drawing import COLUMNS, folded, picture, shown

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "docs" / "screens"
LAB = Path("/tmp/lab")  # its name is seen in what is recorded
FAB = Path(sys.executable).with_name("fab")


def main() -> int:
    """Plan, migrate, status; then a new set, and a server that falls back to the built-in pair (T2)."""
    if LAB.exists():
        print(f"{LAB} is in use: fab lab.down --dir {LAB}", file=sys.stderr)  # noqa: T201
        return 2
    SCREENS.mkdir(exist_ok=True)
    with _lab():
        _do("credentials.create")
        _record("plan", "fab plan", tail=64)
        _record("migrate", "fab migrate-cluster --yes", begin="place:gw-c@1", head=19, tail=20)
        _record("status", "fab status", tail=30)
        _do("credentials.create", "--force")
        _do("lab.break", "--dir", str(LAB), "--node", "gw-b", "--fault", "fallback")
        _record("failure", "fab migrate-cluster --yes", begin="swap:gw-b", tail=24, code=5)
    return 0


@contextmanager
def _lab() -> Iterator[None]:
    _do("lab.up", "--dir", str(LAB))
    try:
        yield
    finally:
        _do("lab.down", "--dir", str(LAB))


def _do(*words: str) -> None:
    subprocess.run((FAB, *words), cwd=ROOT, env=_environment(), check=True, stdin=subprocess.DEVNULL)


def _environment() -> dict[str, str]:
    """With the lab's inventory, and a terminal that knows colours."""
    return {**os.environ, "AMLEN_INVENTORY": str(LAB / "inventory.yaml"), "TERM": "xterm-256color"}


def _record(name: str, command: str, *, tail: int, begin: str = "", head: int = 0, code: int = 0) -> None:
    """Run it and draw what it showed. Raises AssertionError where it ended with another code."""
    ended, lines = _run((str(FAB), *command.split()[1:]))
    assert ended == code, f"{command}: exit {ended}, wanted {code}"
    lines = [piece for line in lines for piece in folded(line)]
    path = SCREENS / f"{name}.svg"
    path.write_text(picture(command, shown(lines, begin=begin, head=head, tail=tail), name=name))
    print(f"{path.relative_to(ROOT)}: {len(lines)} lines, {path.stat().st_size} bytes")  # noqa: T201


def _run(argv: tuple[str, ...]) -> tuple[int, list[str]]:
    """Exit code and lines in the order in which they came; results as on a terminal, progress as plain lines."""
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    errors, told = os.pipe()
    process = subprocess.Popen(
        argv, cwd=ROOT, env=_environment(), stdin=subprocess.DEVNULL, stdout=terminal, stderr=told
    )
    os.close(terminal)
    os.close(told)
    lines = list(_lines(screen, errors))
    return process.wait(), lines


def _lines(*sources: int) -> Iterator[str]:
    """Whole lines of these, in the order in which they end."""
    begun = dict.fromkeys(sources, b"")
    while begun:
        for source in select.select(list(begun), [], [])[0]:
            try:
                got = os.read(source, 65536)
            except OSError:  # a terminal that nobody holds open any more
                got = b""
            *whole, rest = (begun.pop(source) + got).split(b"\n")
            yield from (re.sub(r"\r", "", line.decode()) for line in whole)
            if got:
                begun[source] = rest
            else:
                os.close(source)


if __name__ == "__main__":
    raise SystemExit(main())
