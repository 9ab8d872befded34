"""The inventory is found, read and handed on; what cannot be read is told with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.inventory_faults import InventoryFaults
from tasks.effects.inventory_file import open_inventory

GOOD = "clusters: {demo: {ssh: {key_file: ~/id, known_hosts: kh}, members: {a: {host: h}}}}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "mine.yaml"
    found.write_text(GOOD)
    return found


def test_the_file_that_is_asked_for_is_read(file: Path) -> None:
    found = open_inventory(str(file), "demo", environ={"HOME": "/home/ops", "AMLEN_INVENTORY": "/elsewhere"})
    ssh = found.node("a").ssh
    assert (found.inventory, ssh.key_file, ssh.known_hosts) == (
        file,
        Path("/home/ops/id"),
        file.parent / "kh",
    )


def test_the_variable_is_honoured_when_no_file_is_asked_for(file: Path) -> None:
    assert open_inventory(None, None, environ={"AMLEN_INVENTORY": str(file)}).inventory == file


def test_a_tilde_is_the_home_directory(file: Path) -> None:
    found = open_inventory("~/mine.yaml", None, environ={"HOME": str(file.parent)})
    assert found.inventory == file


def test_inventory_yaml_in_the_working_directory_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no inventory at .*/inventory\.yaml\n.*--inventory FILE"):
        open_inventory(None, None, environ={"AMLEN_INVENTORY": ""})
    (tmp_path / "inventory.yaml").write_text(GOOD)
    found = open_inventory(None, None, environ={})
    assert found.runs_dir == tmp_path / "runs" / "demo"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf# x\r\n" + GOOD.encode() + b"\r\n")
    assert open_inventory(str(file), None, environ={}).key == "demo"


def test_a_file_that_is_not_utf8_is_told_with_its_line_and_not_repeated(file: Path) -> None:
    file.write_bytes(b"# one\n# hunter2 \xfc\n")
    with pytest.raises(UsageError, match=r"not UTF-8: byte 16, line 2\n.*iconv") as caught:
        open_inventory(str(file), None, environ={})
    assert "hunter2" not in str(caught.value) + repr(caught.value.__context__)


def test_a_directory_is_no_inventory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory\n"):
        open_inventory(str(tmp_path), None, environ={})


def test_an_impossible_file_name_is_no_traceback() -> None:
    with pytest.raises(UsageError, match="cannot be read: not a file name"):
        open_inventory("a\0b", None, environ={})


def test_a_huge_file_is_refused_before_it_is_parsed(file: Path) -> None:
    file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(UsageError, match="larger than 1000000 bytes"):
        open_inventory(str(file), None, environ={})


def test_faults_name_the_file(file: Path) -> None:
    file.write_text(GOOD + "\nx: 1")
    with pytest.raises(InventoryFaults, match=r"^mine\.yaml:2 x: unknown key"):
        open_inventory(str(file), None, environ={})
