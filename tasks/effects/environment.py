"""Where the tool runs and with what: what a report says of it. No secrets."""

from __future__ import annotations

import platform
import ssl
from importlib.metadata import PackageNotFoundError, version

from OpenSSL import SSL

from tasks.core.tool import VERSION
from tasks.effects.lock import operator

_PACKAGES = ("fabric", "paramiko", "cryptography", "pyOpenSSL")


def environment() -> dict[str, str]:
    """Name -> version, of what can change how a run goes; who runs it, and on which machine."""
    return {
        "operator": operator(),
        "system": platform.platform(),
        "tool": VERSION,
        "Python": platform.python_version(),
        "OpenSSL": f"{SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()}; of Python itself: {ssl.OPENSSL_VERSION}",
        **{name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # bundled without its metadata
        return "unknown"
