"""Files of certificates, keys and lists, whatever is in them: findings or a reason, never a traceback or a key."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from itertools import cycle

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tasks.core.bundles import certificates_in, holds_certificates
from tasks.core.certificates import (
    Certificate,
    CertificateFault,
    is_builtin,
    issued_by,
    parse_pem_chain,
)
from tasks.core.credential_set import CredentialSet, load
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.material import read_material
from tasks.core.peers import Peer, judge_peer, verify
from tasks.core.pem import Unreadable, broken_block, describe_without_blocks, hidden_blocks, pem_blocks
from tasks.core.private_keys import (
    PrivateKey,
    UnreadableKey,
    needs_passphrase,
    read_encrypted_key,
    read_private_key,
)
from tasks.core.revocation import cannot_sign
from tasks.core.revocation_reading import parse_list
from tasks.core.secret import SecretStr
from tasks.core.shown_material import shown_certificate, shown_key, shown_list, shown_request
from tests.core.statuses import NOON
from tests.properties.mutation import hold
from tests.properties.pem_corpus import (
    BUNDLES,
    BY_RSA,
    CERTIFICATES,
    KEYS,
    LEAF_A,
    LISTS,
    MIDDLE,
    PIECES,
    REQUESTS,
    ROOT,
    SHARED,
)
from tests.properties.presentable import require_presentable

# What cryptography thinks of odd certificates is told to no operator: the boundary sees to that.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
PARSED = Certificate.from_der(ROOT.der)
KEY = read_private_key(SHARED.key_pem)
EVERYTHING = (*CERTIFICATES, *BUNDLES, *KEYS, *LISTS, *REQUESTS)


def read(parse: Callable[[bytes], tuple[Certificate, ...]], data: bytes) -> tuple[Certificate, ...]:
    """The certificates, of which everything can be asked; none, and a reason in words, where there are none."""
    try:
        found = parse(data)
    except CertificateFault as fault:
        require_presentable(fault.reason)
        return ()
    for one in found:
        usable(one)
    return found


def usable(one: Certificate) -> None:
    """What is done with certificates further on."""
    assert one.pem().startswith(b"-----BEGIN CERTIFICATE-----")
    assert one.not_before.tzinfo is not None
    assert one.key_kind
    assert is_builtin(one) in (True, False)
    assert issued_by(one, PARSED) in (True, False)
    assert issued_by(PARSED, one) in (True, False)
    assert isinstance(KEY, PrivateKey)
    assert KEY.matches(one) in (True, False)
    cannot_sign(one)
    peer = verify(one, intermediates=(PARSED,), trusted=(one, PARSED), purpose="client", at=None)
    require_presentable(peer or "")


@pytest.mark.parametrize("parse", [parse_pem_chain, certificates_in], ids=["PEM", "bundle"])
def test_mutated_certificates_are_read_or_refused_with_a_reason(
    parse: Callable[[bytes], tuple[Certificate, ...]],
) -> None:
    corpus = EVERYTHING if parse is certificates_in else (*CERTIFICATES, *CERTIFICATES, *EVERYTHING)
    hold(
        f"certificates, {parse.__name__}",
        corpus,
        lambda data: (read(parse, data), None)[1],
        few=300,
        pieces=PIECES,
    )


def test_mutated_certificates_in_binary_are_read_or_refused() -> None:
    """What a server shows on the wire, and what lies in a folder as .der."""

    def check(data: bytes) -> None:
        read(lambda der: (Certificate.from_der(der),), der_of(data))

    ders = tuple(x509.load_pem_x509_certificates(pem)[0].public_bytes(Encoding.DER) for pem in CERTIFICATES)
    hold("certificates, DER", (*ders, *CERTIFICATES), check, few=200)


def der_of(data: bytes) -> bytes:
    """What a PEM block holds, which was mutated by its structure; other data as it is."""
    body = re.fullmatch(rb"[^-]*-----BEGIN [^-]*-----([^-]*)-----.*", data, re.DOTALL)
    try:
        return base64.b64decode(body[1]) if body else data
    except ValueError:
        return data


def test_mutated_keys_are_read_or_refused_and_never_told() -> None:
    def check(data: bytes) -> None:
        found = read_private_key(data)
        assert needs_passphrase(data) in (True, False)
        if isinstance(found, UnreadableKey):
            require_presentable(found.reason)
            tells_nothing(found.reason, data)
        else:
            assert found.matches(PARSED) in (True, False)
            assert found.kind
            tells_nothing(repr(found), data)

    hold("private keys", (*KEYS, *KEYS, *CERTIFICATES), check, few=300, pieces=PIECES)


def tells_nothing(text: str, data: bytes) -> None:
    """No eight characters in a row of a key's body."""
    for block in pem_blocks(
        data
    ):  # what a block is called may be shown, also if a cut left it in another one
        text = text.replace(block.label, "")
    body = re.sub(rb"-----[^-]*-----|\s|[^A-Za-z0-9+/=]", b"", data).decode("ascii")
    pieces = {body[at : at + 8] for at in range(max(len(body) - 7, 0))}
    words = re.sub(r"\s", "", text)
    shown = {words[at : at + 8] for at in range(max(len(words) - 7, 0))} & pieces
    assert not {each for each in shown if re.search(r"[0-9+/]", each)}, shown


