"""The system's own words, told as a layer with a remedy of its own."""

from __future__ import annotations

import errno
import os

import pytest

from tasks.core.file_faults import BY_SIZE_LIMIT, file_fault


@pytest.mark.parametrize(
    ("number", "layer", "command"),
    [
        (errno.ENOSPC, "the file system is full", "df -i"),
        (errno.EDQUOT, "the quota is used up", "quota -s"),
        (errno.EROFS, "the file system is read-only", "findmnt"),
        (errno.EPERM, "a file or its directory is protected", "lsattr"),
        (errno.EACCES, "no permission", "namei -l"),
        (errno.EFBIG, "a limit on the size of files", "ulimit -f"),
        (errno.EIO, "the disk fails", "dmesg"),
    ],
)
def test_each_fault_has_a_layer_and_its_remedy(number: int, layer: str, command: str) -> None:
    fault = file_fault(f"mv: cannot move 'a' to 'b': {os.strerror(number)}")
    assert fault.on("place files") == f"place files: {layer}"
    assert command in fault.remedy


def test_of_several_faults_the_first_is_told() -> None:
    said = "cp: a: No space left on device rm: b: Permission denied"
    assert file_fault(said).layer == "the file system is full"


def test_a_command_that_the_size_limit_ended_says_nothing_and_is_known_by_its_status() -> None:
    assert file_fault("", exit_status=BY_SIZE_LIMIT).layer == "a limit on the size of files"
    assert file_fault("", exit_status=1).layer == ""


def test_other_words_name_no_layer_and_lead_to_the_check() -> None:
    fault = file_fault("no such file: /d/server.cfg")
    assert fault.on("read server.cfg") == "read server.cfg"
    assert fault.remedy.startswith("fab check")
