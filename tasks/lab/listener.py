"""A listening socket whose connections are each served by a thread of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Serve = Callable[[socket.socket], None]


class Listener:
    """Listens from the start of its life until `close`."""

    def __init__(self, address: str, port: int, *, serve: Serve, name: str) -> None:
        self._sock = socket.create_server((address, port), backlog=64)
        self._serve = serve
        self._name = name
        threading.Thread(target=self._accept, name=name, daemon=True).start()

    def close(self) -> None:
        """Refuse from now on; connections that were accepted stay."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), name=self._name, daemon=True).start()
