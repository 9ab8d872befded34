"""The eyes of the matrix see what they are there for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from tasks.core.credential_set import CredentialSet
from tasks.lab.layout import Lab, LabNode
from tests.core.certs import OTHER_SHARED, SHARED
from tests.e2e.sights import eventually
from tests.torture.watch import arguments_with, secret_pieces, watching


def _node(place: Path, name: str, key: CredentialSet, certificate: CredentialSet) -> LabNode:
    keystore = place / name / "keystore"
    keystore.mkdir(parents=True)
    (keystore / "Cluster_key.pem").write_bytes(key.files()["Cluster_key.pem"])
    (keystore / "Cluster_cert.pem").write_bytes(certificate.files()["Cluster_cert.pem"])
    return cast(LabNode, SimpleNamespace(name=name, certificates=place / name))


def test_a_key_beside_another_certificate_is_seen_and_a_fitting_pair_is_fine(tmp_path: Path) -> None:
    nodes = (_node(tmp_path, "good", SHARED, SHARED), _node(tmp_path, "bad", SHARED, OTHER_SHARED))
    with watching(cast(Lab, SimpleNamespace(nodes=nodes))) as seen:
        assert eventually(lambda: seen.looks > 2)
    assert seen.mismatched == {"bad"}
    assert len(seen.pairs) == 2


def test_a_swap_as_the_tool_makes_it_is_never_seen_as_a_mismatch(tmp_path: Path) -> None:
    node = _node(tmp_path, "good", SHARED, SHARED)
    keystore = node.certificates / "keystore"
    with watching(cast(Lab, SimpleNamespace(nodes=(node,)))) as seen:
        for turn in range(200):
            for name in ("Cluster_key.pem", "Cluster_cert.pem"):
                (tmp_path / name).write_bytes((SHARED, OTHER_SHARED)[turn % 2].files()[name])
            (keystore / "Cluster_key.pem").unlink()
            (tmp_path / "Cluster_cert.pem").rename(keystore / "Cluster_cert.pem")
            (tmp_path / "Cluster_key.pem").rename(keystore / "Cluster_key.pem")
        assert eventually(lambda: len(seen.pairs) == 2)
    assert seen.mismatched == set()


def test_a_key_in_an_argument_is_seen() -> None:
    piece, _ = secret_pieces(SHARED.files()["Cluster_key.pem"])
    assert arguments_with({piece}) == set()
    waiting = subprocess.Popen(("sh", "-c", "read _", piece.decode()), stdin=subprocess.PIPE)
    try:
        assert eventually(lambda: arguments_with({piece}) == {str(waiting.pid)})
    finally:
        waiting.communicate()
