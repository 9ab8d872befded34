"""Chains as trees: the root on top, who hangs on whom by signature, what is missing drawn as such."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.core.certificate_tree import Forest, Role, tree
from tasks.core.certificates import Certificate
from tasks.core.issuing import Issuer, Recipe, Subject, issue, new_key
from tasks.core.private_keys import PrivateKey
from tests.core.certs import BUILTIN, NOW, SHARED
from tests.core.endings import DAY


def made(name: str, *, by: Issuer | None = None, ca: bool = False, key: PrivateKey | None = None) -> Issuer:
    usages = () if ca else Recipe(Subject(""), NOW, NOW).usages
    recipe = Recipe(Subject(name), NOW - DAY, NOW + 100 * DAY, usages=usages, is_ca=ca, path_length=None)
    own = key or new_key()
    return Issuer(issue(recipe, own, issuer=by), own)


ROOT = made("root", ca=True)
SUB = made("sub", by=ROOT, ca=True)
LEAF, OTHER_LEAF = made("leaf", by=SUB), made("other leaf", by=SUB)
STRANGER = made("stranger", ca=True)
WHOLE = tuple(one.certificate for one in (LEAF, OTHER_LEAF, SUB, ROOT))


def drawn(certificates: Sequence[Certificate], *leafs: Issuer) -> list[str]:
    found = tree(certificates, leafs=[leaf.certificate for leaf in leafs])
    return [f"{one.stem}{one.subject}: {one.role.value if one.role else 'missing'}" for one in found]


def test_the_root_is_on_top_and_the_leafs_at_the_bottom() -> None:
    assert drawn(WHOLE, LEAF, OTHER_LEAF) == [
        "CN=root: root",
        "└─ CN=sub: intermediate",
        "   ├─ CN=leaf: leaf",
        "   └─ CN=other leaf: leaf",
    ]


def test_what_stands_beside_a_subtree_keeps_the_line_to_its_root() -> None:
    more = made("second", by=ROOT)
    assert drawn((*WHOLE[:1], *WHOLE[2:], more.certificate), LEAF, more) == [
        "CN=root: root",
        "├─ CN=sub: intermediate",
        "│  └─ CN=leaf: leaf",
        "└─ CN=second: leaf",
    ]


def test_a_missing_issuer_is_drawn_above_what_hangs_on_it() -> None:
    assert drawn((LEAF.certificate, SUB.certificate), LEAF) == [
        "CN=root: missing",
        "└─ CN=sub: intermediate",
        "   └─ CN=leaf: leaf",
    ]


def test_a_missing_link_parts_leaf_and_root() -> None:
    assert drawn((LEAF.certificate, ROOT.certificate), LEAF) == [
        "CN=root: unrelated",
        "CN=sub: missing",
        "└─ CN=leaf: leaf",
    ]


def test_an_issuer_is_known_by_its_key_and_not_by_its_name() -> None:
    namesake = made("sub", ca=True)
    assert drawn((LEAF.certificate, namesake.certificate), LEAF) == [
        "CN=sub: unrelated",
        "CN=sub: missing",
        "└─ CN=leaf: leaf",
    ]


def test_what_no_leaf_hangs_on_is_unrelated() -> None:
    assert drawn((*WHOLE, STRANGER.certificate), LEAF)[-1] == "CN=stranger: unrelated"


def test_a_shared_self_signed_certificate_is_leaf_and_root_in_one() -> None:
    assert drawn((SHARED.leaf, *SHARED.ca)) == ["CN=production: leaf, own root"]


def test_a_ca_alone_is_a_root_and_no_leaf() -> None:
    assert drawn((ROOT.certificate,)) == ["CN=root: root"]
    assert drawn((SUB.certificate,)) == ["CN=root: missing", "└─ CN=sub: intermediate"]


def test_leafs_that_are_not_named_are_found() -> None:
    assert Forest.of(WHOLE).leafs() == (LEAF.certificate, OTHER_LEAF.certificate)
    assert drawn(WHOLE) == drawn(WHOLE, LEAF, OTHER_LEAF)


def test_a_cross_signed_certificate_is_drawn_once_and_names_its_other_issuer() -> None:
    old = made("old root", ca=True)
    crossed = made("sub", by=old, ca=True, key=SUB.key)
    found = tree([one.certificate for one in (LEAF, SUB, crossed, ROOT, old)], leafs=[LEAF.certificate])
    assert [one.subject for one in found].count("CN=leaf") == 1
    (leaf,) = (one for one in found if one.subject == "CN=leaf")
    assert leaf.also == (crossed.certificate,)
    assert {one.role for one in found if one.subject in ("CN=old root", "CN=root")} == {Role.ROOT}


def test_certificates_that_sign_each_other_are_drawn_once_each() -> None:
    one, other = made("one", ca=True), made("other", ca=True)
    ring = [
        made("one", by=other, ca=True, key=one.key).certificate,
        made("other", by=one, ca=True, key=other.key).certificate,
    ]
    found = tree([*ring, made("leaf", by=one).certificate])
    assert sorted(each.subject for each in found) == ["CN=leaf", "CN=one", "CN=other"]


def test_the_same_certificate_twice_is_drawn_once() -> None:
    assert len(tree([*WHOLE, *WHOLE])) == 4


def test_nothing_makes_no_tree() -> None:
    assert tree([]) == ()
    assert len(tree([BUILTIN])) == 1
