"""What the tests of the REST client share: a healthy answer, and a client for a port of this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tasks.core.model import Admin, EnvSecret, Limits, SecretRef, Via
from tasks.core.secret import SecretStr
from tasks.effects.admin import AdminApi
from tests.effects.local_remote import LocalRemote, node
from tests.effects.rest_server import Reply

STATUS = {
    "Server": {
        "Name": "h1:9089",
        "UID": "UC0Xbpkw",
        "State": 1,
        "ServerTime": "2026-11-22T20:43:43.192Z",
        "UpTimeSeconds": 114,
        "ErrorCode": 0,
    },
    "HighAvailability": {"Status": "Inactive", "Enabled": False},
    "Cluster": {"Status": "Active", "Enabled": True, "ConnectedServers": 2, "DisconnectedServers": 0},
}
GET_STATUS = "GET service/status"
REPLIES: dict[str, Reply] = {GET_STATUS: (200, json.dumps(STATUS).encode())}
PASSWORD = "pä\"\\ss' $HOME `id` #%\t:x"
EVERY_WAY = pytest.mark.parametrize("via", [Via.TUNNEL, Via.EXEC, Via.DIRECT])
SHORT = Limits(rest_s=1)


def reveal(ref: SecretRef) -> SecretStr:
    assert ref == EnvSecret("IMA_PASSWORD")
    return SecretStr(PASSWORD)


@contextmanager
def asking(admin: Admin, *, limits: Limits | None = None) -> Iterator[tuple[AdminApi, LocalRemote]]:
    remote = LocalRemote(node(admin, limits=limits))
    api = AdminApi(remote, secrets=reveal)
    try:
        yield api, remote
    finally:
        api.close()


def plain(port: int, via: Via = Via.TUNNEL) -> Admin:
    return Admin(host="127.0.0.1", port=port, scheme="http", via=via)
