"""A CA on this machine, opened to sign with: found by content, refused with every reason."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.issuing import Issuer, OwnCa, Recipe, Subject, issue, new_ca, new_key
from tasks.core.model import Cluster, FileSecret
from tasks.core.private_keys import encrypted
from tasks.core.secret import SecretStr
from tasks.effects.authority import Authority, open_authority
from tasks.effects.ca_files import ca_contents, own_folder
from tasks.effects.creation import Order, create_sets
from tasks.effects.credential_writing import write
from tasks.effects.secrets import Secrets
from tests.effects.lifecycle import PASSPHRASE, answers, cluster, pairs_in, told, write_ca

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ROOT = new_ca(Subject("Works Root"), days=900, now=NOW, path_length=1)
ISSUING = new_ca(Subject("Works Issuing CA"), days=900, now=NOW, under=ROOT)


@pytest.fixture
def here(tmp_path: Path) -> Cluster:
    return cluster(tmp_path)


def opened(of: Cluster, folder: Path | str = "", *, use: str = "cluster") -> Authority:
    return open_authority(of, use=use, from_ca=str(folder), secrets=told)


def odd(
    subject: str, *, begins: datetime = NOW - DAY, ends: datetime = NOW + DAY, is_ca: bool = True
) -> Issuer:
    key = new_key()
    return Issuer(
        issue(Recipe(Subject(subject), begins, ends, usages=(), is_ca=is_ca), key, issuer=None), key
    )


@pytest.mark.parametrize("use", ["cluster", "ha"])
@pytest.mark.parametrize("intermediate", [False, True], ids=["a root", "an intermediate"])
def test_the_clusters_own_ca_is_what_was_made(tmp_path: Path, use: str, intermediate: bool) -> None:
    of = pairs_in(tmp_path)
    sets, _ = create_sets(of, Order("ca", use=use, intermediate=intermediate), force=False, secrets=told)
    found = opened(of, use=use)
    assert found.folder == own_folder(of, use)
    assert len(found.above) == intermediate
    assert found.chain[-1].self_signed
    assert all(one.ca == found.chain[-1:] for one in sets.values())
    assert found.issuer.key.matches(found.issuer.certificate)


@pytest.mark.parametrize("plain", [False, True], ids=["encrypted", "plain"])
def test_another_ca_is_found_by_what_its_files_hold(here: Cluster, tmp_path: Path, plain: bool) -> None:
    folder = tmp_path / "pki"
    write_ca(
        folder,
        ISSUING,
        ROOT.certificate.der,
        new_ca(Subject("other"), days=9, now=NOW).certificate.pem(),
        plain=plain,
    )
    (folder / "serial").write_text("01\n")
    (folder / "newcerts").mkdir()
    found = opened(here, folder)
    assert (found.issuer.certificate, found.above) == (ISSUING.certificate, (ROOT.certificate,))
    assert PASSPHRASE not in repr(found)
    assert "PRIVATE" not in repr(found)


def test_without_the_root_in_its_folder_a_ca_still_signs(here: Cluster, tmp_path: Path) -> None:
    write_ca(tmp_path / "pki", ISSUING)
    assert opened(here, tmp_path / "pki").above == ()


def test_the_roots_key_may_be_away_where_an_intermediate_signs(here: Cluster) -> None:
    create_sets(here, Order("ca", intermediate=True), force=False, secrets=told)
    (here.ca_folder / "root_key.pem").unlink()
    assert len(opened(here).above) == 1
    (here.ca_folder / "intermediate_key.pem").unlink()
    with pytest.raises(UsageError, match="holds no private key to sign with"):
        opened(here)


def test_a_ca_of_the_former_layout_is_found_after_it_was_moved(here: Cluster) -> None:
    write(ca_contents(here.ca_folder, OwnCa(ROOT), None), force=False)
    for part in ("cert", "key"):
        (here.ca_folder / f"root_{part}.pem").rename(here.ca_folder / f"ca_{part}.pem")
    assert opened(here).issuer.certificate == ROOT.certificate


def test_no_ca_names_the_ways_to_one(here: Cluster, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder") as caught:
        opened(here)
    assert caught.value.remedy.startswith("fab credentials.create --kind ca makes a CA; --from-ca DIR")
    with pytest.raises(UsageError, match=r"ca/ha: no such folder") as caught:
        open_authority(here, use="ha", from_ca="", secrets=told)
    assert caught.value.remedy.startswith("fab credentials.create --kind ca --use ha makes a CA")
    with pytest.raises(UsageError, match=r"no CA in ~nobody-here/ca: no such folder"):
        open_authority(here, use="cluster", from_ca="~nobody-here/ca", secrets=told)
    with pytest.raises(UsageError, match=r"no CA in /dev/null: it is no folder"):
        open_authority(here, use="cluster", from_ca="/dev/null", secrets=told)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no private key to sign with"):
        opened(here, tmp_path / "empty")


def test_a_wrong_passphrase_opens_nothing_and_is_not_shown(here: Cluster, tmp_path: Path) -> None:
    key = write_ca(tmp_path / "pki", ROOT)
    with pytest.raises(UsageError, match="the passphrase does not open it") as caught:
        open_authority(here, use="cluster", from_ca=str(tmp_path / "pki"), secrets=answers("wrong horse"))
    assert str(key) in str(caught.value)
    assert "wrong horse" not in str(caught.value)
    with_file = replace(here, ca_passphrase=FileSecret(tmp_path / "passphrase"))
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text("another\n")
    with pytest.raises(
        UsageError, match=r"the file .*passphrase\) -> correct clusters.production.ca.passphrase"
    ):
        open_authority(with_file, use="cluster", from_ca=str(tmp_path / "pki"), secrets=Secrets().resolve)
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    assert open_authority(with_file, use="cluster", from_ca=str(tmp_path / "pki"), secrets=Secrets().resolve)


def test_a_key_that_others_can_read_must_at_least_be_encrypted(here: Cluster, tmp_path: Path) -> None:
    write_ca(tmp_path / "encrypted", ROOT).chmod(0o644)
    assert opened(here, tmp_path / "encrypted")
    key = write_ca(tmp_path / "plain", ROOT, plain=True)
    key.chmod(0o640)
    with pytest.raises(UsageError, match=f"has mode 0640: others can use it -> chmod 600 {key}"):
        opened(here, tmp_path / "plain")


def test_several_keys_are_no_ca(here: Cluster, tmp_path: Path) -> None:
    write_ca(tmp_path / "pki", ROOT, encrypted(ISSUING.key, SecretStr(PASSPHRASE)).file_bytes())
    with pytest.raises(UsageError, match=r"holds 2 private keys \(other0.pem, the-ca.key\)"):
        opened(here, tmp_path / "pki")


@pytest.mark.parametrize(
    ("issuer", "reason"),
    [
        pytest.param(odd("ended", begins=NOW - 9 * DAY, ends=NOW - DAY), "CN=ended expired on", id="expired"),
        pytest.param(
            odd("later", begins=NOW + DAY, ends=NOW + 9 * DAY), "not valid before", id="not yet valid"
        ),
        pytest.param(odd("leaf", is_ca=False), r"is no CA \(basicConstraints\)", id="a leaf"),
        pytest.param(
            Issuer(ISSUING.certificate, new_key()), "holds no certificate of its key", id="another key"
        ),
    ],
)
def test_a_ca_that_cannot_issue_is_refused(
    here: Cluster, tmp_path: Path, issuer: Issuer, reason: str
) -> None:
    write_ca(tmp_path / "pki", issuer)
    with pytest.raises(UsageError, match=reason):
        opened(here, tmp_path / "pki")


def test_every_fault_is_told_at_once(here: Cluster, tmp_path: Path) -> None:
    short = new_ca(Subject("short root"), days=9, now=NOW)
    below = new_ca(Subject("below"), days=9, now=NOW, under=short)
    write_ca(
        tmp_path / "pki",
        below,
        short.certificate.pem(),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    (tmp_path / "pki" / "gone.pem").symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"other1\.pem cannot be read") as caught:
        opened(here, tmp_path / "pki")
    assert "gone.pem cannot be read: No such file" in caught.value.problem
    assert "CN=short root allows 0 CAs between itself and a leaf" in caught.value.problem
    assert caught.value.problem.count("\n") == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_key_that_cannot_be_read_is_told(here: Cluster, tmp_path: Path) -> None:
    write_ca(tmp_path / "pki", ROOT).chmod(0)
    with pytest.raises(UsageError, match=r"the-ca\.key cannot be read: Permission denied"):
        opened(here, tmp_path / "pki")