def test_mutated_encrypted_keys_are_opened_or_refused() -> None:
    def check(data: bytes) -> None:
        found = read_encrypted_key(data, SecretStr("secret"))
        if isinstance(found, UnreadableKey):
            require_presentable(found.reason)
            tells_nothing(found.reason, data)

    corpus = (SHARED.encrypted, KEYS[4])
    hold("encrypted keys", corpus, check, few=40, pieces=PIECES)


def test_mutated_revocation_lists_are_read_or_refused() -> None:
    leaf, middle = (Certificate.from_der(one.der) for one in (LEAF_A, MIDDLE))

    def check(data: bytes) -> None:
        try:
            found = parse_list(data)
        except Unreadable as fault:
            require_presentable(fault.reason)
            return
        assert found.revokes(leaf) in (True, False)
        assert found.signed_by(PARSED) in (True, False)
        assert found.pem().startswith(b"-----BEGIN X509 CRL-----")
        assert found.this_update.tzinfo is not None
        for at in (None, NOON):
            said = judge_peer(Peer((leaf, middle), "client"), trusted=(PARSED,), at=at, crl=found.der)
            require_presentable(said.reason)

    hold("revocation lists", (*LISTS, *LISTS, *LISTS, CERTIFICATES[0]), check, few=200, pieces=PIECES)


def test_a_set_with_one_mutated_file_is_judged_and_every_finding_can_be_shown() -> None:
    good = {KEY_FILE: LEAF_A.key_pem, CERT_FILE: CERTIFICATES[0], CA_FILE: ROOT.pem}
    whose = cycle(good)

    def check(data: bytes) -> None:
        name = next(whose)
        found, findings = load({**good, name: data}, label="gw-a", at=NOON)
        assert isinstance(found, CredentialSet) or findings
        for finding in findings:
            assert finding.remedy
            if name == KEY_FILE:
                tells_nothing(f"{finding.problem} {finding.remedy}", data)

    corpus = (*CERTIFICATES, *KEYS, LEAF_A.key_pem, LEAF_A.pem, ROOT.pem, BY_RSA.pem)
    hold("credential sets", corpus, check, few=100, pieces=PIECES)


def test_whatever_is_in_a_file_it_is_shown_as_far_as_it_goes() -> None:
    """`fab credentials.inspect` of any file."""

    def check(data: bytes) -> None:
        found = read_material(data)
        numbers = {one: number for number, one in enumerate(found.certificates)}
        shown: list[object] = [shown_certificate(n, one) for one, n in numbers.items()]
        asked = {f"{n}.csr": one.public_key_der for n, one in enumerate(found.requests)}
        shown += [shown_key("k", key, numbers, found.certificates, asked=asked) for key in found.keys]
        shown += [shown_list("l", one, numbers, found.certificates, at=NOON) for one in found.lists]
        shown += [shown_request("x.csr", one) for one in found.requests]
        assert shown or found.faults or pem_blocks(data)
        for fault in found.faults:
            require_presentable(fault)
            tells_nothing(fault, data)

    hold("material", (*EVERYTHING, *REQUESTS * 3), check, few=200, pieces=PIECES)


def test_whatever_is_in_a_file_its_blocks_are_told() -> None:
    def check(data: bytes) -> None:
        blocks = pem_blocks(data)
        assert all(data[block.start :].startswith(b"-----BEGIN ") for block in blocks)
        require_presentable(
            *(block.label for block in blocks),
            broken_block(data) or "",
            hidden_blocks(data) or "",
            describe_without_blocks(data),
        )
        assert holds_certificates(data) in (True, False)

    hold("PEM blocks", EVERYTHING, check, few=200, pieces=PIECES)


def test_unmutated_files_are_good() -> None:
    """The control: what is refused above is refused for its mutation."""
    assert [len(read(parse_pem_chain, pem)) for pem in CERTIFICATES] == [3, 1, 1, 1, 1]
    assert isinstance(KEY, PrivateKey)
    assert [one.serial for one in parse_list(LISTS[0]).revoked]
    good = {KEY_FILE: LEAF_A.key_pem, CERT_FILE: CERTIFICATES[0], CA_FILE: ROOT.pem}
    assert isinstance(load(good, label="gw-a", at=NOON)[0], CredentialSet)
    with pytest.raises(AssertionError):
        tells_nothing(SHARED.key_pem.decode().split("\n")[1], SHARED.key_pem)
