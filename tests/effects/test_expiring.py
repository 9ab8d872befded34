"""What the command line may ask of `fab credentials.expiry`."""

from __future__ import annotations

import pytest

from tasks.core.errors import UsageError
from tasks.core.expiry import Limits
from tasks.effects.expiring import Wanted, wanted


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
