"""From a leaf up to its root: by signatures, never by names or order."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from tasks.core.certificates import Certificate, issued_by
from tasks.core.chains import ends_at_root, path_up
from tasks.core.issuing import Issuer, Recipe, Subject, issue, new_ca, new_key
from tests.core.certs import NOW, SHARED
from tests.core.pki import DAY, pki

WORKS, TWIN = pki(), pki()  # equal names, other keys
LEAF = WORKS.sign(new_key(), "gw-a")


def up(leaf: Certificate, *among: Certificate) -> tuple[Certificate, ...]:
    """The way up, which is the same in whatever order the certificates lie."""
    ways = {path_up(leaf, order, at=NOW) for order in permutations(among)}
    assert len(ways) == 1
    return ways.pop()


def test_the_way_up_ends_at_the_root() -> None:
    assert up(LEAF, *TWIN.above, *WORKS.above, LEAF) == WORKS.above
    assert ends_at_root(WORKS.above)


def test_a_way_that_is_not_whole_goes_as_far_as_it_can() -> None:
    assert up(LEAF, WORKS.issuing.certificate, *TWIN.above) == (WORKS.issuing.certificate,)
    assert up(LEAF, WORKS.root.certificate) == ()
    assert not ends_at_root(())
    assert not ends_at_root((WORKS.issuing.certificate,))


def test_nothing_is_above_a_self_signed_certificate() -> None:
    assert up(SHARED.leaf, SHARED.leaf, *WORKS.above) == ()


def test_equal_names_do_not_make_an_issuer() -> None:
    assert issued_by(LEAF, WORKS.issuing.certificate)
    assert not issued_by(LEAF, TWIN.issuing.certificate)
    assert not issued_by(WORKS.issuing.certificate, LEAF)


def _again(of: Issuer, *, under: Issuer | None, days: int) -> Certificate:
    """Another certificate of the same CA key."""
    recipe = Recipe(Subject(of.certificate.subject.removeprefix("CN=")), NOW - 99 * DAY, NOW + days * DAY)
    ca = Recipe(recipe.subject, recipe.not_before, recipe.not_after, usages=(), is_ca=True, path_length=None)
    return issue(ca, of.key, issuer=under)


@pytest.mark.parametrize("days", [-1, 400], ids=["the old root has expired", "both are valid"])
def test_of_two_roots_the_valid_one_wins_then_the_nearer_one(days: int) -> None:
    newer = new_ca(Subject("newer root"), days=4000, now=NOW, path_length=2)
    old = _again(WORKS.root, under=None, days=days)
    crossed = _again(WORKS.root, under=newer, days=3000)
    found = up(LEAF, WORKS.issuing.certificate, old, crossed, newer.certificate)
    nearer = (WORKS.issuing.certificate, old)
    longer = (WORKS.issuing.certificate, crossed, newer.certificate)
    assert found == (longer if days < 0 else nearer)


def test_two_cas_that_sign_each_other_are_no_endless_way() -> None:
    one, other = new_ca(Subject("one"), days=9, now=NOW), new_ca(Subject("other"), days=9, now=NOW)
    crossed = (_again(one, under=other, days=9), _again(other, under=one, days=9))
    leaf = issue(Recipe(Subject("gw"), NOW, NOW + timedelta(days=1)), new_key(), issuer=one)
    assert set(up(leaf, *crossed)) == set(crossed)
