"""What the corpus stands on: two members' files, a variant of them, and a good ground to change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.verdict.by_openssl import Made
from tests.verdict.making import CA, LEAF, SELF, Issued, Kind, issue

BOM = b"\xef\xbb\xbf"
GARBAGE = b"neither a key nor a certificate\n"


@dataclass(frozen=True, slots=True, repr=False)
class Files:
    """What lies in a member's keystore and truststore; None where a file is missing."""

    cert: bytes | None
    key: bytes | None
    ca: bytes | None
    crl: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Variant:
    """Two members."""

    id: str
    a: Files
    b: Files


Row = tuple[Any, ...]  # id, files of A, files of B


class Ground:
    """What most variants stand on: a root, a good member under it, a shared set, and the servers' built-in pair."""

    def __init__(self, builtin: Issued) -> None:
        self.builtin = builtin
        self.root = issue("root", CA)
        self.a = issue("a", by=self.root)
        self.b = issue("b", by=self.root)
        self.good_a = files(self.a, self.root.pem)
        self.good_b = files(self.b, self.root.pem)
        self.shared = issue("shared", SELF)
        self.same = files(self.shared, self.shared.pem)

    def a_with(self, **changes: bytes | None) -> tuple[Files, Files]:
        return replace(self.good_a, **changes), self.good_b


def files(leaf: Issued | Made, ca: bytes | None, *more: Issued) -> Files:
    """Of a leaf, and what it sends beside itself."""
    return Files(leaf.pem + b"".join(each.pem for each in more), leaf.key_pem, ca)


def both(id: str, one: Files) -> Row:
    return id, one, one


def below(kind: Kind, *, root: Kind = CA, leaf: Kind = LEAF, sent: bool = True) -> tuple[Files, Files]:
    """Two leafs below an intermediate of that kind."""
    top = issue("root", root)
    middle = issue("intermediate", kind, by=top)
    return tuple(  # type: ignore[return-value]
        files(issue(n, leaf, by=middle), top.pem, *((middle,) if sent else ())) for n in "ab"
    )
