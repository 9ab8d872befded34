"""What a user would take instead, and how it is told to do the same on the same nodes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from tasks.lab.accounts import login_user
from tests.bench.clocking import Contestant
from tests.bench.nodes import FILES, PROJECT, BenchSite

AT_ONCE = 16  # connections; as many as our own pool has workers
FAB = Path(sys.executable).with_name("fab")
VENV = PROJECT / ".bench-venv"
PACKAGES = ("ansible-core", "pyinfra", "parallel-ssh")

_PSSH = """\
import sys
from pssh.clients import ParallelSSHClient

key, user, port, *words = sys.argv[1:]
commands = dict(line.rstrip("\\n").split(" ", 1) for line in sys.stdin)
client = ParallelSSHClient(
    list(commands), user=user, port=int(port), pkey=key, pool_size={at_once}, allow_agent=False
)
output = client.run_command("%(it)s", host_args=[{{"it": each}} for each in commands.values()])
client.join(output)
for host in output:
    for line in host.stdout:
        print(host.host, line)
sys.exit(max(host.exit_code or 0 for host in output))
"""

_PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - file: {{path: "{{{{ root }}}}/staged", state: directory, mode: "0700", owner: "{owner}"}}
    - copy: {{src: "{sets}/{{{{ item }}}}", dest: "{{{{ root }}}}/staged/", owner: "{owner}", mode: "0600"}}
      loop: {files}
    - stat: {{path: "{{{{ root }}}}/staged/{{{{ item }}}}", checksum_algorithm: sha256}}
      loop: {files}
      register: found
    - assert:
        that:
          - item.stat.checksum == (lookup('file', '{sets}/' ~ item.item, rstrip=false) | hash('sha256'))
          - item.stat.mode == '0600' and item.stat.pw_name == '{owner}'
      loop: "{{{{ found.results }}}}"
      loop_control: {{label: "{{{{ item.item }}}}"}}
"""

_DEPLOY = """\
from pyinfra import host
from pyinfra.operations import files, server

files.directory(path=f"{{host.data.root}}/staged", mode="700", user="{owner}")
for name in {files}:
    files.put(src=f"{sets}/{{name}}", dest=f"{{host.data.root}}/staged/{{name}}", mode="600", user="{owner}")
server.shell(commands=[f"cd {{host.data.root}}/staged && sha256sum -c <<'E'\\n{sums}\\nE"])
"""

_LOOK = """\
from pyinfra import host
from pyinfra.operations import server

server.shell(commands=[host.data.curl])
"""

_STAGE = """\
set -e
node=$0 root=$1
tar -cf - -C '{sets}' {files} | ssh -F '{config}' "$node" "
    umask 077; mkdir -p '$root/staged'; tar -xf - --no-same-owner -C '$root/staged'; cd '$root/staged'
    chmod 600 {files}; chown {owner} {files}; sha256sum -c <<'E'
{sums}
E"
"""

Say = Callable[[str], None]


def install(say: Say) -> None:
    """The peers, each at its pinned version; one that cannot be installed takes no part."""
    done = subprocess.run([PROJECT / ".ci" / "bench-peers"], capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"peers: {done.stderr.strip()[-300:]}")


def versions() -> dict[str, str]:
    """Of the peers, OpenSSH's among them, and of what the tool stands on."""
    ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False).stderr.split(",")[0]
    own = {name: version(name) for name in ("fabric", "paramiko", "cryptography")}
    found = {"OpenSSH": ssh.removeprefix("OpenSSH_"), "Python": sys.version.split()[0], **own}
    return found | {name: there for name in PACKAGES if (there := version_of(name))}


