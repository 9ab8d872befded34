"""The inventory, whatever bytes are in the file: a cluster, or faults for the operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.inventory_keys import known_keys
from tasks.core.model import Cluster
from tasks.effects.inventory_file import open_inventory
from tests.properties.mutation import hold
from tests.properties.presentable import require_helpful

EXAMPLE = (Path(__file__).parents[2] / "inventory.yaml").read_bytes()
FULL = EXAMPLE.replace(b"    # ", b"    ")
BARE = b"\n".join(line for line in FULL.split(b"\n") if not line.lstrip().startswith(b"#"))
PARTS = 4  # the longest one: on all cores
SMALL = b"clusters: {demo: {members: {a: {host: 10.0.0.1}, p: {pair: {b: {host: h}, c: {host: h2}}}}}}\n"
PIECES = (
    *(word.encode() for word in ("clusters", "members", "pair", "host", *known_keys(("defaults",)))),
    *(
        f"{word}: ".encode()
        for word in (*known_keys(("defaults", "ssh")), *known_keys(("defaults", "admin")))
    ),
    b"{env: X}",
    b"&a ",
    b"*a",
    b"<<: *a\n",
    b"!!python/object:os.system x",
    b"!!timestamp 2026-99-99",
    b"!!binary x",
    b"? ",
    b"|\n",
    b">-\n",
    b"---\n",
    b"...\n",
    b"%YAML 9.9\n",
    b"0x1F",
    b"0o17",
    b"1:30:00",
    b".inf",
    b".nan",
    b"~",
    b"\t",
    b"'",
    b'"\\x85"',
    b"{" * 600,
    b"[" * 600,
)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_bytes_make_a_traceback(tmp_path: Path, part: int) -> None:
    file = tmp_path / "inventory.yaml"

    def check(content: bytes) -> None:
        file.write_bytes(content)
        try:
            found = open_inventory(str(file), None, environ={"HOME": "/home/ops"})
        except UsageError as error:
            require_helpful(error)
        else:
            assert isinstance(found, Cluster)

    corpus = (EXAMPLE, BARE, *(SMALL,) * 6)
    hold("inventory", corpus, check, few=80, pieces=PIECES, part=(part, PARTS))


def test_the_examples_are_good_inventories(tmp_path: Path) -> None:
    """The control: what is mutated is no refusal to begin with."""
    for number, content in enumerate((EXAMPLE, SMALL)):
        file = tmp_path / f"{number}.yaml"
        file.write_bytes(content)
        assert isinstance(open_inventory(str(file), None, environ={"HOME": "/home/ops"}), Cluster)
