"""Whom the REST client trusts."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from tasks.core.model import Admin, Via
from tasks.effects.rest import (
    RestGarbage,
    RestNotTrusted,
    RestTimeout,
)
from tests.effects.asking import EVERY_WAY, REPLIES, SHORT, asking, plain
from tests.effects.rest_server import Script, serving, talking


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def secured(port: int, via: Via, ca: Path | None) -> Admin:
    return Admin(host="127.0.0.1", port=port, scheme="https", ca=ca, via=via)


@EVERY_WAY
def test_a_certificate_under_the_ca_of_the_inventory_is_trusted(
    via: Via, authority: trustme.CA, ca_file: Path
) -> None:
    with (
        serving(Script(REPLIES), context=server_context(authority, "127.0.0.1")) as port,
        asking(secured(port, via, ca_file)) as (api, remote),
    ):
        assert api.status().server.state == 1
        assert not api.unverified
    assert not [argv for argv in remote.ran if "-k" in argv[-1].split()]


@EVERY_WAY
def test_a_certificate_under_another_ca_is_not(via: Via, ca_file: Path) -> None:
    with (
        serving(Script(REPLIES), context=server_context(trustme.CA(), "127.0.0.1")) as port,
        asking(secured(port, via, ca_file)) as (api, _),
        pytest.raises(RestNotTrusted, match=r"not trusted by .*ca\.pem") as caught,
    ):
        api.status()
    assert "admin.ca" in caught.value.remedy


@EVERY_WAY
def test_the_system_does_not_trust_a_private_ca(via: Via, authority: trustme.CA) -> None:
    with (
        serving(Script(REPLIES), context=server_context(authority, "127.0.0.1")) as port,
        asking(secured(port, via, None)) as (api, _),
        pytest.raises(RestNotTrusted, match="not trusted by the system's trust store"),
    ):
        api.status()


@EVERY_WAY
def test_a_certificate_for_another_host_is_not_trusted(
    via: Via, authority: trustme.CA, ca_file: Path
) -> None:
    with (
        serving(Script(REPLIES), context=server_context(authority, "127.0.0.2")) as port,
        asking(secured(port, via, ca_file)) as (api, _),
        pytest.raises(RestNotTrusted, match=r"127\.0\.0\.1"),
    ):
        api.status()


@EVERY_WAY
def test_without_verification_any_certificate_will_do_and_it_is_known(
    via: Via, authority: trustme.CA
) -> None:
    with serving(Script(REPLIES), context=server_context(authority, "127.0.0.2")) as port:
        # The inventory's `verify: false` is what is tested: the certificate is for another host.
        admin = replace(secured(port, via, None), verify=False)
        with asking(admin) as (api, _):
            assert api.status().server.state == 1
            assert api.unverified


@EVERY_WAY
def test_a_server_that_dies_in_the_tls_handshake_may_be_on_its_way_down(via: Via, ca_file: Path) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(65536)

    with (
        talking(talk) as port,
        asking(secured(port, via, ca_file)) as (api, _),
        pytest.raises(RestGarbage, match=r"no HTTP answer: the connection was closed \(") as caught,
    ):
        api.status()
    assert "stop or restart" in caught.value.remedy


@EVERY_WAY
def test_https_at_a_plain_port_names_the_scheme(via: Via, ca_file: Path) -> None:
    with (
        serving(Script(REPLIES)) as port,
        asking(secured(port, via, ca_file)) as (api, _),
        pytest.raises(RestGarbage, match="speaks plain HTTP, asked by https") as caught,
    ):
        api.status()
    assert "admin.scheme: http " in caught.value.remedy


@EVERY_WAY
def test_http_at_a_tls_port_that_hangs_up_names_the_scheme_as_a_possibility(
    via: Via, authority: trustme.CA
) -> None:
    with (
        serving(Script(REPLIES), context=server_context(authority, "127.0.0.1")) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match="no HTTP answer") as caught,
    ):
        api.status()
    assert "admin.scheme: https?" in caught.value.remedy


@pytest.mark.parametrize("via", [Via.TUNNEL, Via.DIRECT])
def test_http_at_a_tls_port_that_sends_an_alert_names_the_scheme(via: Via) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(65536)
        one.sendall(b"\x15\x03\x01\x00\x02\x02\x46")

    with (
        talking(talk) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match="speaks TLS, asked by http") as caught,
    ):
        api.status()
    assert "admin.scheme: https " in caught.value.remedy


@EVERY_WAY
@pytest.mark.parametrize(
    "content", [None, "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_ca_file_that_cannot_be_used_is_named(via: Via, content: str | None, tmp_path: Path) -> None:
    ca = tmp_path / "admin-ca.pem"
    if content:
        ca.write_text(content)
    with (
        serving(Script(REPLIES), context=server_context(trustme.CA(), "127.0.0.1")) as port,
        asking(secured(port, via, ca)) as (api, _),
        pytest.raises(RestNotTrusted, match=r"admin-ca\.pem"),
    ):
        api.status()


@EVERY_WAY
def test_a_tls_handshake_that_never_ends_is_a_timeout(via: Via, ca_file: Path) -> None:
    def talk(one: socket.socket) -> None:
        one.settimeout(2)
        one.recv(1)
        one.recv(100_000)
        one.recv(1)

    with (
        talking(talk) as port,
        asking(secured(port, via, ca_file), limits=SHORT) as (api, _),
        pytest.raises(RestTimeout, match="within 1 s"),
    ):
        api.status()
