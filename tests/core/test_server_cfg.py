"""server.cfg: read as the real server reads it, edited without touching another byte."""

from __future__ import annotations

import string
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.server_cfg import diff, edit, file_bytes, file_sha256, parse

SHIPPED = """\
# Amlen server configuration
Name = server
KeyStore = /var/lib/amlen-server/data/certificates/keystore
TrustedCertificateDir = /var/lib/amlen-server/data/certificates/truststore
Cluster.ControlTLSPolicy = 1
"""
KEYSTORE = "/var/lib/amlen-server/data/certificates/keystore"


def read_by_model(text: str) -> tuple[str | None, str | None]:
    """The server's reader once more, character by character as its C code has it (main.c, ssl.c)."""
    properties: dict[str, str] = {}
    for line in text.split("\n"):
        key, rest = _token(line, " \t\r\n", "=\r\n")
        if key is None or key[:1] in ("", "#", "*"):
            continue
        value, _ = _token(rest, " =\t\r\n", "\r\n")
        key = key.rstrip(" \t")
        properties["KeyStore" if key.lower() == "keystore" else key] = (value or "").rstrip(" ")
    trust = properties.get("TrustStore", properties.get("TrustedCertificateDir"))
    return properties.get("KeyStore"), trust


def _token(text: str | None, leading: str, trailing: str) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    position = 0
    while position < len(text) and text[position] in leading:
        position += 1
    if position == len(text):
        return None, None
    start = position
    while position < len(text) and text[position] not in trailing:
        position += 1
    return text[start:position], text[position + 1 :] if position < len(text) else None


@pytest.mark.parametrize(
    ("text", "keystore"),
    [
        pytest.param(SHIPPED, KEYSTORE, id="as shipped"),
        pytest.param("KeyStore=/a", "/a", id="no blanks, no line end"),
        pytest.param("  KeyStore   =   /a  \n", "/a", id="blanks around"),
        pytest.param("KeyStore = /a/\n", "/a", id="trailing slash"),
        pytest.param("KeyStore = /a\r\n", "/a", id="CRLF"),
        pytest.param("keystore = /a\n", "/a", id="lower case"),
        pytest.param("KEYSTORE = /a\n", "/a", id="upper case"),
        pytest.param("KeyStore = /a\nKeyStore = /b\n", "/b", id="last duplicate"),
        pytest.param("KeyStore = /a\nkeystore = /b\n", "/b", id="last duplicate in another case"),
        pytest.param("KeyStore = /a b/c\n", "/a b/c", id="inner blank"),
        pytest.param("KeyStore = /a=b\n", "/a=b", id="a second ="),
        pytest.param('KeyStore = "/a"\n', '"/a"', id="quotes are part of it"),
        pytest.param("KeyStore = /a # here\n", "/a # here", id="a comment is part of it"),
        pytest.param("KeyStore = /ä\n", "/ä", id="not ASCII"),
        pytest.param("# KeyStore = /a\n", None, id="comment"),
        pytest.param("  * KeyStore = /a\n", None, id="star comment"),
        pytest.param("KeyStoreX = /a\n", None, id="another key"),
        pytest.param("\u212aeyStore = /a\n", None, id="a letter that only looks alike"),
        pytest.param("KeyStore =\n", None, id="empty value"),
        pytest.param("KeyStore\n", None, id="key alone"),
        pytest.param("", None, id="empty file"),
    ],
)
def test_the_keystore_is_the_one_that_the_server_takes(text: str, keystore: str | None) -> None:
    assert parse(text).keystore == (None if keystore is None else PurePosixPath(keystore))


@pytest.mark.parametrize(
    ("text", "truststore"),
    [
        pytest.param("TrustedCertificateDir = /a\n", "/a", id="shipped key"),
        pytest.param(
            "TrustStore = /b\nTrustedCertificateDir = /a\n", "/b", id="TrustStore beats it from above"
        ),
        pytest.param("TrustedCertificateDir = /a\nTrustStore = /b\n", "/b", id="and from below"),
        pytest.param("truststore = /b\nTrustedCertificateDir = /a\n", "/a", id="not in another case"),
        pytest.param("trustedcertificatedir = /a\n", None, id="nor this one"),
    ],
)
def test_the_truststore_is_the_one_that_the_server_takes(text: str, truststore: str | None) -> None:
    assert parse(text).truststore == (None if truststore is None else PurePosixPath(truststore))


