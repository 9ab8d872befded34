"""The lab's own TLS contexts do with every file of the corpus what the servers' OpenSSL does with it."""

from __future__ import annotations

import tempfile
from base64 import encodebytes
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from OpenSSL import SSL

from tasks.lab import tls
from tasks.lab.config_file import ServerConfig
from tests.verdict.comparing import judged_corpus
from tests.verdict.ground import Variant, files
from tests.verdict.judging import Judged, judge
from tests.verdict.making import CA, SELF, issue

# The gateway must have OpenSSL itself read the key file, as the server does; nothing newer does that.
pytestmark = pytest.mark.filterwarnings("ignore:Context.* is deprecated:DeprecationWarning")

VERSIONS = {"TLS 1.3": SSL.TLS1_3_VERSION, "TLS 1.2": SSL.TLS1_2_VERSION}
BRAINPOOL = (
    *("EC Brainpool P-256", "a leaf of Brainpool P-256 beside a good one"),
    *("EC Brainpool P-384", "a leaf of Brainpool P-384 beside a good one"),
)
# What only the newer OpenSSL beside the lab does, and the lab cannot mend, by variant.
NEWER_OPENSSL = {
    **dict.fromkeys(BRAINPOOL, "it has Brainpool curves for TLS 1.3; the servers' has none"),
    "a list of changes only": "it wants a whole list; the servers' takes one of changes (a delta) for that",
}
BUILTIN = issue("cluster", SELF)
ROUNDS, MOST_BYTES = 20, 1 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """A lab's process: how it started, and its contexts where it has any."""

    start: str
    acceptor: SSL.Context | None = None
    dialer: SSL.Context | None = None


def trusted_form() -> Variant:
    """OpenSSL's own form with rights behind the certificate, here an empty SEQUENCE: the tool refuses it."""
    root = issue("root", CA)
    a, b = (files(issue(name, by=root), root.pem) for name in "ab")
    rights = pem(root.der + b"\x30\x00", "TRUSTED CERTIFICATE")
    return Variant("a CA file in OpenSSL's own form", replace(a, ca=rights), b)


def pem(der: bytes, label: str) -> bytes:
    return f"-----BEGIN {label}-----\n".encode() + encodebytes(der) + f"-----END {label}-----\n".encode()


@cache
def judged() -> dict[str, tuple[Judged, Judged]]:
    """Per variant what Debian's OpenSSL and what the lab came to."""
    ground, own_form = judged_corpus(), trusted_form()
    cases = enumerate(ground.cases.items())
    found = {name: (case.judged, by_lab(ground.place / str(number))) for number, (name, case) in cases}
    with tempfile.TemporaryDirectory() as place:
        found[own_form.id] = judge(own_form, BUILTIN, Path(place, "own")), by_lab(Path(place, "own"))
    return found


def by_lab(where: Path) -> Judged:
    """The files that `judge` has laid down, before the lab's contexts."""
    dials: dict[tuple[str, str], tuple[bool, str]] = {}
    for protocol, version in VERSIONS.items():
        a, b = (member(where / name, version) for name in "ab")
        for direction, dialer, acceptor in (("A->B", a, b), ("B->A", b, a)):
            dials[direction, protocol] = dial(dialer, acceptor)
    return Judged((a.start, b.start), dials)


def member(folder: Path, version: int) -> Member:
    builtin = (str(folder / "builtin_cert.pem"), str(folder / "builtin_key.pem"))
    found = tls.find_credentials(ServerConfig(str(folder), str(folder)), builtin=builtin)
    try:
        acceptor, dialer = tls.acceptor(found, require_certificate=True), tls.dialer(found)
    except tls.ContextRefused as error:
        return Member(f"dead: {error}")
    for context in (acceptor, dialer):
        context.set_max_proto_version(version)
    return Member("own" if found.user else "built-in", acceptor, dialer)


def dial(one: Member, other: Member) -> tuple[bool, str]:
    """Whether a connection comes up, as the lab decides it; and why not."""
    if one.dialer is None or other.acceptor is None:
        return False, "no context"
    client, server = SSL.Connection(one.dialer, None), SSL.Connection(other.acceptor, None)
    verdict = tls.Verdict()
    client.set_app_data(verdict)
    client.set_connect_state()
    server.set_accept_state()
    try:
        for _ in range(ROUNDS):
            if all([step(client, server), step(server, client)]):
                return verdict.accepted, f"error={verdict.first_error}"
    except SSL.Error as error:
        return False, tls.reason(error)
    raise AssertionError("the handshake neither ends nor fails")


def step(end: SSL.Connection, peer: SSL.Connection) -> bool:
    """Whether `end` is through; what it has to say is handed over."""
    try:
        end.do_handshake()
        done = True
    except SSL.WantReadError:
        done = False
    with suppress(SSL.WantReadError):
        peer.bio_write(end.bio_read(MOST_BYTES))
    return done


def differences(one: Judged, other: Judged) -> list[str]:
    starts = [(a, b) for a, b in zip(one.starts, other.starts, strict=True) if word(a) != word(b)]
    dials = [(key, up, other.dials[key]) for key, up in one.dials.items() if up[0] is not other.dials[key][0]]
    return [str(each) for each in (*starts, *dials)]


def word(start: str) -> str:
    return start.partition(":")[0]


def test_the_lab_does_what_the_servers_openssl_does() -> None:
    found = {name: text for name, pair in judged().items() if (text := differences(*pair))}
    assert {name: text for name, text in found.items() if name not in NEWER_OPENSSL} == {}
    assert set(NEWER_OPENSSL) <= set(found), "listed as different, and no longer so"


@pytest.mark.parametrize("name", BRAINPOOL)
def test_a_brainpool_curve_differs_by_tls_1_3_only(name: str) -> None:
    found = differences(*judged()[name])
    assert len(found) == 2
    assert all("'TLS 1.3'" in each for each in found)


def test_a_list_of_its_own_lets_a_shared_set_in_and_a_wrong_one_does_not() -> None:
    seen = {
        name.partition("own that ")[2]: pair[1].dials["A->B", "TLS 1.3"][0] for name, pair in judged().items()
    }
    assert {what for what, up in seen.items() if what and up} == {
        "revokes nobody",
        "revokes nobody, without keyUsage",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a leaf signed with sha1", "ca md too weak"),
        ("RSA 1024", "ee key too small"),
        ("the key of another certificate", "key values mismatch"),
    ],
)
def test_the_lab_names_why_no_context_is_made(name: str, reason: str) -> None:
    assert reason in judged()[name][1].starts[0]


def test_a_lab_that_took_another_pair_would_be_found_out(tmp_path: Path) -> None:
    right, wrong = issue("shared", SELF), issue("shared", SELF)
    for name, one in (("right", right), ("wrong", wrong)):
        variant = Variant(name, files(one, one.pem), files(right, right.pem))
        judge(variant, BUILTIN, tmp_path / name)
    assert differences(by_lab(tmp_path / "right"), by_lab(tmp_path / "right")) == []
    assert differences(by_lab(tmp_path / "right"), by_lab(tmp_path / "wrong")) != []
