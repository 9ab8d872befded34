"""The file of a runbook: nobody else's is overwritten, and it is never there in part."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import pytest

from tasks.core.course import Wish
from tasks.core.errors import OperatorError, UsageError
from tasks.core.runbook_head import MARKER
from tasks.effects.planning import make_plan
from tasks.effects.runbook_file import refuse_unfit, write
from tasks.effects.site import Site

NO_SITE = cast(Site, object())  # whoever asks it for anything gets an AttributeError


def test_a_new_file_and_an_earlier_runbook_are_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "RUNBOOK.md"
    for text in (f"{MARKER}\none\n", f"{MARKER}\r\ntwo: ü\n", f"{MARKER}\nthree\n"):
        refuse_unfit(path)
        write(path, text)
        assert path.read_bytes() == text.encode()
    assert os.listdir(tmp_path) == ["RUNBOOK.md"]


@pytest.mark.parametrize("content", ["", "# Mine\n", f"# Mine\n{MARKER}\n", f"{MARKER} \xff\n", "\0" * 5000])
def test_any_other_file_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.md"
    path.write_text(content)
    with pytest.raises(UsageError, match="what lies there is no runbook, and is not overwritten") as caught:
        refuse_unfit(path)
    assert f"mv {path} {path}.old" in caught.value.remedy
    assert path.read_text() == content


def test_folders_links_and_what_can_never_be_read_are_refused(tmp_path: Path) -> None:
    ours = tmp_path / "ours.md"
    write(ours, f"{MARKER}\n")
    (tmp_path / "link.md").symlink_to(ours)
    (tmp_path / "dangling.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.md").mkdir()
    os.mkfifo(tmp_path / "pipe.md")
    for name in ("link.md", "dangling.md", "pipe.md"):
        with pytest.raises(UsageError, match=f"{name}: what lies there is no runbook"):
            refuse_unfit(tmp_path / name)
    with pytest.raises(UsageError, match=r"folder\.md: it is a folder"):
        refuse_unfit(tmp_path / "folder.md")
    with pytest.raises(OperatorError, match=r"cannot look at .*too long"):
        refuse_unfit(tmp_path / ("x" * 300))
    refuse_unfit(ours)


@pytest.mark.parametrize("name", ["nowhere/RUNBOOK.md", "file/RUNBOOK.md"])
def test_a_folder_that_is_not_there_is_refused_before_any_node_is_asked(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is no folder") as caught:
        make_plan(NO_SITE, Wish(), runbook_file=str(tmp_path / name))
    assert "fab plan --runbook" in caught.value.remedy


def test_a_file_that_may_be_written_lets_the_nodes_be_asked(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        make_plan(NO_SITE, Wish(), runbook_file=str(tmp_path / "RUNBOOK.md"))


def test_a_write_that_fails_leaves_nothing_beside_and_says_where(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(OperatorError, match=r"folder\.md cannot be written"):
        write(tmp_path / "folder.md", MARKER)
    assert os.listdir(tmp_path) == ["folder.md"]
