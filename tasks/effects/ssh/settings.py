"""Where a node is and how to log in there: the inventory first, then ssh_config, then OpenSSH's defaults."""

from __future__ import annotations

import getpass
import glob
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import paramiko

from tasks.core.dataclass import dataclass
from tasks.core.errors import RemoteError
from tasks.core.model import Node, SecretRef
from tasks.effects.ssh.known_hosts import HostName

_SYSTEM = Path("/etc/ssh")
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_KEEPALIVE_S = 15
_MOST_HOPS = 8


@dataclass(frozen=True, slots=True)
class Target:
    """One SSH server, resolved; equal targets share a connection."""

    host: str
    port: int
    user: str
    key_files: tuple[Path, ...]
    agent: bool
    identities_only: bool
    password: SecretRef | None
    passphrase: SecretRef | None
    known_hosts: tuple[Path, ...]
    host_key_alias: str | None
    via: Target | None
    connect_s: float  # TCP, banner, key exchange, authentication and channel open, each
    keepalive_s: int

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"

    @property
    def place(self) -> HostName:
        """What known_hosts calls it."""
        gateway = self.via.ssh_command if self.via else None
        return HostName(self.host, self.port, self.host_key_alias, gateway)

    @property
    def ssh_command(self) -> str:
        """What an operator would type to get there."""
        jumps = f" -J {shlex.quote(','.join(self._hops()))}" if self.via else ""
        return f"ssh{jumps} -p {self.port} {shlex.quote(f'{self.user}@{self.host}')}"

    def _hops(self) -> tuple[str, ...]:
        return (*self.via._hops(), str(self.via)) if self.via else ()


def read_config(path: Path | None) -> paramiko.SSHConfig:
    """The given file, or the user's and then the system's, as OpenSSH would; `Include` is followed.

    Raises:
        RemoteError: The file named in the inventory is missing, or one cannot be parsed.
    """
    config = paramiko.SSHConfig()
    files = (path,) if path else (_home() / "config", _SYSTEM / "ssh_config")
    for file in files:
        try:
            config.parse(_expanded(file, base=_SYSTEM if file.parent == _SYSTEM else _home()))
        except FileNotFoundError as error:
            if path:
                raise _bad_config(file, "it does not exist") from error
        except (OSError, ValueError, RuntimeError, paramiko.SSHException) as error:
            raise _bad_config(file, str(error)) from error
    return config


def _bad_config(path: Path, why: str) -> RemoteError:
    return RemoteError(
        f"SSH configuration {path} cannot be used: {why}",
        remedy=f"see ssh -F {shlex.quote(str(path))} -G HOST; or correct ssh.config in the inventory",
    )


def _home() -> Path:
    return Path("~/.ssh").expanduser()


def _expanded(path: Path, *, base: Path) -> list[str]:
    """The file's lines with those of included files in place: paramiko passes `Include` over."""
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        include = re.match(r"\s*include[\s=]+(.+)", line, re.IGNORECASE)
        if include is None:
            lines.append(line)
            continue
        for pattern in shlex.split(include[1]):
            for name in sorted(glob.glob(str(base / Path(pattern).expanduser()))):
                lines += _expanded(Path(name), base=base)
    return lines


def resolve(node: Node, config: paramiko.SSHConfig) -> Target:
    """The node's server and the hops before it.

    Raises:
        RemoteError: The configuration asks for what is not supported, or hops in a circle.
    """
    try:
        return _Resolver(node, config).node_target()
    except (
        ValueError,
        RuntimeError,
        paramiko.SSHException,
    ) as error:  # quotes, ~nobody, names without address
        raise RemoteError(
            f"SSH configuration for {node.host} cannot be used: {error}",
            remedy=f"see ssh -G {shlex.quote(node.host)}; correct the SSH configuration",
        ) from error


@dataclass(frozen=True, slots=True)
class _Hop:
    user: str | None
    host: str
    port: int | None


def _hops(text: str) -> tuple[_Hop, ...]:
    """`[user@]host[:port]`, comma-separated; IPv6 in brackets."""
    hops = []
    for part in text.removeprefix("ssh://").split(","):
        found = re.fullmatch(r"(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:@\s]+))(?::(\d+))?", part.strip())
        if found is None:
            raise RemoteError(
                f"gateway {part.strip()!r} is not of the form [user@]host[:port]",
                remedy="correct ssh.gateway in the inventory, or ProxyJump in the SSH configuration",
            )
        hops.append(_Hop(found[1], found[2] or found[3], int(found[4]) if found[4] else None))
    return tuple(hops)


