"""A variant before Debian's OpenSSL: what the two starts come to, and every dial between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.verdict.debian_openssl import TLS12, TLS13, Dialed, Member, NoContext, dial, explain
from tests.verdict.ground import Files, Variant
from tests.verdict.making import Issued

STARTS = ("own", "built-in", "dead")
PROTOCOLS = {"TLS 1.2": TLS12, "TLS 1.3": TLS13}


@dataclass(frozen=True, slots=True)
class Judged:
    """What came out.

    Args:
        starts: Of A and of B: "own", "built-in", or "dead: REASON".
        dials: By direction ("A->B") and protocol, whether the connection came up, and why not.
    """

    starts: tuple[str, str]
    dials: dict[tuple[str, str], tuple[bool, str]]


def judge(variant: Variant, builtin: Issued, place: Path) -> Judged:
    """With real contexts and real handshakes, on files below an empty directory."""
    with ExitStack() as stack:
        members: list[Member | None] = []
        starts = []
        for name, each in (("a", variant.a), ("b", variant.b)):
            start, member = _start(each, builtin, place / name)
            starts.append(start)
            members.append(stack.enter_context(member) if member else None)
        return Judged((starts[0], starts[1]), dict(_dials(members)))


def _start(each: Files, builtin: Issued, place: Path) -> tuple[str, Member | None]:
    place.mkdir(parents=True)
    names = {
        "Cluster_cert.pem": each.cert,
        "Cluster_key.pem": each.key,
        "Cluster_cafile.pem": each.ca,
        "builtin_cert.pem": builtin.pem,
        "builtin_key.pem": builtin.key_pem,
    }
    for name, content in names.items():
        if content is not None:
            (place / name).write_bytes(content)
    if each.crl is not None:
        (place / "Cluster_crl").mkdir()
        (place / "Cluster_crl" / "crl.pem").write_bytes(each.crl)
    own = each.cert is not None and each.key is not None
    which = "Cluster" if own else "builtin"
    certificate, key = place / f"{which}_cert.pem", place / f"{which}_key.pem"
    try:
        member = Member(
            certificate=certificate, key=key, truststore=place, own_trust=None if own else certificate
        )
    except NoContext as error:
        return f"dead: {error}", None
    return "own" if own else "built-in", member


def _dials(members: list[Member | None]) -> Iterator[tuple[tuple[str, str], tuple[bool, str]]]:
    a, b = members
    for direction, dialer, acceptor in (("A->B", a, b), ("B->A", b, a)):
        for protocol, most in PROTOCOLS.items():
            if dialer is None or acceptor is None:
                yield (direction, protocol), (False, "no context")
            else:
                found = dial(dialer, acceptor, most=most)
                yield (direction, protocol), (found.up, _why(found))


def _why(found: Dialed) -> str:
    return found.reason or (explain(found.result) if not found.up else "")
