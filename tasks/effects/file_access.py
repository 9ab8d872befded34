"""How one of our scripts gets to where a node's files are: on its host, or inside its container.

Paths are the server's own everywhere else: of a container's volume only this module knows the host's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import assert_never

from tasks.core.errors import RemoteError
from tasks.core.file_faults import file_fault
from tasks.core.model import ExecFiles, FilesBy, HostFiles, Node, Volume
from tasks.effects.remote import Completed, Remote
from tasks.effects.service_managers import look_at_container

ABSENT = PurePosixPath("/dev/null/absent")  # a path that cannot exist, for "server.cfg names none"
ROOT = "0:0"
_IN_ENGLISH = "LC_ALL=C; export LC_ALL\n"  # what fails is told by the system's words
_ENGINE_CODES = (1, 125, 126, 127, 255)  # with which docker and podman say that they ran nothing

Argument = str | PurePosixPath


def run_script(
    remote: Remote, script: str, *args: Argument, acting: str = "", stdin: bytes = b""
) -> Completed:
    """Run one of our scripts where the node's files are.

    Args:
        args: Paths are the server's own: they become what the script must use.
        acting: "uid:gid" to run as; "" or 0:0: root where we may be (in a container always).

    Raises:
        RemoteError: The container does not run; a path cannot be reached; the connection broke.
    """
    by = remote.node.files_by
    words = tuple(str(on_node(remote.node, a)) if isinstance(a, PurePosixPath) else a for a in args)
    argv = (*_inside(by, acting), "sh", "-c", f"{_IN_ENGLISH}{script}", "sh", *words)
    done = remote.run(argv, stdin=stdin, privileged=True)
    if isinstance(by, ExecFiles) and done.exit_status in _ENGINE_CODES:
        _require_running(remote, by)
    return done


def sh(
    remote: Remote, script: str, *args: Argument, acting: str = "", stdin: bytes = b"", what: str
) -> Completed:
    """Run one of our scripts where the node's files are, as `acting` ("uid:gid").

    Raises:
        RemoteError: It ended with another status than 0; `what` says what was tried.
    """
    done = run_script(remote, script, *args, acting=acting, stdin=stdin)
    if done.exit_status != 0:
        fault = file_fault(done.error_text, exit_status=done.exit_status)
        raise RemoteError(
            f"{fault.on(what)}: exit {done.exit_status}: {done.error_text or 'no message'}",
            node=remote.node.name,
            remedy=f"{fault.remedy}; nothing further was touched",
        )
    return done


@contextmanager
def understood(remote: Remote, what: str) -> Iterator[None]:
    """For a block that takes apart what a script printed.

    Raises:
        RemoteError: It is not what our script prints; `what` says what was tried.
    """
    try:
        yield
    except (ValueError, LookupError, OverflowError) as error:
        raise RemoteError(
            f"{what}: what came back is not what our script prints",
            node=remote.node.name,
            remedy="does a login there print text of its own (a banner in .bashrc)? `ssh NODE true` must print "
            "nothing; then: fab check",
        ) from error


def _inside(by: FilesBy, acting: str) -> tuple[str, ...]:
    match by:
        case HostFiles():
            return ("chroot", f"--userspec={acting}", "/") if acting not in ("", ROOT) else ()
        case ExecFiles(container):  # a container's root may lack the right to chroot
            return (container.engine, "exec", "-i", "--user", acting or ROOT, container.name)
        case _:
            assert_never(by)


def _require_running(remote: Remote, by: ExecFiles) -> None:
    engine, name = by.container.engine, by.container.name
    seen = look_at_container(remote, by.container).standing
    if not seen.up:
        raise RemoteError(
            f"container {name} is {seen.words}: nothing can be run in it, and its files are not reached",
            node=remote.node.name,
            remedy=f"on the node: {engine} start {name}; or, where a volume holds its files: "
            "`service: {files: host, volume: {host: PATH}}`. Then: fab check; a run that is open goes on with "
            "--resume (fab status names it)",
        )


def on_node(node: Node, path: PurePosixPath) -> PurePosixPath:
    """The path to use where the script runs.

    Raises:
        RemoteError: The file is outside of the container's volume: the host does not have it.
    """
    volume = _volume(node)
    if volume is None or path == ABSENT:
        return path
    found = volume.on_host(path)
    if found is None:
        raise RemoteError(
            f"{path} lies outside of the volume that the container sees as {volume.container}: "
            "the host does not have it",
            node=node.name,
            remedy="`service: {files: docker}` (or podman) works inside the container; or correct "
            "`service.volume`, or move it into the volume",
        )
    return found


def seen_by_server(node: Node, path: PurePosixPath, *, root: PurePosixPath) -> PurePosixPath:
    """The server's own name of a path that a script printed, free of symbolic links.

    Args:
        root: The volume's directory on the host, free of them, too.

    Raises:
        RemoteError: A symbolic link leads out of the volume: only the server knows where to.
    """
    volume = _volume(node)
    if volume is None or path == ABSENT:
        return path
    if not path.is_relative_to(root):
        raise RemoteError(
            f"a symbolic link leads out of the volume {volume.host}, to {path}: from the host it cannot be "
            "followed as the server does",
            node=node.name,
            remedy="`service: {files: docker}` (or podman) follows it inside the container",
        )
    return volume.container / path.relative_to(root)


def root_of(node: Node) -> PurePosixPath:
    """Below what all paths that a script uses lie."""
    volume = _volume(node)
    return volume.host if volume else PurePosixPath("/")


def shown(node: Node, path: PurePosixPath) -> str:
    """The path as an operator finds it who logs in to the node."""
    if isinstance(node.files_by, ExecFiles):
        return f"{path} in container {node.files_by.container.name}"
    return str(on_node(node, path))


def _volume(node: Node) -> Volume | None:
    return node.files_by.volume if isinstance(node.files_by, HostFiles) else None
