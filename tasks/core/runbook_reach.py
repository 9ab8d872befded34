"""The manual ways to a node: its ssh command line, curl to its admin endpoint, openssl to its control port.

Endpoints are reached as the tool itself does it: through an ssh connection that listens on a socket file of
this machine, by a command on the node, or directly. A password is in a file of curl's, never in an argument.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.model import Cluster, ExecFiles, Node, Ssh, Via
from tasks.core.runbook_ground import Setting
from tasks.core.runbook_markdown import command, here, there

CA_ON_NODE = "amlen-admin-ca.pem"  # in the login's home, where curl runs on the node
_LIMIT = "10"  # seconds of one exchange


@dataclass(frozen=True, slots=True)
class Access:
    """What curl is told beside the address; nodes with the same one share a file."""

    user: str
    ca: str
    verify: bool
    secured: bool
    on_node: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """One node.

    Args:
        config: The file that holds what curl is told.
    """

    node: Node
    via: str
    control: tuple[str, int]
    config: str

    @property
    def ssh(self) -> tuple[str, ...]:
        return ssh_words(self.node)

    @property
    def acting(self) -> tuple[str, ...]:
        """What goes before a command that needs the server's files."""
        sudo = ("sudo", "-n") if self.node.ssh.sudo else ()
        by = self.node.files_by
        if not isinstance(by, ExecFiles):
            return sudo
        return (*sudo, by.container.engine, "exec", "-i", "--user", "0:0", by.container.name)

    def on(self, words: Iterable[str], end: str = "") -> tuple[str, ...]:
        """A command on the node, as the login."""
        return command((*self.ssh, *map(there, words)), end)

    def script(self, name: str, *args: object) -> tuple[str, ...]:
        """One of the scripts of this machine, run where the server's files are."""
        return self.on((*self.acting, "sh", "-s", "--", *map(str, args)), f"< {name}")

    def privileged(self, *words: str) -> tuple[str, ...]:
        """A command of the host, as root where the inventory says so."""
        return self.on((*(("sudo", "-n") if self.node.ssh.sudo else ()), *words))

    def rest(self, path: str, body: str = "") -> tuple[str, ...]:
        """One exchange with the admin endpoint; a body makes it a POST."""
        url = f"{self.node.admin.scheme}://{_bracketed(self.node.admin.host)}:{self.node.admin.port}/ima/v1/{path}"
        data = ("-d", body) if body else ()
        if self.via == Via.EXEC:
            return self.on(("curl", "-q", "-K", "-", *data, url), f"< {self.config}")
        socket = () if self.via == Via.DIRECT else ("--unix-socket", f"{self.node.name}.admin")
        return command(map(here, ("curl", "-q", "-K", self.config, *socket, *data, url)))

    def handshake(self) -> tuple[str, ...]:
        """With the control port, as far as the server lets one without a certificate come."""
        host, port = self.control
        where = ("-connect", f"{_bracketed(host)}:{port}")
        if self.via == Via.EXEC:
            return self.on(("timeout", _LIMIT, "openssl", "s_client", *where), "< /dev/null 2>/dev/null")
        where = where if self.via == Via.DIRECT else ("-unix", f"{self.node.name}.control")
        words = ("timeout", _LIMIT, "openssl", "s_client", *where)
        return command(map(here, words), "< /dev/null 2>/dev/null")

    def opened(self) -> tuple[str, ...]:
        """Its two ports as socket files here; nothing where that is not the way."""
        if self.via in (Via.EXEC, Via.DIRECT):
            return ()
        admin, (host, port) = self.node.admin, self.control
        ways = (
            "-L",
            f"./{self.node.name}.admin:{_bracketed(admin.host)}:{admin.port}",
            "-L",
            f"./{self.node.name}.control:{_bracketed(host)}:{port}",
        )
        kept = ("-fNM", "-S", f"{self.node.name}.ssh", "-o", "ExitOnForwardFailure=yes")
        first, *options, login = self.ssh
        tunnel = (*kept, "-o", "StreamLocalBindUnlink=yes", *ways)
        return command((first, *map(here, tunnel), *options, login))

    def closed(self) -> tuple[str, ...]:
        """The end of `opened`."""
        if self.via in (Via.EXEC, Via.DIRECT):
            return ()
        return command(map(here, ("ssh", "-S", f"{self.node.name}.ssh", "-O", "exit", self.node.host)))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def ssh_words(node: Node) -> tuple[str, ...]:
    """The command line that logs in to the node, quoted for this machine's shell."""
    ssh = node.ssh
    own, gateway = _options(ssh), ssh.gateway
    jump: tuple[str, ...] = ()
    if gateway and ssh.key_file is None and ssh.known_hosts is None:
        jump = ("-J", gateway)
    elif gateway:  # -J would not take these to the gateway
        jump = ("-o", f"ProxyCommand={_through(own, gateway.split(','), '[%h]:%p')}")
    port = ("-p", str(ssh.port)) if ssh.port else ()
    return tuple(map(here, ("ssh", *own, *jump, *port, _login(ssh.user, node.host))))


