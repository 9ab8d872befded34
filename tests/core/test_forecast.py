"""What members show after each restart: who trusts whom decides from a member's own restart on."""

from __future__ import annotations

from tasks.core.forecast import Forecast, forecast_now
from tasks.core.observed import loaded_now
from tasks.core.trust import Loaded
from tests.core.certs import BUILTIN_SET, SHARED
from tests.core.snapshots import healthy

NEW = Loaded(chain=SHARED.chain, trusted=SHARED.ca)


def _start() -> Forecast:
    snapshot = healthy(runs=BUILTIN_SET)
    return forecast_now(snapshot, loaded_now(snapshot))


def _shown(forecast: Forecast) -> list[str]:
    return [str(forecast.counts[name]) for name in ("gw-a", "gw-b", "gw-c")]


def test_the_counts_of_a_migration_are_those_of_the_real_server() -> None:
    """Source: measured on three single members, from the built-in pair to a shared set."""
    after_a = _start().after_restart("gw-a", NEW)
    after_b = after_a.after_restart("gw-b", NEW)
    after_c = after_b.after_restart("gw-c", NEW)
    assert _shown(_start()) == ["2/0", "2/0", "2/0"]
    assert _shown(after_a) == ["0/2", "1/1", "1/1"]
    assert _shown(after_b) == ["1/1", "1/1", "0/2"]
    assert _shown(after_c) == ["2/0", "2/0", "2/0"]


def test_a_restart_that_loads_what_ran_before_parts_nobody() -> None:
    start = _start()
    again = start.after_restart("gw-a", start.loaded["gw-a"])
    assert again.counts == start.counts
    assert again.untouched == {"gw-b", "gw-c"}


def test_a_moment_is_not_changed_by_the_next_one() -> None:
    start = _start()
    start.after_restart("gw-a", NEW)
    assert _shown(start) == ["2/0", "2/0", "2/0"]
