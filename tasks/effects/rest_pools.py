"""Connections of requests and urllib3 over sockets that somebody else opens."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

Open = Callable[[], socket.socket]


class _Plain(HTTPConnection):
    def __init__(self, *args: Any, opened: Open, **others: Any) -> None:
        super().__init__(*args, **others)
        self._opened = opened

    def _new_conn(self) -> socket.socket:
        return self._opened()


class _Tls(HTTPSConnection):
    def __init__(self, *args: Any, opened: Open, **others: Any) -> None:
        super().__init__(*args, **others)
        self._opened = opened

    def _new_conn(self) -> socket.socket:
        return self._opened()


class PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls

    def _validate_conn(self, conn: Any) -> None:
        # urllib3 would warn here on each unverified connection; the run itself says so, once.
        if conn.is_closed:
            conn.connect()


class OnePool(HTTPAdapter):
    """requests' adapter with a single pool of a single connection, whose TLS is decided already."""

    def __init__(self, make: Callable[[], HTTPConnectionPool]) -> None:
        super().__init__(max_retries=0)
        self._make = make
        self._pool = make()

    def get_connection_with_tls_context(self, *args: Any, **others: Any) -> HTTPConnectionPool:
        return self._pool

    def cert_verify(self, *args: Any, **others: Any) -> None:
        """Nothing: the pool's own context verifies."""

    def renew(self) -> None:
        self._pool.close()
        self._pool = self._make()

    def close(self) -> None:
        self._pool.close()
        super().close()
