"""Neither key nor password nor passphrase is anywhere but in its file: a whole life of credentials, then a search."""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tasks.core.private_keys import UnreadableKey, read_private_key
from tests import forked_fab
from tests.e2e.labs import PROJECT, Rig, begun, rigged, small
from tests.e2e.sights import sampled

HEAD = 96  # characters of base64 in which all keys of a kind are alike
BLOCK = 48  # characters behind them that no two keys share
LIMIT_S = 90.0
KEYS = re.compile(r"(Cluster|HA)_key\.pem|(root|intermediate)_key\.pem")


@dataclass(frozen=True, slots=True)
class Life:
    """What a run of everything left behind: the lab, all that was said, and what processes were seen to hold.

    Args:
        secrets: By what they are; each in every form in which it could be written down.
    """

    rig: Rig
    temporary: Path
    said: dict[str, str]
    processes: tuple[str, ...]
    secrets: dict[str, tuple[bytes, ...]]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    temporary = tmp_path_factory.mktemp("temporary")
    with rigged(tmp_path_factory.mktemp("secrets"), small()) as rig:
        said = dict(_live(rig, temporary))
        with sampled(_processes) as samples, begun(rig, "--yes", executable=True) as run:
            done = run.end().ok()
        said |= {"migrate-cluster": done.stdout + done.stderr}
        said |= dict(_after(rig, temporary))
        yield Life(rig, temporary, said, tuple(frozenset().union(*samples)), dict(_secrets(rig)))


def _live(rig: Rig, temporary: Path) -> Iterator[tuple[str, str]]:
    yield _fab(rig, temporary, "credentials.create", "--kind", "ca", "--intermediate", "--force")
    yield _fab(rig, temporary, "credentials.inspect")
    yield _fab(rig, temporary, "check")
    yield _fab(rig, temporary, "credentials.matrix", "--json")
    yield _fab(rig, temporary, "plan", "--json")


def _after(rig: Rig, temporary: Path) -> Iterator[tuple[str, str]]:
    yield _fab(rig, temporary, "credentials.renew")
    yield _fab(rig, temporary, "credentials.crl", "--revoke", "gw-a")
    yield _fab(rig, temporary, "credentials.request")
    yield _fab(rig, temporary, "credentials.inspect", str(rig.lab.directory / "requests"))
    yield _fab(rig, temporary, "credentials.inspect", "--json")
    yield _fab(rig, temporary, "credentials.expiry", "--prometheus")
    yield _fab(rig, temporary, "status", "--json")


def _fab(rig: Rig, temporary: Path, task: str, *args: str) -> tuple[str, str]:
    """With a place of its own for temporary files."""
    environment = {**rig.environment(), "TMPDIR": str(temporary)}
    done = forked_fab.run(rig.argv(task, *args), cwd=PROJECT, env=environment, limit_s=LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return f"{task} {' '.join(args)}", done.stdout + done.stderr


def _processes() -> frozenset[str]:
    """Arguments and environment of every process that there is."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                found.add((path / name).read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:  # it has ended
                continue
    return frozenset(found)


def _secrets(rig: Rig) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    folder = rig.lab.directory
    password = (folder / "admin-password").read_bytes().strip()
    yield "the admin password", (password, base64.b64encode(b"admin:" + password))
    yield "the passphrase of the CA", ((folder / "ca-passphrase").read_bytes().strip(),)
    for path in sorted(folder.rglob("*_key.pem")):
        if KEYS.fullmatch(path.name):
            yield f"the key {path.relative_to(folder)}", tuple(_forms(path.read_bytes()))


def _forms(pem: bytes) -> Iterator[bytes]:
    """Pieces of the base64 that do not depend on where its lines break, the DER, and the number itself in hex."""
    text = b"".join(pem.splitlines()[1:-1])
    yield from (text[start : start + BLOCK] for start in range(HEAD, len(text) - BLOCK + 1, BLOCK))
    key = read_private_key(pem)
    if not isinstance(key, UnreadableKey):
        signing = key.for_tls()
        yield signing.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        yield f"{signing.private_numbers().private_value:064x}".encode()  # type: ignore[union-attr]


def _places(life: Life) -> dict[str, bytes]:
    """Everything written or shown, but the files that are meant to hold secrets."""
    found = {f"output of {what}": text.encode() for what, text in life.said.items()}
    found |= {f"process {number}": text.encode() for number, text in enumerate(life.processes)}
    lab = life.rig.lab
    for root in (lab.directory, lab.base, life.temporary, life.rig.home):
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink() and not _may_hold(path):
                found[str(path)] = path.read_bytes()
    return found


def _may_hold(path: Path) -> bool:
    """A secret's own file: for its owner alone. `gateway.json` is the server's own memory of its password."""
    if path.name not in ("admin-password", "ca-passphrase", "gateway.json") and not KEYS.fullmatch(path.name):
        return False
    assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    return True


def _leaks(life: Life, places: dict[str, bytes]) -> list[tuple[str, str]]:
    return [
        (what, place)
        for what, forms in life.secrets.items()
        for place, content in places.items()
        if any(form in content for form in forms)
    ]


def test_no_secret_is_anywhere_but_in_its_file(life: Life) -> None:
    places = _places(life)
    assert len(life.secrets) >= 2 + 2 + 2 + 2  # password, passphrase, CA keys, leafs, requests
    assert any("journal.jsonl" in place for place in places)
    assert any(place.endswith(".log") and b"CWLNA" in content for place, content in places.items())
    assert any("sha256sum" in text for text in life.processes)  # commands on the nodes were seen
    assert any("migrate-cluster" in text for text in life.processes)
    assert _leaks(life, places) == []


def test_nothing_is_left_among_the_temporary_files(life: Life) -> None:
    assert [path for path in life.temporary.rglob("*") if path.is_file()] == []


def test_a_secret_that_leaked_would_be_found(life: Life) -> None:
    places = _places(life)
    for what, forms in life.secrets.items():
        for form in forms:
            assert (what, "planted") in _leaks(life, {**places, "planted": b"x" + form + b"y"}), what


def test_a_secret_in_an_argument_would_be_seen(life: Life) -> None:
    secret = life.secrets["the passphrase of the CA"][0].decode()
    waiting = subprocess.Popen(("sh", "-c", "read _", secret), stdin=subprocess.PIPE)
    try:
        assert any(secret in text for text in _processes())
    finally:
        waiting.communicate()


def test_no_key_lies_in_the_project() -> None:
    files = subprocess.run(
        ("git", "ls-files"), cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    begin = "-----BEGIN " + "(EC |RSA |ENCRYPTED )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}"
    texts = {
        name: (PROJECT / name).read_text(errors="replace") for name in files if os.path.isfile(PROJECT / name)
    }
    assert len(texts) > 300
    assert [name for name, text in texts.items() if re.search(begin, text)] == []
