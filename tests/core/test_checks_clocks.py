"""Clocks that differ are a warning before certificates are judged by them."""

from __future__ import annotations

import pytest

from tasks.core.checks import check_cluster
from tasks.core.findings import Severity
from tests.core.certs import SHARED
from tests.core.snapshots import alter_files, healthy


@pytest.mark.parametrize(
    ("offset_s", "says"), [(-90.4, "90 s behind this machine's"), (3600, "3600 s ahead of this machine's")]
)
def test_a_clock_that_is_off_is_a_warning(offset_s: float, says: str) -> None:
    (found,) = check_cluster(alter_files(healthy(runs=SHARED), "gw-b", clock_offset_s=offset_s))
    assert (found.name, found.where, found.severity) == ("clock", "gw-b", Severity.WARNING)
    assert says in found.problem
    assert "chrony" in found.remedy


def test_a_clock_that_is_off_by_less_than_a_minute_is_none() -> None:
    assert check_cluster(alter_files(healthy(runs=SHARED), "gw-b", clock_offset_s=60.0)) == ()