@pytest.mark.parametrize(
    ("line", "policy"),
    [
        ("", 1),
        ("Cluster.ControlTLSPolicy = 2", 2),
        ("Cluster.ControlTLSPolicy=3", 3),
        ("Cluster.ControlTLSPolicy = x", 1),
    ],
)
def test_the_control_policy_is_read(line: str, policy: int) -> None:
    assert parse(line).control_tls_policy == policy


@pytest.mark.parametrize(
    ("line", "names"),
    [
        pytest.param("KeyStore = /a", [], id="good"),
        pytest.param("", ["cfg-keystore-missing"], id="missing"),
        pytest.param("KeyStore =", ["cfg-keystore-missing"], id="empty"),
        pytest.param("Keystroe = /a", ["cfg-keystore-missing"], id="misspelt"),
        pytest.param('KeyStore = "/a"', ["cfg-value-quoted"], id="quoted"),
        pytest.param("KeyStore = /a # mine", ["cfg-value-comment"], id="comment"),
        pytest.param("KeyStore = /a#b", [], id="a # inside a name"),
        pytest.param("KeyStore = /a\t", ["cfg-value-tab"], id="trailing tab"),
        pytest.param("KeyStore = certs", ["cfg-path-relative"], id="relative"),
        pytest.param("KeyStore = /a\ntruststore = /b", ["cfg-key-case"], id="unknown case"),
        pytest.param("KeyStore = /a\nCluster.ControlTLSPolicy = 9", ["cfg-policy-value"], id="policy"),
    ],
)
def test_suspicious_values_are_found_by_name(line: str, names: list[str]) -> None:
    cfg = parse(f"TrustedCertificateDir = /t\n{line}\n")
    assert [finding.name for finding in cfg.findings(where="gw-a:/server.cfg")] == names


def test_a_finding_names_node_line_and_remedy() -> None:
    (finding,) = parse('TrustStore = /t\nKeyStore = "/a"\n').findings(where="gw-b:/x/server.cfg")
    assert finding.where == "gw-b:/x/server.cfg"
    assert finding.problem.startswith('line 2: KeyStore = "/a": it is quoted')
    assert finding.remedy == "write the line as: KeyStore = /absolute/path"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SHIPPED, SHIPPED.replace(KEYSTORE, "/new"), id="as shipped"),
        pytest.param("KeyStore = /new\n", "KeyStore = /new\n", id="nothing to do"),
        pytest.param("KeyStore = /new/\n", "KeyStore = /new/\n", id="nothing but a slash"),
        pytest.param(
            "a=1\r\nKEYSTORE=/a \r\nb=2\r\n", "a=1\r\nKEYSTORE=/new \r\nb=2\r\n", id="CRLF, spelling, blanks"
        ),
        pytest.param(
            "KeyStore = /new\nKeyStore = /b\n", "KeyStore = /new\nKeyStore = /new\n", id="the line in effect"
        ),
        pytest.param('KeyStore = "/a" # x\n', "KeyStore = /new\n", id="quotes and comment go"),
        pytest.param("# KeyStore = /a\n", "# KeyStore = /a\nKeyStore = /new\n", id="missing"),
        pytest.param("a=1", "a=1\nKeyStore = /new\n", id="missing, no final line end"),
        pytest.param("a=1\r\n", "a=1\r\nKeyStore = /new\r\n", id="missing, CRLF"),
        pytest.param("", "KeyStore = /new\n", id="empty file"),
        pytest.param("KeyStore =  \r\nb=2\r\n", "KeyStore = /new\r\nb=2\r\n", id="empty value"),
        pytest.param("KeyStore\nb=2", "KeyStore = /new\nb=2", id="key alone"),
    ],
)
def test_an_edit_changes_the_line_in_effect_and_no_other_byte(before: str, after: str) -> None:
    assert edit(before, keystore="/new") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("TrustedCertificateDir = /a\n", "TrustedCertificateDir = /new\n", id="shipped key"),
        pytest.param(
            "TrustStore = /b\nTrustedCertificateDir = /a\n",
            "TrustStore = /new\nTrustedCertificateDir = /a\n",
            id="the one in effect",
        ),
        pytest.param(
            "truststore = /b\n", "truststore = /b\nTrustedCertificateDir = /new\n", id="unknown case"
        ),
    ],
)
def test_the_truststore_in_effect_is_edited(before: str, after: str) -> None:
    assert edit(before, truststore=PurePosixPath("/new")) == after


