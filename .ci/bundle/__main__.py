"""Make the bundle and the wheelhouse: `make bundle [MACHINE=x86_64]`; see docs/bastion.md."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bundle.archives import write_fab, write_wheelhouse
from bundle.pins import runtime_pins
from bundle.site import PROJECT, our_files, release_of
from bundle.wheels import PYTHONS, fetch, merged


def build(into: Path, *, machine: str, wheels: Path) -> tuple[Path, Path]:
    """Fetch what is needed and write both files; returns their paths."""
    pins = runtime_pins(
        (PROJECT / "requirements.in").read_text(),
        (PROJECT / "requirements.txt").read_text(),
        requires=lambda name: importlib.metadata.requires(name) or (),
        python=PYTHONS[0],
    )
    fetched = fetch(pins, wheels, machine=machine)
    ours = our_files()
    tree = {**merged(fetched), **ours}
    release = release_of(tree, machine=machine)
    fab, wheelhouse = into / "fab", into / f"{release.title}-{machine}.tar.gz"
    for older in into.glob(f"{release.name}-*-{machine}.tar.gz"):
        older.unlink()
    write_fab(fab, tree, release)
    write_wheelhouse(wheelhouse, ours, pins, fetched, release)
    return fab, wheelhouse


def main() -> int:
    parser = argparse.ArgumentParser(prog="bundle", description=__doc__)
    parser.add_argument("--machine", default=os.uname().machine, help="x86_64 or aarch64 (default: this one)")
    parser.add_argument("--into", type=Path, default=PROJECT / "dist")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bundle-") as place:
        try:
            made = build(options.into, machine=options.machine, wheels=Path(place))
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"bundle: {' '.join(error.cmd[:4])} ... ended with {error.returncode}\n")
            sys.stderr.write(
                "  -> see its lines above; it needs a git clone, and an index that can be asked\n"
            )
            return 2
    for path in made:
        sys.stdout.write(f"{path} ({path.stat().st_size / 1e6:.0f} MB)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
