"""`fab credentials.inspect`: groups of what belongs together, each certificate once, on 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tasks.core.credential_set import load
from tasks.core.file_names import CLUSTER
from tasks.core.held import Source, held_by_nodes
from tasks.core.inspection import Shown, local_bundle, node_bundles, shown
from tasks.core.inspection_text import days_text, eku_text, shown_lines
from tasks.core.issuing import Recipe, Subject, issue, new_key
from tasks.core.local_files import LocalFiles, verdicts
from tasks.core.snapshot import Unseen
from tasks.effects.console import fold
from tests.core.certs import BUILTIN, NOW, OWN, SHARED
from tests.core.endings import CA, DAY, certificate, request, revocation_list
from tests.core.snapshots import THREE, WITH_PAIR, healthy

GW_A = OWN.sets["gw-a"]


def path_of(**files: bytes) -> Shown:
    """What is shown of a folder with these files; "_" in their names stands for "."."""
    named = {name.replace("_", "."): content for name, content in files.items()}
    return shown([local_bundle(LocalFiles("folder", files=named), at=NOW, guess=True)])


def set_here(files: Mapping[str, bytes], *, label: str = "gw-a") -> Shown:
    findings = load(files, label=label, at=NOW)[1]
    local = LocalFiles(label, CLUSTER, (label,), files, findings=findings)
    return shown([local_bundle(local, at=NOW)])


def lines(found: Shown) -> list[str]:
    return list(shown_lines(found))


def test_a_set_is_its_chain_its_key_and_the_verdict() -> None:
    assert lines(set_here(GW_A.files()))[:7] == [
        "here: gw-a",
        "  [1] CN=cluster CA",
        "      root · Cluster_cafile.pem · 3650 days left",
        "  └─ [2] CN=gw-a",
        "         leaf · Cluster_cert.pem · 365 days left",
        "  Cluster_key.pem: private key, EC P-256, the key of [2]",
        "  verdict: connects",
    ]


def test_each_certificate_is_shown_once_with_every_fact_within_80_columns() -> None:
    text = lines(set_here(GW_A.files()))
    start = text.index("[2] CN=gw-a")
    assert text[start : start + 5] == [
        "[2] CN=gw-a",
        "    issuer   CN=cluster CA",
        "    key      EC P-256, no CA, signed with sha256",
        "    EKU      both serverAuth and clientAuth",
        "    names    none",
    ]
    assert text[start + 5] == "    valid    2026-11-22 11:55:00 to 2027-11-22 12:00:00 UTC"
    assert text[start + 7] == f"    SHA-256  {GW_A.leaf.sha256}"
    assert max(map(len, text)) <= 80


def test_the_verdict_of_the_server_is_under_a_set_that_it_would_not_take() -> None:
    text = lines(set_here({**GW_A.files(), CLUSTER.key: SHARED.files()[CLUSTER.key]}))
    assert "  verdict: dead admin API; NOT to be placed, see above" in text
    assert any(line.startswith("  ERROR key-mismatch") for line in text)
    assert "  Cluster_key.pem: private key, EC P-256, of none of these certificates" in text


def test_a_missing_issuer_is_a_question_mark() -> None:
    text = lines(path_of(leaf_pem=GW_A.cert_pem))
    assert text[1:3] == ["  ? CN=cluster CA (not in the files)", "  └─ [1] CN=gw-a"]


def test_the_built_in_certificate_is_marked() -> None:
    text = lines(path_of(a_pem=BUILTIN.pem()))
    assert text[1].endswith("CN=cluster,OU=Amlen,O=Eclipse  BUILT-IN")
    assert any(line.startswith("[1] ") and "its private key is public" in line for line in text)
    assert not any("BUILT-IN" in line for line in lines(path_of(a_pem=SHARED.cert_pem)))


def test_an_encrypted_key_says_so_and_nothing_of_a_key_is_shown() -> None:
    key = GW_A.key.for_tls()
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw"))
    found = path_of(a_pem=encrypted, b_pem=GW_A.key.file_bytes(), c_pem=GW_A.cert_pem)
    text = "\n".join(lines(found))
    assert "a.pem: private key, encrypted: as a CA's should be" in text
    assert "b.pem: private key, EC P-256, the key of [1]" in text
    secret = GW_A.key.file_bytes().splitlines()[1].decode()
    assert secret not in text + repr(found)


def test_a_request_shows_what_it_asks_for() -> None:
    assert "  a.csr: request for CN=gw-a, DNS:gw-a.example.com, DNS:gw-a, EC P-256" in lines(
        path_of(a_csr=request())
    )


def test_a_key_names_the_request_that_it_belongs_to() -> None:
    key = new_key()
    found = lines(path_of(a_csr=request(key=key), a_key=key.file_bytes(), b_key=new_key().file_bytes()))
    assert "  a.key: private key, EC P-256, the key of the request a.csr" in found
    assert "  b.key: private key, EC P-256, of none of these certificates" in found


def test_a_list_shows_its_dates_and_that_it_keeps_nobody_out() -> None:
    text = lines(path_of(crl_pem=revocation_list(12, revoked=3).pem(), ca_pem=CA.certificate.pem()))
    assert (
        "  crl.pem: revocation list of CN=the CA,O=Org, signed by [1]; of 2026-11-22, next update 2026-12-04 "
        "(12 days left); 3 revoked" in text
    )
    assert any("T12" in line and "change the CA" in line for line in text)


def test_a_list_without_its_issuer_says_so() -> None:
    text = "\n".join(lines(path_of(crl_pem=revocation_list(12).pem())))
    assert "its issuer's certificate is not in the files" in text


def test_what_cannot_be_read_is_said_beside_what_can() -> None:
    unread = {"b.pem": Unseen("/x/b.pem cannot be read: Permission denied", "ls -lL /x/b.pem")}
    local = LocalFiles("x", files={"a.pem": b"nonsense", "c.pem": GW_A.cert_pem}, unread=unread)
    text = lines(shown([local_bundle(local, at=NOW, guess=True)]))
    assert "  a.pem: it holds no -----BEGIN line" in text
    assert "  /x/b.pem cannot be read: Permission denied" in text
    assert "  └─ [1] CN=gw-a" in text


def test_nodes_that_serve_the_same_are_one_group_and_the_certificates_are_named_once() -> None:
    held = held_by_nodes(healthy(THREE, runs=SHARED))
    found = shown([*node_bundles(held, Source.DISK), *node_bundles(held, Source.SERVED)])
    assert [(group.places, group.source) for group in found.groups] == [
        (("gw-a", "gw-b", "gw-c"), "on disk"),
        (("gw-a", "gw-b", "gw-c"), "served"),
    ]
    assert [one.number for one in found.certificates] == [1]
    text = lines(found)
    assert text[0] == "on disk: gw-a, gw-b, gw-c"
    assert "  [1] CN=production" in text
    assert "      leaf, own root · Cluster_cert.pem, Cluster_cafile.pem · 365 days left" in text


def test_nodes_that_serve_otherwise_are_groups_of_their_own() -> None:
    runs = {member.name: OWN.sets[member.name] for member in THREE.members}
    held = held_by_nodes(healthy(THREE, runs=runs))
    groups = shown(tuple(node_bundles(held, Source.SERVED))).groups
    assert [group.places for group in groups] == [("gw-a",), ("gw-b",), ("gw-c",)]


def test_a_standby_is_in_no_group_of_the_served() -> None:
    held = held_by_nodes(healthy(WITH_PAIR, runs=SHARED))
    (group,) = shown(tuple(node_bundles(held, Source.SERVED))).groups
    assert "gw-d1" in group.places
    assert "gw-d2" not in group.places


def test_a_certificate_in_many_files_names_the_first_and_counts_the_others() -> None:
    text = lines(path_of(a_pem=GW_A.ca_pem, b_pem=GW_A.ca_pem, c_pem=GW_A.ca_pem))
    assert "      root · a.pem and 2 more files · 3650 days left" in text


def test_long_lines_can_be_folded_to_80_columns() -> None:
    found = path_of(crl_pem=revocation_list(12).pem(), ca_pem=CA.certificate.pem())
    folded = [part for line in lines(found) for part in fold(line, columns=80).split("\n")]
    assert max(map(len, folded)) <= 80


def test_a_name_that_would_steer_the_terminal_is_shown_plain() -> None:
    text = "\n".join(lines(path_of(a_pem=certificate("\x1b[2Jx", 10).pem())))
    assert "\x1b" not in text
    assert "CN=?[2Jx" in text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (824, "824 days left"),
        (1, "1 day left"),
        (0, "0 days left"),
        (-1, "EXPIRED"),
        (-2, "EXPIRED 1 day ago"),
        (-31, "EXPIRED 30 days ago"),
        (None, "does not end"),
    ],
)
def test_days_in_words(days: int | None, text: str) -> None:
    assert days_text(days) == text


def test_dates_are_marked_in_the_chain() -> None:
    ended, future = certificate("ended", -3), certificate("future", 100, begins=2)
    text = "\n".join(lines(path_of(a_pem=ended.pem(), b_pem=future.pem())))
    assert "leaf · a.pem · EXPIRED 2 days ago" in text
    assert "leaf · b.pem · NOT YET VALID" in text


@pytest.mark.parametrize(
    ("eku", "text"),
    [
        pytest.param((), "none (good)", id="none"),
        pytest.param(("clientAuth", "serverAuth"), "both serverAuth and clientAuth", id="both"),
        pytest.param(("serverAuth",), "serverAuth ALONE: refused", id="one"),
        pytest.param(("1.3.6.1.5.5.7.3.4", "clientAuth"), "ALONE: refused", id="one and another"),
        pytest.param(("1.2.3", "clientAuth", "serverAuth"), ", and 1.2.3", id="both and another"),
    ],
)
def test_one_usage_alone_is_marked(eku: tuple[str, ...], text: str) -> None:
    assert text in eku_text(eku)
    assert ("ALONE" in eku_text(eku)) is ("ALONE" in text)


def test_alternative_names_are_shown() -> None:
    subject = Subject("gw-a", alternative_names=("gw-a.example.com", "10.0.1.4"))
    recipe = Recipe(subject, NOW - DAY, NOW + DAY, usages=(ExtendedKeyUsageOID.SERVER_AUTH,))
    text = lines(path_of(a_pem=issue(recipe, new_key(), issuer=CA).pem()))
    assert "    names    DNS:gw-a.example.com, IP:10.0.1.4" in text
    assert any(line.startswith("    EKU      serverAuth ALONE") for line in text)


def test_a_path_with_the_files_of_a_set_is_judged_folder_by_folder() -> None:
    good = {f"gw-a/{name}": content for name, content in GW_A.files().items()}
    bad = {f"gw-b/{name}": content for name, content in GW_A.files().items() if name != CLUSTER.ca}
    assert [(f.name, f.where) for f in verdicts({**good, **bad}, at=NOW)] == [("ca-missing", "gw-b")]
    assert list(verdicts({"x.pem": GW_A.cert_pem}, at=NOW)) == []


def test_a_path_without_a_set_has_no_verdict() -> None:
    assert not any("verdict" in line for line in lines(path_of(a_pem=GW_A.cert_pem)))


def test_equal_groups_with_other_findings_stay_apart() -> None:
    one = local_bundle(LocalFiles("gw-a", CLUSTER, ("gw-a",), GW_A.files()), at=NOW)
    found = load({CLUSTER.cert: GW_A.cert_pem}, label="x", at=NOW)[1]
    assert found
    other = replace(one, place="gw-b", findings=found)
    assert [group.places for group in shown([one, other]).groups] == [("gw-a",), ("gw-b",)]
    assert [group.places for group in shown([one, replace(one, place="gw-b")]).groups] == [("gw-a", "gw-b")]