LINES = st.lists(
    st.one_of(
        st.builds(
            "{}{}{}{}{}".format,
            st.sampled_from(["", " ", "\t", "#", "* "]),
            st.sampled_from(
                ["KeyStore", "keystore", "TrustStore", "TrustedCertificateDir", "Name", "", "Key"]
            ),
            st.sampled_from(["=", " = ", "\t=", "==", " ", "\r="]),
            st.text('/ab c#"=\t', max_size=8),
            st.sampled_from(["", " ", "\r", " \r"]),
        ),
        st.text(string.printable.replace("\n", "") + "äß\udc80", max_size=12),
    ),
    max_size=6,
).map("\n".join)
PATHS = st.text("ab c=#ä", max_size=6).map(lambda text: f"/x{text}y")


@given(LINES)
def test_reading_is_what_the_model_of_the_servers_code_reads(text: str) -> None:
    cfg = parse(text)
    expected = tuple(PurePosixPath(value) if value else None for value in read_by_model(text))
    assert (cfg.keystore, cfg.truststore) == expected


@given(LINES, PATHS, PATHS)
def test_what_was_asked_for_is_what_the_server_then_reads(text: str, keystore: str, truststore: str) -> None:
    edited = edit(text, keystore=keystore, truststore=truststore)
    assert tuple(PurePosixPath(value or "") for value in read_by_model(edited)) == (
        PurePosixPath(keystore),
        PurePosixPath(truststore),
    )
    assert edit(edited, keystore=keystore, truststore=truststore) == edited


@given(LINES, PATHS)
def test_an_edit_touches_one_line_at_most(text: str, keystore: str) -> None:
    before, after = text.split("\n"), edit(text, keystore=keystore).split("\n")
    if len(before) == len(after):
        assert sum(old != new for old, new in zip(before, after, strict=True)) <= 1
    else:
        untouched = before[:-1] if before[-1] == "" else before
        assert [line.rstrip("\r") for line in after[: len(untouched)]] == [x.rstrip("\r") for x in untouched]


@given(st.binary(max_size=60))
def test_every_byte_survives(data: bytes) -> None:
    assert file_bytes(parse(data).text) == data


@pytest.mark.parametrize("path", ["relative", "", "/a\n/b", "/a\r", "/a "])
def test_a_path_that_the_file_cannot_hold_is_our_bug(path: str) -> None:
    with pytest.raises(ValueError, match=r"not an absolute path that server\.cfg can hold"):
        edit(SHIPPED, keystore=path)


def test_the_difference_shows_the_changed_line_only() -> None:
    changed = diff(SHIPPED, edit(SHIPPED, keystore="/new")).splitlines()
    assert changed[:2] == ["--- server.cfg", "+++ server.cfg (planned)"]
    assert [line for line in changed[2:] if line[0] in "+-"] == [
        f"-KeyStore = {KEYSTORE}",
        "+KeyStore = /new",
    ]
    assert diff(SHIPPED, SHIPPED) == ""


def test_the_difference_can_be_printed_whatever_the_encoding() -> None:
    text = parse(b"# caf\xe9\nKeyStore = /a\n").text
    assert "caf\N{REPLACEMENT CHARACTER}" in diff(text, edit(text, keystore="/b"))


def test_the_hash_is_that_of_the_files_bytes() -> None:
    assert file_sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert file_sha256(parse(b"\xe9").text) != file_sha256("é")


def test_a_line_that_the_server_takes_for_two_is_found() -> None:
    """Its buffer has room for 4095 bytes: what is behind them may name another keystore."""
    good = f"{SHIPPED}# {'x' * 4093}\nTrustStore = /t\n"
    assert parse(good).findings(where="gw-a:/server.cfg") == ()
    (found,) = parse(good.replace("# x", "# xx")).findings(where="gw-a:/server.cfg")
    assert (found.name, found.problem[:7]) == ("cfg-line-too-long", "line 6 ")
