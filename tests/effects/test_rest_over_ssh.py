"""REST exchanges and TLS probes through a real sshd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from tasks.core.errors import ForwardingRefused, RemoteError
from tasks.core.model import Admin, EnvSecret, Limits, Via
from tasks.effects.admin import AdminApi
from tasks.effects.remote import Remote
from tasks.effects.rest import RestNotTrusted, RestTimeout, basic
from tasks.effects.wire import probe
from tests.effects.asking import PASSWORD, REPLIES, reveal
from tests.effects.local_remote import closed_port
from tests.effects.rest_server import Script, serving
from tests.effects.ssh.ground import Ground
from tests.effects.test_rest_tls import server_context


@contextmanager
def through_ssh(
    directory: Path, admin: Admin, *, forwarding: bool = True, rest_s: float = 5
) -> Iterator[tuple[AdminApi, Remote]]:
    with ExitStack() as stack:
        ground = Ground(directory, stack)
        node = ground.node(ground.sshd(forwarding=forwarding))
        limits = Limits(rest_s=rest_s, command_s=10)
        remote = ground.connections.remote(replace(node, admin=admin, limits=limits))
        api = AdminApi(remote, secrets=reveal)
        stack.callback(api.close)
        yield api, remote


def secured(port: int, ca: Path) -> Admin:
    user, password = "ops", EnvSecret("IMA_PASSWORD")
    return Admin("127.0.0.1", port=port, scheme="https", user=user, password=password, ca=ca, via=Via.AUTO)


@pytest.mark.parametrize(("forwarding", "via"), [(True, Via.TUNNEL), (False, Via.EXEC)])
def test_verified_https_with_a_password_and_a_probe_go_through(
    forwarding: bool, via: Via, tmp_path: Path
) -> None:
    script, authority, ca = Script(REPLIES), trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with (
        serving(script, context=server_context(authority, "127.0.0.1")) as port,
        through_ssh(tmp_path, secured(port, ca), forwarding=forwarding) as (api, remote),
    ):
        for _ in range(3):
            assert api.status().server.state == 1
        assert api.via is via
        assert probe(remote, "127.0.0.1", port, via=Via.AUTO, limit_s=5).protocol == "TLSv1.3"
    assert script.authorizations == [basic("ops", PASSWORD)] * 3


@pytest.mark.parametrize("forwarding", [True, False])
def test_a_stranger_behind_ssh_is_not_trusted(forwarding: bool, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))
    with (
        serving(Script(REPLIES), context=server_context(trustme.CA(), "127.0.0.1")) as port,
        through_ssh(tmp_path, secured(port, ca), forwarding=forwarding) as (api, _),
        pytest.raises(RestNotTrusted, match="not trusted by"),
    ):
        api.status()


@pytest.mark.parametrize("forwarding", [True, False])
def test_an_answer_that_drips_through_ssh_ends_at_the_limit(forwarding: bool, tmp_path: Path) -> None:
    script = Script({}, drip=b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    with serving(script) as port:
        admin = Admin("127.0.0.1", port=port, scheme="http")
        with (
            through_ssh(tmp_path, admin, forwarding=forwarding, rest_s=1) as (api, _),
            pytest.raises(RestTimeout, match="within 1 s"),
        ):
            api.status()


@pytest.mark.parametrize("forwarding", [True, False])
def test_a_closed_port_behind_ssh_says_so(forwarding: bool, tmp_path: Path) -> None:
    admin = Admin("127.0.0.1", port=closed_port(), scheme="http")
    with (
        through_ssh(tmp_path, admin, forwarding=forwarding) as (api, _),
        pytest.raises(RemoteError, match=r"onnection refused|nothing listens"),
    ):
        api.status()


def test_a_tunnel_that_the_inventory_demands_is_not_replaced(tmp_path: Path) -> None:
    admin = Admin("127.0.0.1", port=closed_port(), scheme="http", via=Via.TUNNEL)
    with (
        through_ssh(tmp_path, admin, forwarding=False) as (api, _),
        pytest.raises(ForwardingRefused, match="forbids port forwarding"),
    ):
        api.status()
