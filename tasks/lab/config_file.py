"""server.cfg as the real server reads it, quirks included."""

from __future__ import annotations

from pathlib import Path

from tasks.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What a process start takes from server.cfg. A directory is None where no key names it."""

    keystore: str | None
    truststore: str | None
    control_tls_policy: int = 1  # 1 always, 2 off, 3 follow MessagingUseTLS


def parse(text: str) -> ServerConfig:
    """Read `Key = value` lines: no quotes, no inline comments, the last duplicate wins."""
    pairs = [pair for line in text.splitlines() if (pair := _split(line)) is not None]
    exact = dict(pairs)
    keystore = next((value for key, value in reversed(pairs) if key.lower() == "keystore"), None)
    truststore = exact.get("TrustStore", exact.get("TrustedCertificateDir"))
    policy = exact.get("Cluster.ControlTLSPolicy", "1")
    return ServerConfig(
        keystore=_directory(keystore),
        truststore=_directory(truststore),
        control_tls_policy=int(policy) if policy in {"1", "2", "3"} else 1,
    )


def read(path: Path) -> ServerConfig:
    """The file's content; a file that cannot be read is an empty one."""
    try:
        return parse(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return parse("")


def _split(line: str) -> tuple[str, str] | None:
    line = line.strip()
    key, equals, value = line.partition("=")
    if not equals or line.startswith(("#", "*")):
        return None
    return key.strip(), value.strip()


def _directory(value: str | None) -> str | None:
    return None if value is None else value.rstrip("/")
