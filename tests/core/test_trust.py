"""Who can connect to whom, against what real servers did (AMLEN.md §1, §2, §5)."""

from __future__ import annotations

import pytest

from tasks.core.trust import Loaded, can_connect, can_dial, connected_members
from tests.core.certs import BUILTIN_SET, NOW, OTHER_SHARED, OWN, SHARED, loaded

BUILT_IN = Loaded(chain=BUILTIN_SET.chain, trusted=())
A, B = OWN.sets["gw-a"], OWN.sets["gw-b"]
ALONE = Loaded(chain=SHARED.chain, trusted=())


@pytest.mark.parametrize(
    ("one", "other", "connects"),
    [
        pytest.param(BUILT_IN, BUILT_IN, True, id="built-in everywhere"),
        pytest.param(loaded(SHARED), loaded(SHARED), True, id="shared self-signed"),
        pytest.param(loaded(A), loaded(B), True, id="leafs of one CA"),
        pytest.param(loaded(SHARED), BUILT_IN, False, id="old and new trust"),
        pytest.param(loaded(A), BUILT_IN, False, id="CA leaf and built-in"),
        pytest.param(loaded(SHARED), loaded(OTHER_SHARED), False, id="two shared sets"),
        pytest.param(ALONE, ALONE, False, id="T3: no CA file anywhere"),
        pytest.param(ALONE, loaded(SHARED), True, id="T4: CA file missing on one side only"),
        pytest.param(
            loaded(SHARED, ca=(SHARED, BUILTIN_SET)), BUILT_IN, True, id="bridge: new trusts the built-in too"
        ),
        pytest.param(
            loaded(A, ca=(A, BUILTIN_SET)),
            BUILT_IN,
            False,
            id="bridge to leafs: the old side must know the CA",
        ),
        pytest.param(
            loaded(A, ca=(A, BUILTIN_SET)),
            Loaded(chain=BUILTIN_SET.chain, trusted=(*A.ca, *BUILTIN_SET.ca)),
            True,
            id="bridge to leafs: the old side's CA file serves what it dials",
        ),
    ],
)
def test_two_members_connect_as_real_servers_do(one: Loaded, other: Loaded, connects: bool) -> None:
    assert can_connect(one, other, at=NOW) is connects
    assert can_connect(other, one, at=NOW) is connects


def test_one_direction_can_fail_while_the_other_carries_the_connection() -> None:
    assert can_dial(ALONE, loaded(SHARED), at=NOW)
    assert not can_dial(loaded(SHARED), ALONE, at=NOW)


def test_the_built_in_side_does_not_accept_clients_of_its_ca_file() -> None:
    fallen_back = Loaded(chain=BUILTIN_SET.chain, trusted=SHARED.ca)
    assert not can_dial(loaded(SHARED), fallen_back, at=NOW)


def test_an_expired_certificate_connects_nobody() -> None:
    late = SHARED.leaf.not_after.replace(year=SHARED.leaf.not_after.year + 1)
    assert not can_connect(loaded(SHARED), loaded(SHARED), at=late)


def test_members_seen_apart_stay_so_whatever_the_certificates_say() -> None:
    members = {"a": loaded(SHARED), "b": loaded(SHARED)}
    assert connected_members(members, observed=frozenset(members), at=NOW)["a"] == frozenset()
    assert connected_members(members, at=NOW)["a"] == {"b"}


def test_members_known_to_be_connected_stay_so_whatever_the_certificates_say() -> None:
    members = {"a": ALONE, "b": ALONE, "c": loaded(SHARED)}
    both = frozenset({"a", "b"})
    seen = connected_members(members, observed=both, links=frozenset({both}), at=NOW)
    assert "b" in seen["a"]
    assert "b" not in connected_members(members, at=NOW)["a"]
