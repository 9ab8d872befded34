"""Which handshakes are rehearsed, and what is made of how they went."""

from __future__ import annotations

from dataclasses import replace

from tasks.core.credential_set import CredentialSet
from tasks.core.findings import Severity
from tasks.core.rehearsal import (
    TLS12,
    TLS13,
    Pairing,
    Refusal,
    Rehearsed,
    named,
    pairings,
    rehearsal_findings,
    rehearsal_line,
    tls12_only,
)
from tasks.core.snapshot import Wire
from tests.core.certs import NOW, OTHER_SHARED, OWN, SHARED
from tests.core.snapshots import NO_ANSWER, alter, healthy

A, B = OWN.sets["gw-a"], OWN.sets["gw-b"]
NO_CIPHER = Refusal("accepting", "no shared cipher")


def one(
    dialer: CredentialSet, acceptor: CredentialSet, refusal: Refusal | None, protocol: str = TLS13
) -> Rehearsed:
    return Rehearsed(Pairing(dialer, acceptor, protocol, (("gw-a", "gw-b"),)), refusal)


def test_members_with_sets_of_their_own_meet_in_both_directions() -> None:
    found = pairings(OWN.sets, tls12_only=frozenset())
    assert len(found) == 4 * 3
    assert all(len(pairing.directions) == 1 and pairing.protocol == TLS13 for pairing in found)


def test_a_shared_set_meets_itself_once_and_stands_for_all() -> None:
    (pairing,) = pairings(dict.fromkeys("abc", SHARED), tls12_only=frozenset())
    assert pairing.dialer is pairing.acceptor is SHARED
    assert len(pairing.directions) == 6


def test_a_member_alone_meets_nobody() -> None:
    assert pairings({"gw-a": A}, tls12_only=frozenset()) == ()
    assert rehearsal_line(()) == ""


def test_with_a_member_of_tls_12_both_sides_speak_12_and_the_others_13() -> None:
    found = pairings(dict.fromkeys("abc", SHARED), tls12_only=frozenset("a"))
    by_protocol = {pairing.protocol: set(pairing.directions) for pairing in found}
    assert by_protocol[TLS13] == {("b", "c"), ("c", "b")}
    assert by_protocol[TLS12] == {("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")}


def test_who_speaks_tls_12_only_is_what_the_wire_showed() -> None:
    snapshot = healthy()
    wire = snapshot.nodes["gw-b"].wire
    assert isinstance(wire, Wire)
    old = alter(snapshot, "gw-b", wire=replace(wire, protocol=TLS12))
    assert tls12_only(old) == {"gw-b"}
    assert tls12_only(snapshot) == frozenset()
    assert tls12_only(alter(old, "gw-b", wire=NO_ANSWER)) == frozenset()


def test_all_well_finds_nothing() -> None:
    assert rehearsal_findings([one(A, B, None)], at=NOW) == ()


def test_the_same_failure_of_several_pairs_is_one_error() -> None:
    refusal = Refusal("accepting", "self-signed certificate")
    found = rehearsal_findings(
        [one(SHARED, OTHER_SHARED, refusal), one(OTHER_SHARED, SHARED, refusal)], at=NOW
    )
    assert [(f.name, f.severity) for f in found] == [("rehearsal-failed", Severity.ERROR)]
    assert "by TLSv1.3, gw-a -> gw-b" in found[0].problem


def test_a_handshake_that_fails_against_the_rules_shows_both() -> None:
    failed, disagrees = rehearsal_findings([one(A, B, NO_CIPHER)], at=NOW)
    assert failed.name == "rehearsal-failed"
    assert (disagrees.name, disagrees.severity) == ("rehearsal-disagrees", Severity.ERROR)
    assert (
        "by the rules it comes up, a real handshake fails (accepting side: no shared cipher)"
        in disagrees.problem
    )


def test_a_handshake_that_comes_up_against_the_rules_shows_both() -> None:
    (disagrees,) = rehearsal_findings([one(SHARED, OTHER_SHARED, None)], at=NOW)
    assert disagrees.name == "rehearsal-disagrees"
    assert "by the rules it does not come up, a real handshake comes up" in disagrees.problem


def test_the_rules_know_the_ciphers_of_tls_12_as_well() -> None:
    found = rehearsal_findings([one(A, B, NO_CIPHER, TLS12)], at=NOW)
    assert [f.name for f in found] == ["rehearsal-failed", "rehearsal-disagrees"]
    assert rehearsal_findings([one(A, B, None, TLS12)], at=NOW) == ()


def test_the_line_says_how_many_and_how_many_failed() -> None:
    assert rehearsal_line((one(A, B, None), one(B, A, None))) == (
        "rehearsed: 2 handshakes between 2 new sets, all well"
    )
    assert rehearsal_line((one(A, B, None), one(B, A, NO_CIPHER))).endswith("2 new sets, 1 failed")


def test_of_many_directions_the_first_are_named() -> None:
    assert named([("a", "b")] * 4) == "a -> b, a -> b, a -> b, a -> b"
    assert named([("a", "b")] * 6).endswith("a -> b and 2 more")
