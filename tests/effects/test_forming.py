"""Which member is to join: named, and one of the inventory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tasks.core.errors import UsageError
from tasks.effects.forming import joining, require_member
from tests.core.formations import THREE

SITE: Any = SimpleNamespace(cluster=THREE)


@pytest.mark.parametrize(
    ("member", "text", "remedy"),
    [
        pytest.param("", "no member was named", "fab cluster.join MEMBER, one of: gw-a, gw-b", id="none"),
        pytest.param(
            "gw-cc",
            "gw-cc is no member of production",
            "fab cluster.join MEMBER, nearest: gw-c; one of: gw-a",
            id="a slip",
        ),
    ],
)
def test_a_member_of_the_inventory_must_be_named(member: str, text: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=text.replace("?", r"\?")) as caught:
        require_member(SITE, member, open_run=False)
    assert caught.value.remedy.startswith(remedy)


def test_an_open_run_knows_its_member() -> None:
    require_member(SITE, "", open_run=True)
    require_member(SITE, "gw-c", open_run=False)


def test_remedies_name_the_member_that_was_typed() -> None:
    assert joining("gw-c").words == "cluster.join gw-c"
    assert joining("").words == "cluster.join"
