"""server.cfg is read by the real server's rules, quirks included."""

from __future__ import annotations

import pytest

from tasks.lab.config_file import parse


@pytest.mark.parametrize(
    ("text", "keystore", "truststore"),
    [
        pytest.param("KeyStore = /k\nTrustStore = /t\n", "/k", "/t", id="plain"),
        pytest.param("KeyStore=/k/\r\n", "/k", None, id="no spaces, a slash, CR"),
        pytest.param("KEYSTORE = /k\n", "/k", None, id="KeyStore in any case"),
        pytest.param("truststore = /t\n", None, None, id="TrustStore in exact case"),
        pytest.param(
            "TrustStore = /t\nTrustedCertificateDir = /d\n", None, "/t", id="TrustStore beats the other"
        ),
        pytest.param("TrustedCertificateDir = /d\n", None, "/d", id="TrustedCertificateDir alone"),
        pytest.param("KeyStore = /1\nKeyStore = /2\n", "/2", None, id="the last duplicate wins"),
        pytest.param("  # KeyStore = /1\n*KeyStore = /2\n", None, None, id="comments"),
        pytest.param('KeyStore = "/k"\n', '"/k"', None, id="a quote is part of the path"),
        pytest.param("KeyStore = /k # mine\n", "/k # mine", None, id="no inline comments"),
        pytest.param("KeyStore = /a=b c\n", "/a=b c", None, id="the first equals sign splits"),
    ],
)
def test_a_line_means_what_the_server_makes_of_it(
    text: str, keystore: str | None, truststore: str | None
) -> None:
    config = parse(text)
    assert (config.keystore, config.truststore) == (keystore, truststore)


@pytest.mark.parametrize(
    ("text", "policy"), [("", 1), ("Cluster.ControlTLSPolicy = 2", 2), ("Cluster.ControlTLSPolicy = x", 1)]
)
def test_the_control_channels_policy(text: str, policy: int) -> None:
    assert parse(text).control_tls_policy == policy
