"""What the command line may ask of `fab credentials.expiry`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.core.errors import OperatorError, UsageError
from tasks.core.expiry import Limits
from tasks.effects.expiring import Wanted, give, wanted


def test_without_options_it_is_the_table() -> None:
    assert wanted("30", "7", "", json=False, nagios=False, prometheus=False) == Wanted(Limits(30, 7))


@pytest.mark.parametrize("form", ["json", "nagios", "prometheus"])
def test_one_form_is_taken(form: str) -> None:
    assert wanted("30", "7", "", **{form: True}).form == form


def test_two_forms_are_refused_with_both_named() -> None:
    with pytest.raises(UsageError, match="--json and --nagios exclude each other"):
        wanted("30", "7", "", json=True, nagios=True, prometheus=False)


@pytest.mark.parametrize("forms", [{}, {"json": True}, {"nagios": True}])
def test_a_file_is_for_prometheus_alone(forms: dict[str, bool]) -> None:
    with pytest.raises(UsageError, match="--output is for --prometheus"):
        wanted("30", "7", "x.prom", **forms)
    assert wanted("30", "7", "x.prom", prometheus=True).output == "x.prom"


def test_the_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    output = tmp_path / "amlen.prom"
    output.write_text("old")
    give("new\n", str(output))
    assert (output.read_text(), list(tmp_path.iterdir())) == ("new\n", [output])


@pytest.mark.parametrize("output", [".", "/", "/dev/null"])
def test_what_is_no_file_is_never_replaced_by_one(output: str) -> None:
    before = os.stat(output)
    with pytest.raises(UsageError, match="is no file"):
        give("x", output)
    assert os.stat(output).st_ino == before.st_ino


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match=r"cannot write .*file/amlen.prom: Not a directory"):
        give("x", str(tmp_path / "file" / "amlen.prom"))
