"""server.cfg, whatever is in it: what was asked for is what the server then reads, and no other byte moves."""

from __future__ import annotations

import random
from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from tasks.core.server_cfg import Entry, ServerCfg, diff, edit, file_bytes, parse
from tests.properties import cfg_model
from tests.properties.mutation import few, hold, tried
from tests.properties.presentable import harmful

SHIPPED = b"""\
# Amlen server configuration
Name = server
KeyStore = /var/lib/amlen-server/data/certificates/keystore
TrustedCertificateDir = /var/lib/amlen-server/data/certificates/truststore
Cluster.ControlTLSPolicy = 1
"""
CORPUS = (
    SHIPPED,
    SHIPPED.replace(b"\n", b"\r\n"),
    SHIPPED.replace(b"server configuration", b"caf\xe9 \xff\xfe").rstrip(b"\n"),
    b"KEYSTORE=/a\nkeystore = /b \n* KeyStore = /c\nTrustStore = /t/\nTrustedCertificateDir=/u\n",
    b'KeyStore = "/a" # mine\r\nTrustedCertificateDir = /t\t\n\nKeyStore\n',
    b"Admin.Port = 9089\rKeyStore = /hidden\n  KeyStore == /a=b\nTrustStore\r= /t\n",
    b"",
)
KEYS = (
    b"KeyStore",
    b"keystore",
    b"KEYSTORE",
    b"TrustStore",
    b"truststore",
    b"TrustedCertificateDir",
    b"Cluster.ControlTLSPolicy",
    b"Name",
    b"",
)
PIECES = (
    *KEYS,
    b" = ",
    b"=",
    b"\n#",
    b"\n* ",
    b"\r",
    b"\t",
    b"/a b/",
    b"/\xe9/",
    b"\0",
    b"\nKeyStore = /x\n",
)
PATHS = ("/srv/amlen/keystore", "/a b/c", "/x=y", "/#/k", "/sch\u00fcssel", "/v\udce9/k", "/")


def asked_of(cfg: ServerCfg, content: bytes) -> None:
    """Reading is what the server does."""
    model = cfg_model.read(content)
    assert cfg.keystore == as_path(model.keystore)
    assert cfg.truststore == as_path(model.truststore)
    assert cfg.control_tls_policy == {b"2": 2, b"3": 3}.get(model.policy or b"", 1)


def as_path(value: bytes | None) -> PurePosixPath | None:
    return PurePosixPath(value.decode("utf-8", "surrogateescape")) if value else None


def survives(before: bytes, after: bytes, entry: Entry | None) -> None:
    """Of the text before nothing is changed but one line's value; or a line was added at the end."""
    if before == after:
        return
    old, new = before.split(b"\n"), after.split(b"\n")
    if entry is None:
        assert after.startswith(before)
        assert len(new) - len(old) == (1 if before.endswith(b"\n") or not before else 2)
        assert after.endswith(b"\r\n") == (before.count(b"\n") > 0 and old[-2].endswith(b"\r"))
        return
    assert len(old) == len(new)
    assert [n for n, lines in enumerate(zip(old, new, strict=True)) if lines[0] != lines[1]] == [entry.line]
    assert old[entry.line].endswith(b"\r") == new[entry.line].endswith(b"\r")


def too_long(content: bytes) -> bool:
    return any(len(line) > cfg_model.LONGEST_LINE for line in content.split(b"\n"))


def holds(content: bytes, *, keystore: str | None, truststore: str | None) -> None:
    """Everything that is promised of one file and one wish."""
    cfg = parse(content)
    assert file_bytes(cfg.text) == content
    if too_long(content):
        assert "cfg-line-too-long" in {finding.name for finding in cfg.findings(where="gw-a:/server.cfg")}
        return
    asked_of(cfg, content)
    edited = edit(cfg.text, keystore=keystore, truststore=truststore)
    after = file_bytes(edited)
    model = cfg_model.read(after)
    if keystore is not None:
        assert as_path(model.keystore) == PurePosixPath(keystore)
    if truststore is not None:
        assert as_path(model.truststore) == PurePosixPath(truststore)
    if keystore is None or truststore is None:
        survives(content, after, cfg.truststore_entry if keystore is None else cfg.keystore_entry)
    assert edit(edited, keystore=keystore, truststore=truststore) == edited
    assert not any("\ud800" <= c <= "\udfff" for c in diff(cfg.text, edited))


lines = st.one_of(
    st.builds(
        lambda *parts: b"".join(parts),
        st.sampled_from((b"", b" ", b"\t", b"#", b" * ", b"\r")),
        st.sampled_from(KEYS),
        st.sampled_from((b"=", b" = ", b"\t= ", b"==", b" ", b"\r=", b"")),
        st.binary(max_size=6) | st.sampled_from((b"/a", b"/a b/", b'"/a"', b"/a # b", b"/\xe9")),
        st.sampled_from((b"", b" ", b"\t", b"\r", b" \r")),
    ).map(lambda line: line.replace(b"\n", b"")),
    st.binary(max_size=10).map(lambda line: line.replace(b"\n", b"")),
)
files = st.lists(lines, max_size=6).map(b"\n".join)
words = st.none() | st.sampled_from(PATHS) | st.text("ab c=#\u00e9/", max_size=6).map(lambda x: f"/x{x}y")


@few(150)
@given(files, words, words)
def test_an_edited_file_says_to_the_server_what_was_asked(
    content: bytes, keystore: str | None, truststore: str | None
) -> None:
    tried["server.cfg, put together"] += 1
    holds(content, keystore=keystore, truststore=truststore)


def test_a_mutated_file_is_read_as_the_server_does_and_edited_without_another_change() -> None:
    chance = random.Random(0)

    def check(content: bytes) -> None:
        keystore, truststore = (chance.choice((None, *PATHS)) for _ in range(2))
        holds(content, keystore=keystore, truststore=truststore)

    hold("server.cfg, mutated", CORPUS, check, few=400, pieces=PIECES)


def test_no_file_makes_the_findings_fail() -> None:
    def check(content: bytes) -> None:
        for finding in parse(content).findings(where="gw-a:/server.cfg"):
            assert finding.remedy
            assert not harmful(finding.name)

    hold("server.cfg, findings", CORPUS, check, few=150, pieces=PIECES)


def test_the_model_tells_a_wrong_edit_from_a_right_one() -> None:
    """The control: an edit of the first of two lines is not what the server then reads."""
    text = "KeyStore = /a\nKeyStore = /b\n"
    assert cfg_model.read(text.replace("/a", "/new").encode()).keystore == b"/b"
    assert cfg_model.read(edit(text, keystore="/new").encode()).keystore == b"/new"
