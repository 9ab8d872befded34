"""A browser without a screen: loads a page from the disk, and says what it complained of."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 90.0
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
    "--dump-dom",
)
_COMPLAINT = re.compile(r":CONSOLE:\d+\] (.*)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a page: its elements as they are now, and each line of the console."""

    document: str
    complaints: tuple[str, ...]


def load(page: Path, *, picture: Path, size: tuple[int, int] = (1280, 1600), dark: bool = False) -> Loaded:
    """Load the page, draw it, and end."""
    assert BROWSER is not None
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        argv = (
            "nice",
            "-n",
            "19",
            BROWSER,
            *_FLAGS,
            f"--user-data-dir={profile}",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={picture}",
            *(("--blink-settings=preferredColorScheme=0",) if dark else ()),
            page.resolve().as_uri(),
        )
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    return Loaded(done.stdout, tuple(_COMPLAINT.findall(done.stderr)))
