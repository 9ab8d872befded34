"""What can be asked for of a revocation list, and who is meant by a word."""

from __future__ import annotations

import pytest

from tasks.core.certificates import Certificate, CertificateFault, issued_by
from tasks.core.errors import UsageError
from tasks.core.file_names import CLUSTER, HA
from tasks.core.revocation import serial_of, serial_text
from tasks.core.revocation_wish import ListWish, Meant, meant_by, refuse_strangers
from tests.core.certs import LEAF_A, LEAF_B, OWN, SHARED
from tests.core.revocations import made

CA = OWN.issuer.certificate
MEMBERS = {"gw-a": (LEAF_A, CA), "gw-b": ()}


def in_file(word: str) -> Certificate:
    if word == "b.pem":
        return LEAF_B
    raise CertificateFault("No such file or directory")


def meant(*words: str) -> tuple[Meant, ...]:
    return meant_by(words, members=MEMBERS, certificate_in=in_file)


@pytest.mark.parametrize(
    ("wish", "makes", "command"),
    [
        (ListWish(), True, ""),
        (ListWish(place=True), False, "credentials.crl --place"),
        (ListWish(place=True, days=9), True, "credentials.crl --place"),
        (ListWish(revoke=("gw-a",), place=True, use="ha"), True, "credentials.crl --place --use ha"),
        (ListWish(remove=True), False, "credentials.crl --remove"),
        (ListWish(unrevoke=("gw-a",)), True, ""),
    ],
)
def test_a_list_is_made_unless_what_is_there_is_placed_or_removed(
    wish: ListWish, makes: bool, command: str
) -> None:
    wish.check(on_a_plan="")
    assert wish.makes is makes
    assert not command or wish.command == command
    assert wish.names is (HA if wish.use == "ha" else CLUSTER)


@pytest.mark.parametrize(
    ("wish", "option", "says"),
    [
        (ListWish(use="x"), "", "--use x is unknown: one of cluster, ha"),
        (ListWish(days=3651), "", "--days 3651 is impossible: a number from 1 to 3650"),
        (ListWish(revoke=("gw-a",), reason="why"), "", "--reason why is unknown: one of keyCompromise"),
        (ListWish(reason="superseded"), "", "--reason without --revoke says nothing"),
        (ListWish(place=True, remove=True), "", "--place and --remove exclude each other"),
        (ListWish(remove=True, revoke=("gw-a",)), "", "--remove takes the list off the nodes"),
        (ListWish(revoke=("gw-a",), place=True), "--approve", "make it first, without --approve"),
        (ListWish(days=3), "--resume", "--resume goes with a list that is made already"),
        (ListWish(), "--plan", "--plan is about the nodes: it goes with --place or --remove"),
    ],
)
def test_what_cannot_be_is_refused(wish: ListWish, option: str, says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("(", r"\(")):
        wish.check(on_a_plan=option)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(UsageError, match=r"--use x .*\n--days 9999 .*\n--place and --remove") as caught:
        ListWish(use="x", days=9999, place=True, remove=True).check(on_a_plan="")
    assert len(str(caught.value).splitlines()) == 5


def test_an_open_run_goes_on_without_further_words() -> None:
    ListWish().check(on_a_plan="--resume")
    ListWish(place=True).check(on_a_plan="--approve")


def test_a_word_is_a_member_a_serial_number_or_a_file() -> None:
    serial = serial_text(serial_of(LEAF_A))
    assert meant("gw-a", "b.pem", "1A:2B", serial, "gw-a") == (
        Meant("gw-a", serial_of(LEAF_A), LEAF_A),
        Meant("b.pem", serial_of(LEAF_B), LEAF_B),
        Meant("1A:2B", 0x1A2B, None),
        Meant(serial, serial_of(LEAF_A), None),
    )


def test_words_that_mean_nobody_are_named_all_at_once() -> None:
    with pytest.raises(UsageError, match="gw-b: it has no certificate here") as caught:
        meant("gw-b", "gw-x", "123", "gw-a")
    assert caught.value.problem.splitlines()[1:] == [
        "gw-x: No such file or directory",
        "123: is it decimal or hex? with 0x it is a serial number in hex",
    ]
    assert "a member (gw-a, gw-b)" in caught.value.remedy


def strangers(revoke: tuple[Meant, ...], unrevoke: tuple[Meant, ...] = ()) -> None:
    refuse_strangers(
        revoke,
        unrevoke,
        before=made(LEAF_A),
        issuer=CA.subject,
        issued=lambda one: issued_by(one, CA),
    )


def test_certificates_of_others_and_those_that_are_not_revoked_are_refused_together() -> None:
    mine, other = meant("b.pem"), (Meant("theirs", 7, SHARED.leaf),)
    strangers(mine, meant("gw-a"))
    with pytest.raises(UsageError, match="theirs: issued by CN=production, not by CN=cluster CA") as caught:
        strangers((*mine, *other), mine)
    assert caught.value.problem.splitlines()[1:] == [
        "b.pem: not revoked",
        f"{serial_text(serial_of(LEAF_B))}: --revoke and --unrevoke at once",
    ]
