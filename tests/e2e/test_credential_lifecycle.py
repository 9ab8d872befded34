"""A CA with an intermediate, made and renewed by the tasks, and judged on the nodes of a lab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.labs import Rig, rigged, small


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigged(tmp_path_factory.mktemp("lifecycle"), small(2)) as rig:
        yield rig


def test_a_ca_with_an_intermediate_is_made_renewed_and_found_good(rig: Rig) -> None:
    made = rig.fab("credentials.create", "--kind", "ca", "--intermediate").ok()
    ca = rig.lab.directory / "ca" / "rehearsal"
    assert "the CA's keys are encrypted and stay on this machine" in made.stdout
    assert (ca / "intermediate_key.pem").read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert_good(rig)
    again = rig.fab("credentials.create", "--kind", "ca")
    assert (again.code, f"a CA lies in {ca}" in again.stderr) == (2, True)
    renewed = rig.fab("credentials.renew", "--member", "gw-a").ok()
    assert "the former certificates and keys are kept in" in renewed.stdout
    assert_good(rig)
    assert_nothing_secret_in(f"{made}{renewed}", ca)


def assert_good(rig: Rig) -> None:
    """Leafs below an intermediate: no error, and nothing to say of the chain."""
    checked = rig.fab("check").ok()
    assert "check: no errors" in checked.stdout
    assert not [line for line in checked.stdout.splitlines() if line.startswith("ERROR")]
    assert "chain" not in checked.stdout


def assert_nothing_secret_in(shown: str, ca: Path) -> None:
    passphrase = (ca.parent.parent / "ca-passphrase").read_text().strip()
    keys = [*ca.glob("*_key.pem"), *ca.parent.parent.glob("credentials/**/*_key.pem")]
    lines = {line for key in keys for line in key.read_text().splitlines()[1:-1]}
    assert len(keys) > 3
    assert passphrase not in shown
    assert not [line for line in lines if line in shown]
