"""A node's own word on whether its key belongs to its certificate."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

from tasks.core.start_load import KeyLook
from tasks.effects.key_look import look_at_key
from tasks.effects.looking import look_at_files
from tests.effects.local_remote import bare_path
from tests.effects.node_tree import CERT, KEY, SHELLS, Tree, in_shell, tree
from tests.lab.pems import Issued, Kind, issue

OURS, OTHER = issue(Kind()), issue(Kind())


@pytest.fixture
def node() -> Iterator[Tree]:
    """One that holds a matching pair."""
    with tree() as made:
        _place(made, OURS.cert_pem, OURS.key_pem)
        yield made


def _place(node: Tree, certificate: bytes, key: bytes) -> None:
    node.write(node.keystore / CERT, certificate)
    node.write(node.keystore / KEY, key)


def look(node: Tree) -> KeyLook:
    return look_at_key(node.remote, look_at_files(node.remote))


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_a_key_that_belongs_to_its_certificate_matches(shell: tuple[str, ...], node: Tree) -> None:
    assert look(in_shell(node, *shell)) is KeyLook.MATCHES


def _encrypted(issued: Issued) -> bytes:
    return issued.encoded_key(BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("certificate", "key", "seen"),
    [
        pytest.param(OURS.cert_pem, OTHER.key_pem, KeyLook.OTHER, id="another key"),
        pytest.param(OURS.cert_pem, _encrypted(OURS), KeyLook.ENCRYPTED, id="encrypted"),
        pytest.param(OURS.cert_pem, b"garbage", KeyLook.BROKEN, id="no key"),
        pytest.param(b"garbage", OURS.key_pem, KeyLook.BROKEN, id="no certificate"),
        pytest.param(OURS.cert_pem + OTHER.cert_pem, OURS.key_pem, KeyLook.MATCHES, id="chain, leaf first"),
        pytest.param(OTHER.cert_pem + OURS.cert_pem, OURS.key_pem, KeyLook.OTHER, id="leaf last"),
    ],
)
def test_what_cannot_work_is_told_apart(node: Tree, certificate: bytes, key: bytes, seen: KeyLook) -> None:
    _place(node, certificate, key)
    assert look(node) is seen


def test_without_openssl_nothing_can_be_said(node: Tree) -> None:
    files = look_at_files(node.remote)
    bare = bare_path(node.root / "bare", "env", "sh", "grep", "chroot")
    node.remote.path = bare
    assert look_at_key(node.remote, files) is KeyLook.UNSEEN


def test_the_key_stays_on_the_node_and_out_of_every_argument(node: Tree) -> None:
    look(node)
    words = " ".join(word for argv in node.remote.ran for word in argv)
    assert "PRIVATE KEY" not in words
    assert str(node.keystore / KEY) in words