@dataclass(frozen=True, slots=True)
class _Resolver:
    node: Node
    config: paramiko.SSHConfig

    def node_target(self) -> Target:
        ssh = self.node.ssh
        options = self.config.lookup(self.node.host)
        own = _Hop(ssh.user, self.node.host, ssh.port)
        keys = (ssh.key_file,) if ssh.key_file else _identities(options)
        hops = _hops(ssh.gateway) if ssh.gateway else _jumps(options, own)
        return self._target(own, options, keys=keys, via=self._chain(hops, depth=0))

    def _chain(self, hops: tuple[_Hop, ...], *, depth: int) -> Target | None:
        if not hops:
            return None
        if depth > _MOST_HOPS:
            raise RemoteError(
                f"more than {_MOST_HOPS} gateways before {self.node.host}: a circle?",
                remedy="see ProxyJump in the SSH configuration: ssh -G HOST",
            )
        last = hops[-1]
        options = self.config.lookup(last.host)
        before = hops[:-1] or _jumps(options, last)
        configured = tuple(_paths(options.get("identityfile", ())))
        own = (self.node.ssh.key_file,) if self.node.ssh.key_file else ()
        keys = tuple(dict.fromkeys(configured + own)) or _default_keys()
        return self._target(last, options, keys=keys, via=self._chain(before, depth=depth + 1))

    def _target(
        self, hop: _Hop, options: paramiko.SSHConfigDict, *, keys: tuple[Path, ...], via: Target | None
    ) -> Target:
        ssh = self.node.ssh
        return Target(
            host=options.get("hostname", hop.host),
            port=hop.port or _number(options, "port", default=22),
            user=hop.user or options.get("user") or ssh.user or getpass.getuser(),
            key_files=keys,
            agent=ssh.agent and options.get("identityagent", "") != "none",
            identities_only=options.get("identitiesonly", "no") == "yes",
            password=ssh.password,
            passphrase=ssh.passphrase,
            known_hosts=(ssh.known_hosts,) if ssh.known_hosts else _known_hosts(options),
            host_key_alias=options.get("hostkeyalias"),
            via=via,
            connect_s=self.node.limits.connect_s,
            keepalive_s=_number(options, "serveraliveinterval", default=0) or _KEEPALIVE_S,
        )


def _jumps(options: paramiko.SSHConfigDict, hop: _Hop) -> tuple[_Hop, ...]:
    jump = options.get("proxyjump", "none")
    if jump.lower() == "none":
        if options.get("proxycommand"):
            raise RemoteError(
                f"SSH configuration of {hop.host} has a ProxyCommand, which is not supported",
                remedy="use ProxyJump there, or ssh.gateway in the inventory",
            )
        return ()
    hops = _hops(jump)
    # `Host *` with ProxyJump covers the gateway as well: no hop through itself.
    return () if any(other.host == hop.host for other in hops) else hops


def _number(options: paramiko.SSHConfigDict, key: str, *, default: int) -> int:
    value = str(options.get(key, default))
    if not value.isdigit():
        raise RemoteError(f"SSH configuration: {key} is {value!r}, not a number", remedy="ssh -G HOST")
    return int(value)


def _identities(options: paramiko.SSHConfigDict) -> tuple[Path, ...]:
    return _paths(options.get("identityfile", ())) or _default_keys()


def _default_keys() -> tuple[Path, ...]:
    return tuple(path for path in (_home() / name for name in _DEFAULT_KEYS) if path.is_file())


def _paths(names: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(name).expanduser() for name in names if name.lower() != "none")


def _known_hosts(options: paramiko.SSHConfigDict) -> tuple[Path, ...]:
    home, system = _home(), _SYSTEM
    user = options.get("userknownhostsfile", f"{home}/known_hosts {home}/known_hosts2")
    every = options.get("globalknownhostsfile", f"{system}/ssh_known_hosts {system}/ssh_known_hosts2")
    names = [name.replace("%d", str(home.parent)) for name in shlex.split(user) + shlex.split(every)]
    return _paths(names)
