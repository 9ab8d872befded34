"""A set for the HA channel is judged as one of the cluster's, and every message names its own files."""

from __future__ import annotations

import pytest

from tasks.core.credential_set import load
from tasks.core.file_names import HA
from tests.core.certs import NOW
from tests.core.ha_pairs import ISSUED, NEW


def names(files: dict[str, bytes]) -> set[str]:
    return {finding.name for finding in load(files, label="gw-d", at=NOW, names=HA)[1]}


def test_a_right_set_loads_with_its_own_names() -> None:
    loaded, found = load(dict(NEW.files()), label="gw-d", at=NOW, names=HA)
    assert found == ()
    assert loaded is not None
    assert (loaded.names, tuple(loaded.sha256)) == (HA, ("HA_cafile.pem", "HA_cert.pem", "HA_key.pem"))
    assert dict(loaded.sha256) == dict(NEW.sha256)


@pytest.mark.parametrize("missing", HA.in_order)
def test_a_missing_file_is_named(missing: str) -> None:
    files = {name: content for name, content in NEW.files().items() if name != missing}
    loaded, found = load(files, label="gw-d", at=NOW, names=HA)
    assert loaded is None
    assert any(finding.problem.startswith(f"{missing} is missing") for finding in found)
    assert "Cluster_" not in "".join(finding.problem + finding.remedy for finding in found)


def test_the_key_of_another_certificate_is_refused() -> None:
    files = dict(NEW.files()) | {HA.key: ISSUED.files()[HA.key]}
    loaded, found = load(files, label="gw-d", at=NOW, names=HA)
    assert loaded is None
    assert "HA_key.pem (EC P-256) is not the key of the first certificate in HA_cert.pem (T1)" in [
        finding.problem for finding in found
    ]


def test_a_ca_file_of_somebody_else_is_refused() -> None:
    files = dict(ISSUED.files()) | {HA.ca: NEW.files()[HA.ca]}
    found = load(files, label="gw-d", at=NOW, names=HA)[1]
    assert names(files) == {"chain-incomplete"}
    assert "HA_cert.pem is not trusted by its own HA_cafile.pem as client and server" in found[0].problem


def test_files_of_the_cluster_are_no_ha_set() -> None:
    assert names({"Cluster_key.pem": b"", "Cluster_cert.pem": b""}) == {
        "key-missing",
        "cert-missing",
        "ca-missing",
    }
