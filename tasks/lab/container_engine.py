"""What `docker` and `podman` do to the one container that a lab node's server runs in.

The container's first process is the node's start script; its file system is this machine's.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.lab.node_service import NodeService

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VALUED = frozenset({"-t", "--time", "--timeout", "-f", "--format", "--type", "-u", "--user", "-w"})


class Engine:
    """One call of one engine; what lasts between calls lies in the state file."""

    def __init__(self, name: str, config: dict[str, Any], service: NodeService) -> None:
        self._name = name
        self._config = config
        self._service = service
        self._state_file = Path(config["state"])

    def run(self, argv: list[str]) -> int:
        """The exit code; answers on stdout, complaints on stderr."""
        verbs = {"start": self._start, "stop": self._stop, "inspect": self._inspect, "exec": self._exec}
        if not argv or argv[0] not in verbs:
            known = f"'{argv[0] if argv else ''}' is not a {self._name} command."
            return self._fail(f"{self._name}: {known}", f"Error: unknown command: {known}")
        self._keep_policy()
        options, words = _parsed(argv[1:])
        if not words:
            return self._fail(
                f'"{self._name} {argv[0]}" requires at least 1 argument.', "Error: no container"
            )
        if words[0] != self._config["container"]:
            return self._missing(argv[0], words[0])
        return verbs[argv[0]](options, words)

    def _start(self, _: dict[str, str], words: list[str]) -> int:
        self._remember(stopped=False)
        if (problem := self._service.start()) is not None:
            said = f"failed to start container: {problem}"
            return self._fail(f"Error response from daemon: {said}", f"Error: {said}")
        sys.stdout.write(f"{words[0]}\n")
        return 0

    def _stop(self, options: dict[str, str], words: list[str]) -> int:
        """TERM for the first process alone, and KILL when the limit has passed."""
        limits = (options.get(name) for name in ("-t", "--time", "--timeout"))
        self._remember(stopped=True)
        self._service.end(whole_group=False, limit_s=float(next((s for s in limits if s is not None), 10)))
        sys.stdout.write(f"{words[0]}\n")
        return 0

    def _inspect(self, options: dict[str, str], words: list[str]) -> int:
        template = options.get("--format", options.get("-f"))
        document = self._document(as_go=self._name == "podman" and template is not None)
        if template is None:
            sys.stdout.write(json.dumps([document], indent=4) + "\n")
            return 0
        try:
            sys.stdout.write(_rendered(template, document) + "\n")
        except KeyError as error:
            said = f'template: :1:2: executing "" at <.{error.args[0]}>: map has no entry for the key'
            return self._fail(f"template parsing error: {said}", f"Error: {said}")
        return 0

    def _exec(self, options: dict[str, str], words: list[str]) -> int:
        """The command takes this process's place; without -i its standard input is empty."""
        if self._service.pid is None:
            return self._fail(
                f"Error response from daemon: container {words[0]} is not running",
                "Error: can only create exec sessions on running containers: container state improper",
                podman_code=255,
            )
        if not ({"-i", "--interactive", "-it"} & options.keys()):
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _become(options.get("--user", options.get("-u", "")))
        os.chdir(options.get("-w", "/"))
        try:
            os.execvpe(words[1], words[1:], {"PATH": _PATH, "HOME": "/root", "HOSTNAME": words[0]})
        except OSError:
            said = f'exec: "{words[1]}": executable file not found in $PATH'
            sys.stderr.write(f"OCI runtime exec failed: {said}\n")
            return 127

    def _document(self, *, as_go: bool) -> dict[str, Any]:
        """What `inspect` tells, as far as it matters here; as_go: with times as podman's templates have them."""
        at = self._started_at() or datetime(1, 1, 1, tzinfo=UTC)
        pid, name = self._service.pid, self._config["container"]
        source, destination = self._config["volume"]
        mount = {"Type": "bind", "Source": source, "Destination": destination, "RW": True}
        return {
            "Id": "6c1f" * 16,
            "Name": f"/{name}" if self._name == "docker" else name,
            "State": {
                "Status": "exited" if pid is None else "running",
                "Running": pid is not None,
                "Restarting": False,
                "Pid": pid or 0,
                "StartedAt": f"{at:%Y-%m-%d %H:%M:%S.%f +0000 UTC}"
                if as_go
                else f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            },
            "Config": {"User": "", "Image": "amlen-server:lab"},
            "HostConfig": {"RestartPolicy": {"Name": self._config["policy"], "MaximumRetryCount": 0}},
            "Mounts": [mount],
        }

    def _started_at(self) -> datetime | None:
        """The last start, the same value as long as it is the same start."""
        ticks, known = self._service.started_ticks, self._remembered()
        if ticks is not None and ticks != known.get("ticks"):
            age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
            known = self._remember(ticks=ticks, started=time.time() - age_s)
        return datetime.fromtimestamp(known["started"], UTC) if "started" in known else None

    def _keep_policy(self) -> None:
        """An engine restarts by itself what ended by itself; this one does so when next asked."""
        self._started_at()
        by_itself = self._service.pid is None and not self._remembered().get("stopped")
        if by_itself and self._config["policy"] == "always":
            self._service.start()

    def _remembered(self) -> dict[str, Any]:
        try:
            found = json.loads(self._state_file.read_text())
        except FileNotFoundError:
            return {}
        return found if isinstance(found, dict) else {}

    def _remember(self, **news: Any) -> dict[str, Any]:
        known = {**self._remembered(), **news}
        self._state_file.write_text(json.dumps(known))
        return known

    def _missing(self, verb: str, name: str) -> int:
        if verb == "inspect":
            sys.stdout.write("[]\n")
            return self._fail(f"Error: No such object: {name}", f'Error: no such object: "{name}"')
        podman = f'Error: no container with name or ID "{name}" found: no such container'
        return self._fail(f"Error response from daemon: No such container: {name}", podman)

    def _fail(self, docker: str, podman: str, *, podman_code: int = 125) -> int:
        is_docker = self._name == "docker"
        sys.stderr.write(f"{docker if is_docker else podman}\n")
        return 1 if is_docker else podman_code


def _parsed(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options up to the first word, and the words."""
    options: dict[str, str] = {}
    rest = list(argv)
    while rest and rest[0].startswith("-"):
        name, equals, value = rest.pop(0).partition("=")
        if not equals and name in _VALUED and rest:
            value = rest.pop(0)
        options[name] = value
    return options, rest


def _rendered(template: str, document: dict[str, Any]) -> str:
    """A Go template of plain fields. Raises KeyError for a field that is not there."""

    def field(found: re.Match[str]) -> str:
        value: Any = document
        for part in found[2].split("."):
            if not isinstance(value, dict) or part not in value:
                raise KeyError(found[2])
            value = value[part]
        as_json = found[1] or not isinstance(value, str)
        return json.dumps(value) if as_json else str(value)

    return re.sub(r"\{\{\s*(json\s+)?\.([\w.]+)\s*\}\}", field, template)


def _become(user: str) -> None:
    """uid[:gid], as far as we may; without root the lab's files are ours anyway."""
    if user and os.geteuid() == 0:
        uid, _, gid = user.partition(":")
        os.setgroups([])
        os.setgid(int(gid or uid))
        os.setuid(int(uid))