def _options(ssh: Ssh) -> tuple[str, ...]:
    found: list[str] = []
    if ssh.config:
        found += ["-F", str(ssh.config)]
    if ssh.key_file:
        found += ["-i", str(ssh.key_file)]
    if ssh.known_hosts:
        found += ["-o", f"UserKnownHostsFile={ssh.known_hosts}"]
    return (*found, *(() if ssh.agent else ("-o", "IdentityAgent=none")))


def _through(own: tuple[str, ...], hops: list[str], to: str) -> str:
    """A command that leads to `to` by way of the hops."""
    *before, hop = hops
    host, port = _hop(hop)
    proxy = ("-o", f"ProxyCommand={_through(own, before, f'{host}:{port or 22}')}") if before else ()
    words = shlex.join(("ssh", *own, *proxy, *(("-p", port) if port else ())))
    return f"{words.replace('%', '%%')} -W {to} {host}"


def _hop(text: str) -> tuple[str, str]:
    """[user@]host and the port; "" where none is said."""
    host, colon, port = text.rpartition(":")
    named = (host, port) if colon and port.isdecimal() else (text, "")
    return named[0].replace("[", "").replace("]", ""), named[1]


def _login(user: str | None, host: str) -> str:
    return f"{user}@{host}" if user else host


def access_of(node: Node, via: str) -> Access:
    admin = node.admin
    secured = admin.scheme == "https"
    ca = str(admin.ca) if admin.ca and secured else ""
    return Access(admin.user or "", ca, admin.verify or not secured, secured, via == Via.EXEC)


def access_files(setting: Setting) -> Mapping[str, Access]:
    """By file name, what is written into it."""
    found = dict.fromkeys(access_of(n, setting.ground(n).via) for n in setting.cluster.nodes)
    return {f"rest{f'-{number}' if number > 1 else ''}.conf": one for number, one in enumerate(found, 1)}


def reaches(setting: Setting) -> Mapping[str, Reach]:
    """By node name."""
    files = {one: name for name, one in access_files(setting).items()}
    return {
        node.name: Reach(
            node,
            via,
            setting.plan.addresses.get(node.name, (node.host, 9104)),
            files[access_of(node, via)],
        )
        for node in setting.cluster.nodes
        for via in (setting.ground(node).via or Via.TUNNEL,)
    }


def access_lines(name: str, one: Access) -> Iterator[str]:
    """Commands that write the file; a password is typed, and stands in no command."""
    ca = CA_ON_NODE if one.on_node else one.ca
    told = ["silent", "show-error", "globoff", 'noproxy = "*"', f"max-time = {_LIMIT}"]
    told.append('header = "Content-Type: application/json"')
    told += [f'cacert = "{ca}"'] if ca and one.verify else []
    told += [] if one.verify else ["insecure"]
    yield f"cat > {name} <<'END'"
    yield from told
    yield "END"
    if one.user:
        yield f"IFS= read -rsp {shlex.quote(f'password of {one.user}: ')} secret; echo"
        yield f"printf '%s:%s' {here(one.user)} \"$secret\" |"
        yield f'    sed \'s/[\\\\"]/\\\\&/g; s/.*/user = "&"/\' >> {name}; unset secret'


def reached(cluster: Cluster, by_name: Mapping[str, Reach]) -> Iterator[Reach]:
    """In the inventory's order."""
    return (by_name[node.name] for node in cluster.nodes)
