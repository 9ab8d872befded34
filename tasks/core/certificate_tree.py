"""Who issued whom among the certificates of some files, and the chains drawn as a tree: root on top."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from tasks.core.certificates import Certificate, issued_by
from tasks.core.dataclass import dataclass

MISSING = "not in the files"


class Role(StrEnum):
    """What a certificate is to the leafs beside it."""

    LEAF = "leaf"
    OWN_ROOT = "leaf, own root"
    INTERMEDIATE = "intermediate"
    ROOT = "root"
    UNRELATED = "unrelated"  # no leaf hangs on it


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of the tree.

    Args:
        stem: What is drawn before it: "", "└─ ", "│  └─ ".
        under: What is drawn before its further lines.
        certificate: None for an issuer that is missing.
        subject: Of the certificate, or of the missing issuer.
        role: None for an issuer that is missing.
        also: Further issuers of a cross-signed one, beside the one that it is drawn under.
    """

    stem: str
    under: str
    certificate: Certificate | None
    subject: str
    role: Role | None
    also: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Forest:
    """Certificates with the issuers that each has among them."""

    certificates: tuple[Certificate, ...]
    issuers: dict[Certificate, tuple[Certificate, ...]]

    @classmethod
    def of(cls, certificates: Sequence[Certificate]) -> Forest:
        """Each once, in the order given. Issuers are found by name and signature, not by name alone."""
        pool = tuple(dict.fromkeys(certificates))
        return cls(pool, {one: _issuers(one, pool) for one in pool})

    def leafs(self) -> tuple[Certificate, ...]:
        """Those that issued none of the others and are no CA, or one that is made to be presented, too."""
        used = {issuer for found in self.issuers.values() for issuer in found}
        return tuple(one for one in self.certificates if one not in used and _looks_like_leaf(one))

    def above(self, leafs: Sequence[Certificate]) -> frozenset[Certificate]:
        """Everything that one of these hangs on, along every way."""
        found: set[Certificate] = set()
        waiting = list(leafs)
        while waiting:
            fresh = [issuer for issuer in self.issuers[waiting.pop()] if issuer not in found]
            found.update(fresh)
            waiting += fresh
        return frozenset(found)


def tree(certificates: Sequence[Certificate], *, leafs: Sequence[Certificate] = ()) -> tuple[Branch, ...]:
    """The lines of the tree; every certificate is on exactly one of them.

    Args:
        leafs: Those that are presented: the first of a certificate file. None given: as they look.
    """
    forest = Forest.of(certificates)
    known = tuple(one for one in dict.fromkeys(leafs) if one in forest.issuers) or forest.leafs()
    roles = _roles(forest, known)
    drawing = _Drawing(forest, roles)
    return tuple(drawing.lines())


def _looks_like_leaf(one: Certificate) -> bool:
    return not one.is_ca or one.eku >= {"serverAuth", "clientAuth"}


def _issuers(one: Certificate, pool: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """Self-signed issuers first: the way to a root is the one to draw."""
    if one.self_signed:
        return ()
    named = (other for other in pool if other.subject == one.issuer and other != one)
    return tuple(sorted((i for i in named if issued_by(one, i)), key=lambda i: not i.self_signed))


def _roles(forest: Forest, leafs: Sequence[Certificate]) -> dict[Certificate, Role]:
    above = forest.above(leafs)

    def role(one: Certificate) -> Role:
        if one in leafs and one not in above:
            return Role.OWN_ROOT if one.self_signed else Role.LEAF
        if one in above or not leafs:
            return Role.ROOT if one.self_signed else Role.INTERMEDIATE
        return Role.UNRELATED

    return {one: role(one) for one in forest.certificates}


class _Drawing:
    """One walk over the forest; it ends also where certificates sign each other in a ring."""

    def __init__(self, forest: Forest, roles: dict[Certificate, Role]) -> None:
        self._forest = forest
        self._roles = roles
        self._drawn: set[Certificate] = set()

    def lines(self) -> Iterator[Branch]:
        """Trees under a root, then those whose issuer is missing, then rings."""
        pool = self._forest.certificates
        for one in (one for one in pool if one.self_signed):
            yield from self._draw(one, "", "")
        orphans = [one for one in pool if not one.self_signed and not self._forest.issuers[one]]
        for issuer in dict.fromkeys(one.issuer for one in orphans):
            yield Branch("", "", None, issuer, None)
            yield from self._draw_all([one for one in orphans if one.issuer == issuer], "")
        for one in pool:
            if one not in self._drawn:
                yield from self._draw(one, "", "")

    def _draw(self, one: Certificate, stem: str, under: str) -> Iterator[Branch]:
        self._drawn.add(one)
        yield Branch(stem, under, one, one.subject, self._roles[one], also=self._forest.issuers[one][1:])
        yield from self._draw_all(self._children(one), under)

    def _draw_all(self, siblings: Sequence[Certificate], under: str) -> Iterator[Branch]:
        for one in siblings:
            last = one is siblings[-1]
            if one not in self._drawn:
                yield from self._draw(
                    one, f"{under}{'└─ ' if last else '├─ '}", f"{under}{'   ' if last else '│  '}"
                )

    def _children(self, issuer: Certificate) -> list[Certificate]:
        return [
            one
            for one in self._forest.certificates
            if self._forest.issuers[one][:1] == (issuer,) and one != issuer
        ]
