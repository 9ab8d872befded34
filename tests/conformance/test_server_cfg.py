"""server.cfg by the server's own rules: seen by the certificate that it then serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import pytest

from tasks.core.model import Node
from tasks.core.server_cfg import parse
from tasks.effects.files import CA, CERT, CFG, KEY
from tests.conformance import sets
from tests.conformance.batches import Batches
from tests.conformance.target import Target
from tests.lab.pems import Kind, issue

LEAF = sets.shared()
OTHER_CA = issue(Kind(name="conformance other root", authority=True))

# (server.cfg as found, the spare keystore) -> server.cfg
READS_THE_SPARE: dict[str, Callable[[str, PurePosixPath], str]] = {
    "the last duplicate wins": lambda text, spare: f"{text}\nKeyStore = /nowhere\nKeyStore = {spare}\n",
    "any case, no spaces, a slash": lambda text, spare: f"{text}\nKEYstore={spare}/   \n",
    "comments are none": lambda text, spare: (
        f"{text}\nKeyStore = {spare}\n# KeyStore = /no\n * KeyStore = /no\n"
    ),
}
# A path that is none: the whole value counts (T11).
SPOILS: dict[str, Callable[[str, PurePosixPath], str]] = {
    "a quoted value": lambda text, spare: f'{text}\nKeyStore = "{spare}"\n',
    "a trailing comment": lambda text, spare: f"{text}\nKeyStore = {spare} # ours\n",
}
READS_THE_TRUST: dict[str, Callable[[str, PurePosixPath], str]] = {
    "TrustStore beats TrustedCertificateDir": lambda text, spare: f"TrustStore = {spare}\n{text}\n",
    "the last TrustedCertificateDir": lambda text, spare: f"{text}\nTrustedCertificateDir = {spare}\n",
}
KEEPS_THE_TRUST: dict[str, Callable[[str, PurePosixPath], str]] = {
    "truststore in another case": lambda text, spare: f"{text}\ntruststore = {spare}\n",
}

ROWS = {**READS_THE_SPARE, **READS_THE_TRUST, **KEEPS_THE_TRUST, **SPOILS}


def prepare(target: Target, node: Node) -> PurePosixPath:
    """Make its spare keystore: the admin files, our pair, and another CA file; returns where it is."""
    disk = target.disk(node)
    disk.restore()
    spare = disk.copy_keystore()
    disk.put((spare / CERT, LEAF.cert_pem), (spare / KEY, LEAF.key_pem), (spare / CA, OTHER_CA.cert_pem))
    return spare


def _write(target: Target, names: Sequence[str], *, files: sets.Files) -> tuple[Node, ...]:
    """The rows' server.cfg on A, B and C, and these files in the keystore as found."""
    nodes = target.singles[: len(names)]

    def write(row: tuple[Node, str]) -> None:
        node, name = row
        disk = target.disk(node)
        text = ROWS[name](disk.cfg_text, prepare(target, node))
        disk.place({**files, CFG: text.encode("utf-8", "surrogateescape")})

    target.site.pool.map(write, zip(nodes, names, strict=True))
    return nodes


def _move(target: Target, names: Sequence[str]) -> None:
    target.load(*_write(target, names, files={}))


def _trust(target: Target, names: Sequence[str]) -> None:
    target.load(*_write(target, names, files=sets.files(LEAF, ca=LEAF.cert_pem)))


def _lead_nowhere(target: Target, names: Sequence[str]) -> None:
    target.restore()  # C on the built-in pair: it sees A and B come back on it
    nodes = _write(target, names, files={})
    target.site.pool.map(target.begin, nodes)
    target.site.pool.map(target.await_ports_without_rest, nodes)


@pytest.fixture(scope="module")
def moved(target: Target) -> Batches:
    return Batches(target, load=_move)


@pytest.fixture(scope="module")
def trusting(target: Target) -> Batches:
    return Batches(target, load=_trust)


@pytest.fixture(scope="module")
def lost(target: Target) -> Batches:
    return Batches(target, load=_lead_nowhere)


@pytest.mark.parametrize("name", READS_THE_SPARE)
def test_this_line_moves_the_keystore(target: Target, moved: Batches, name: str) -> None:
    node = moved.node(name, tuple(READS_THE_SPARE))
    assert target.served(node) == LEAF.fingerprint


@pytest.mark.parametrize("name", [*READS_THE_TRUST, *KEEPS_THE_TRUST])
def test_which_line_names_the_truststore(target: Target, trusting: Batches, name: str) -> None:
    node = trusting.node(name, (*READS_THE_TRUST, *KEEPS_THE_TRUST))
    wanted = OTHER_CA if name in READS_THE_TRUST else LEAF
    assert target.wire(node).client_cas == (wanted.certificate.subject.rfc4514_string(),)


@pytest.mark.parametrize("name", SPOILS)
def test_this_line_leads_nowhere_and_shuts_the_admin_api(target: Target, lost: Batches, name: str) -> None:
    node = lost.node(name, tuple(SPOILS))
    assert target.refuses_rest(node)
    assert target.listens(node, target.messaging(node))
    assert target.wire(node).leaf == target.builtin


@pytest.mark.parametrize("name", [*READS_THE_SPARE, *READS_THE_TRUST, *KEEPS_THE_TRUST, *SPOILS])
def test_the_tool_reads_the_line_as_the_server_does(name: str) -> None:
    found, spare = "KeyStore = /found/k\nTrustedCertificateDir = /found/t\n", PurePosixPath("/spare")
    cfg = parse(ROWS[name](found, spare))
    assert (cfg.keystore == spare) is (name in READS_THE_SPARE)
    assert (cfg.truststore == spare) is (name in READS_THE_TRUST)
