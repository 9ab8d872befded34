"""From a request to a set: keys stay here, what the PKI sent is sorted, or refused as a whole."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from tasks.core.certificates import Certificate
from tasks.core.errors import OperatorError, Refused, UsageError
from tasks.core.file_names import CLUSTER, HA, KEY_FILE, FileNames
from tasks.core.findings import errors
from tasks.core.model import Cluster
from tasks.core.private_keys import PrivateKey
from tasks.core.signing_requests import RequestWish
from tasks.effects.credential_files import load_sets
from tasks.effects.importing import import_sets
from tasks.effects.requesting import make_requests, requested_keys
from tests.core.pki import as_pem, pki, scattered
from tests.effects.lifecycle import MEMBERS, cluster, files_in, mode, pairs_in

NOW = datetime.now(UTC)
WORKS = pki(now=NOW)


def keys(of: Cluster, use: str = "cluster", names: FileNames = CLUSTER) -> Mapping[str, PrivateKey]:
    return requested_keys(of, use=use, names=names)


def answered(of: Cluster, folder: Path, *more: Certificate, only: Iterable[str] = MEMBERS) -> Path:
    """A folder with what the PKI made of the requests, scattered over files of every form."""
    leafs = [WORKS.sign(keys(of)[name], f"{name}.example.com", at=NOW) for name in only]
    folder.mkdir()
    for name, content in scattered((*leafs, *WORKS.above, *more), random.Random(7)).items():
        (folder / name).write_bytes(content)
    return folder


def imported(of: Cluster, *paths: Path, use: str = "cluster", force: bool = False) -> None:
    import_sets(of, [str(path) for path in paths], use=use, force=force)


@pytest.fixture
def requested(tmp_path: Path) -> Cluster:
    of = cluster(tmp_path)
    make_requests(of, RequestWish(), force=False)
    return of


def test_keys_and_requests_lie_apart_from_the_sets_and_are_private(requested: Cluster) -> None:
    base = requested.inventory.parent / "requests" / "production"
    assert {str(path) for path in map(Path, files_in(base))} == {
        f"{name}/{file}" for name in MEMBERS for file in ("Cluster_key.pem", "Cluster_cert.csr")
    }
    assert {mode(path) for path in base.rglob("*.*")} == {0o600}
    assert {mode(path) for path in (base, *(base / name for name in MEMBERS))} == {0o700}
    assert not requested.credentials.exists()
    request = x509.load_pem_x509_csr((base / "gw-a" / "Cluster_cert.csr").read_bytes())
    assert request.public_key() == keys(requested)["gw-a"].for_tls().public_key()


def test_the_table_shows_no_key(tmp_path: Path) -> None:
    of = cluster(tmp_path)
    table = make_requests(of, RequestWish(), force=False)
    assert [row[3] for row in table.rows] == [f"requests/production/{n}/Cluster_cert.csr" for n in MEMBERS]
    lines = files_in(tmp_path)["requests/production/gw-a/Cluster_key.pem"].decode().splitlines()
    assert not any(line in repr(table) for line in lines)


def test_requests_under_way_are_replaced_with_force_only(requested: Cluster, tmp_path: Path) -> None:
    before = files_in(tmp_path)
    with pytest.raises(UsageError, match=r"not overwritten: .*gw-a/Cluster_key\.pem"):
        make_requests(requested, RequestWish(), force=False)
    assert files_in(tmp_path) == before
    make_requests(requested, RequestWish(), force=True)
    assert not set(files_in(tmp_path).values()) & set(before.values())


def test_what_the_pki_sent_becomes_the_sets_and_the_requests_are_done(
    requested: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = dict(keys(requested))
    imported(requested, answered(requested, tmp_path / "answer"))
    sets, findings = load_sets(requested.credentials, MEMBERS, NOW)
    assert errors(findings) == ()
    assert {name: one.key for name, one in sets.items()} == asked
    assert {one.chain[1:] for one in sets.values()} == {(WORKS.issuing.certificate,)}
    assert {one.ca for one in sets.values()} == {(WORKS.root.certificate,)}
    assert {mode(path) for path in requested.credentials.rglob("*.pem")} == {0o600}
    assert list((tmp_path / "requests").rglob("*.*")) == []
    assert "PRIVATE" not in capsys.readouterr().out


def test_one_certificate_for_all_members_becomes_the_shared_set(tmp_path: Path) -> None:
    of = cluster(tmp_path)
    make_requests(of, RequestWish("shared"), force=False)
    ((label, key),) = keys(of).items()
    (tmp_path / "answer.pem").write_bytes(as_pem((*WORKS.above, WORKS.sign(key, label, at=NOW))))
    imported(of, tmp_path / "answer.pem")
    sets, findings = load_sets(of.credentials, MEMBERS, NOW)
    assert errors(findings) == ()
    assert {one.key for one in sets.values()} == {key}
    assert set(files_in(of.credentials)) == set(CLUSTER.in_order)


def test_a_pairs_ha_channel_has_requests_and_sets_of_its_own(tmp_path: Path) -> None:
    of = pairs_in(tmp_path)
    make_requests(of, RequestWish(use="ha"), force=False)
    waiting = keys(of, "ha", HA)
    assert set(waiting) == {"gw-x", "gw-y"}
    leafs = [WORKS.sign(key, name, at=NOW) for name, key in waiting.items()]
    (tmp_path / "answer.pem").write_bytes(as_pem((*leafs, *WORKS.above)))
    imported(of, tmp_path / "answer.pem", use="ha")
    sets, findings = load_sets(of.credentials, ("gw-x", "gw-y"), NOW, names=HA)
    assert errors(findings) == ()
    assert {one.names for one in sets.values()} == {HA}


def test_who_has_no_certificate_yet_keeps_the_key_and_comes_later(
    requested: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = WORKS.sign(keys(cluster_with_requests(tmp_path / "else"))["gw-a"], "mail", at=NOW)
    imported(requested, answered(requested, tmp_path / "first", stranger, only=("gw-a",)))
    said = capsys.readouterr().out
    assert "no certificate yet for gw-b, gw-d: their keys wait" in said
    assert "belongs to no set: CN=mail, issued by CN=Works Issuing CA" in said
    assert set(keys(requested)) == {"gw-b", "gw-d"}
    imported(requested, answered(requested, tmp_path / "second", only=("gw-b", "gw-d")))
    assert set(load_sets(requested.credentials, MEMBERS, NOW)[0]) == set(MEMBERS)


def cluster_with_requests(folder: Path) -> Cluster:
    of = cluster(folder)
    make_requests(of, RequestWish(), force=False)
    return of


def test_one_set_that_would_not_work_refuses_all_of_them(
    requested: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = keys(requested)
    good, short = (
        WORKS.sign(waiting["gw-a"], "gw-a", at=NOW),
        WORKS.sign(waiting["gw-d"], "gw-d", at=NOW, days=-9),
    )
    half = WORKS.sign_one_sided(waiting["gw-b"], "gw-b", at=NOW)
    (tmp_path / "answer.pem").write_bytes(as_pem((good, half, short, *WORKS.above)))
    before = files_in(tmp_path)
    with pytest.raises(Refused, match=r"nothing was written: .*eku-one-sided"):
        imported(requested, tmp_path / "answer.pem")
    said = capsys.readouterr().out
    assert "[gw-b] " in said
    assert "ERROR expired: [gw-d] " in said
    assert files_in(tmp_path) == before


def test_without_the_root_nothing_is_written(requested: Cluster, tmp_path: Path) -> None:
    leaf = WORKS.sign(keys(requested)["gw-a"], "gw-a", at=NOW)
    (tmp_path / "answer.pem").write_bytes(as_pem((leaf, WORKS.issuing.certificate)))
    with pytest.raises(
        Refused, match="is not there: CN=Works Root; the CA file must reach a self-signed root"
    ):
        imported(requested, tmp_path / "answer.pem")
    assert not requested.credentials.exists()


def test_certificates_of_others_alone_are_refused(requested: Cluster, tmp_path: Path) -> None:
    (tmp_path / "answer.pem").write_bytes(as_pem(WORKS.above))
    with pytest.raises(Refused, match="none of these certificates belongs to a requested key"):
        imported(requested, tmp_path / "answer.pem")


def test_without_a_request_there_is_nothing_to_import(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no request of production waits") as caught:
        imported(cluster(tmp_path), tmp_path)
    assert caught.value.remedy == "fab credentials.request makes them"


def test_every_file_that_cannot_be_read_is_named(requested: Cluster, tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(UsageError, match=r"broken\.pem cannot be read") as caught:
        imported(requested, *(tmp_path / name for name in ("broken.pem", "text.pem", "nothing.pem")))
    assert len(caught.value.problem.splitlines()) == 3
    with pytest.raises(UsageError, match="--use both is unknown"):
        imported(requested, tmp_path, use="both")


def test_the_home_of_nobody_is_no_file(requested: Cluster) -> None:
    with pytest.raises(UsageError, match=r"~nobody-here/answer\.pem cannot be read: No such file"):
        imported(requested, Path("~nobody-here/answer.pem"))


def test_a_folder_may_hold_other_files_but_no_broken_certificates(requested: Cluster, tmp_path: Path) -> None:
    folder = answered(requested, tmp_path / "answer")
    (folder / "README").write_text("please find attached")
    (folder / "Cluster_cert.csr").write_bytes(files_in(tmp_path)["requests/production/gw-a/Cluster_cert.csr"])
    (folder / "older").mkdir()
    imported(requested, folder)
    assert set(load_sets(requested.credentials, MEMBERS, NOW)[0]) == set(MEMBERS)


def test_sets_that_are_there_are_replaced_with_force_only_and_kept(
    requested: Cluster, tmp_path: Path
) -> None:
    imported(requested, answered(requested, tmp_path / "first"))
    before = files_in(requested.credentials)
    make_requests(requested, RequestWish(), force=False)
    folder = answered(requested, tmp_path / "second")
    with pytest.raises(UsageError, match="not overwritten: "):
        imported(requested, folder)
    assert files_in(requested.credentials) == before
    assert set(keys(requested)) == set(MEMBERS)
    imported(requested, folder, force=True)
    (kept,) = requested.credentials.glob(".before-*")
    assert files_in(kept) == before
    sets, findings = load_sets(requested.credentials, MEMBERS, NOW)
    assert findings == ()
    assert sets["gw-a"].files()[KEY_FILE] != before[f"gw-a/{KEY_FILE}"]


def test_a_disk_that_refuses_leaves_the_keys_where_they_are(requested: Cluster, tmp_path: Path) -> None:
    folder = answered(requested, tmp_path / "answer")
    requested.credentials.write_text("a file in the way")
    with pytest.raises(OperatorError, match="cannot write"):
        imported(requested, folder)
    assert set(keys(requested)) == set(MEMBERS)


def test_a_broken_key_among_the_requests_is_told(requested: Cluster) -> None:
    base = requested.inventory.parent / "requests" / "production"
    (base / "gw-a" / KEY_FILE).write_text("nothing")
    (base / "gw-b" / KEY_FILE).unlink()
    (base / "gw-b" / KEY_FILE).mkdir()
    with pytest.raises(UsageError, match=r"gw-a/Cluster_key\.pem cannot be used: ") as caught:
        keys(requested)
    assert "gw-b/Cluster_key.pem cannot be read: Is a directory" in caught.value.problem