def version_of(package: str) -> str:
    """In the bench's own environment; "" where it is not installed."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    argv = (str(VENV / "bin" / "python"), "-c", code)
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def imported(argv: Sequence[str]) -> dict[str, float]:
    """Seconds of each module that the command imports, by -X importtime, itself alone."""
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    rows = (line.removeprefix("import time:").split("|") for line in said.splitlines() if "|" in line)
    return {row[2].strip(): int(row[0]) / 1e6 for row in rows if row[0].strip().isdecimal()}


def looks(site: BenchSite) -> tuple[Contestant, ...]:
    """`fab status`, and one REST question on each node by the others."""
    lines = [f"{n.name} {' '.join(site.curl(n))}" for n in site.nodes]
    feed = _written(site, "xargs-looks", "\n".join(lines) + "\n")
    by_address = "".join(f"{n.address} {' '.join(site.curl(n))}\n" for n in site.nodes)
    xargs = ("xargs", f"-P{AT_ONCE}", "-L1", "ssh", "-F", str(site.openssh_config))
    return (
        fab(site, "status"),
        Contestant("xargs ssh curl", xargs, feed=feed),
        _ansible(
            site,
            "ansible",
            "all",
            "-m",
            "command",
            "-a",
            f"{' '.join(site.curl(site.nodes[0])[:-1])} {{{{ url }}}}",
        ),
        _pyinfra(site, str(_written(site, "look_deploy.py", _LOOK))),
        _pssh(site, by_address),
    )


def places(site: BenchSite) -> tuple[Contestant, ...]:
    """Three files on every node, with owner and mode, read back by hash."""
    words = {
        "owner": login_user(),
        "sets": str(site.credentials),
        "files": list(FILES),
        "sums": _sums(site),
        "config": str(site.openssh_config),
    }
    playbook = _written(site, "place.yml", _PLAYBOOK.format(**words))
    deploy = _written(
        site, "place_deploy.py", _DEPLOY.format(**words | {"sums": _sums(site).replace("\n", "\\n")})
    )
    script = _STAGE.format(**words | {"files": " ".join(FILES)})
    feed = _written(site, "xargs-places", "".join(f"{n.name} {n.root}\n" for n in site.nodes))
    xargs = ("xargs", f"-P{AT_ONCE}", "-L1", "sh", "-c", script)
    found = (
        fab(site, "credentials.place", "--yes", "--strategy", "prescribed"),
        Contestant("xargs ssh tar", xargs, feed=feed),
        _ansible(site, "ansible-playbook", str(playbook)),
        _pyinfra(site, str(deploy)),
    )
    return tuple(_anew(site, each) for each in found)


def fab(site: BenchSite, task: str, *args: str) -> Contestant:
    argv = (str(FAB), "-r", str(PROJECT), task, "--inventory", str(site.inventory), *args)
    return Contestant(f"fab {task}", argv, {"HOME": str(site.directory)})


def _anew(site: BenchSite, one: Contestant) -> Contestant:
    return Contestant(one.name, one.argv, one.environment, one.codes, one.feed, site.forget_runs, one.why_not)


def _ansible(site: BenchSite, program: str, *args: str) -> Contestant:
    """With pipelining and without facts: as fast as it can be set up."""
    lines = [f"{n.name} ansible_host={n.address} root={n.root} url={site.curl(n)[-1]}" for n in site.nodes]
    common = f"-F {site.openssh_config} -o ControlMaster=auto -o ControlPersist=60s"
    config = (
        f"[defaults]\nforks = {AT_ONCE}\ninterpreter_python = {sys.executable}\nhost_key_checking = True\n"
        f"local_tmp = {site.directory}/ansible\nretry_files_enabled = False\nnocows = 1\n"
        f"[ssh_connection]\npipelining = True\nssh_args = {common}\ncontrol_path_dir = {site.directory}/cp\n"
    )
    hosts = _written(site, "hosts.ini", "\n".join(lines) + "\n")
    environment = {
        "ANSIBLE_CONFIG": str(_written(site, "ansible.cfg", config)),
        "ANSIBLE_HOME": str(site.directory / "ansible"),
        "LC_ALL": "C.UTF-8",
    }
    argv = (str(VENV / "bin" / program), "-i", str(hosts), *args)
    return _if_there(
        "ansible-core", Contestant(program, argv, environment, before=lambda: _end_masters(site))
    )


def _end_masters(site: BenchSite) -> None:
    """Connections that Ansible has kept: every contestant begins without any."""
    for path in (site.directory / "cp").glob("*"):
        argv = ("ssh", "-o", f"ControlPath={path}", "-O", "exit", "any")
        subprocess.run(argv, capture_output=True, check=False)


def _pyinfra(site: BenchSite, *args: str) -> Contestant:
    common = {
        "ssh_user": login_user(),
        "ssh_port": site.ports.ssh,
        "ssh_key": str(site.key),
        "ssh_known_hosts_file": str(site.known_hosts),
        "ssh_strict_host_key_checking": "yes",
    }
    hosts = [(n.address, {**common, "root": str(n.root), "curl": " ".join(site.curl(n))}) for n in site.nodes]
    inventory = _written(site, "pyinfra_hosts.py", f"nodes = {hosts!r}\n")
    argv = (str(VENV / "bin" / "pyinfra"), "-y", "--parallel", str(AT_ONCE), str(inventory), *args)
    return _if_there("pyinfra", Contestant("pyinfra", argv, {"HOME": str(site.directory)}))


def _pssh(site: BenchSite, lines: str) -> Contestant:
    script = _written(site, "by_pssh.py", _PSSH.format(at_once=AT_ONCE))
    python = str(VENV / "bin" / "python")
    argv = (python, str(script), str(site.key), login_user(), str(site.ports.ssh))
    feed = _written(site, "pssh-looks", lines)
    return _if_there("parallel-ssh", Contestant("parallel-ssh", argv, feed=feed))


def _if_there(package: str, contestant: Contestant) -> Contestant:
    if version_of(package):
        return contestant
    return Contestant(contestant.name, why_not=f"{package} is not installed: see .ci/bench-peers")


def _sums(site: BenchSite) -> str:
    argv: Sequence[str] = ("sha256sum", *FILES)
    return subprocess.run(
        argv, cwd=site.credentials, capture_output=True, text=True, check=True
    ).stdout.strip()


def _written(site: BenchSite, name: str, text: str) -> Path:
    path = site.directory / name
    path.write_text(text)
    return path
