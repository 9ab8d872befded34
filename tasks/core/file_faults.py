"""What a file operation on a node ran into, told from the system's own words, and what mends it."""

from __future__ import annotations

from tasks.core.dataclass import dataclass

BY_SIZE_LIMIT = 128 + 25  # a shell's status for a command that SIGXFSZ ended: it said nothing
_USUAL = "fab check shows rights, space and paths on the node"


@dataclass(frozen=True, slots=True)
class FileFault:
    """Args:
    layer: "the file system is full"; "" where the words tell none.
    remedy: What to do on the node.
    """

    layer: str
    remedy: str

    def on(self, what: str) -> str:
        """What was tried, and the layer that it failed at."""
        return f"{what}: {self.layer}" if self.layer else what


_SIZE_LIMIT = FileFault(
    "a limit on the size of files", "raise it on the node (ulimit -f; limits.conf, LimitFSIZE of sshd's unit)"
)
# As they stand in the C locale, which our scripts run in.
_BY_WORDS = {
    "No space left on device": FileFault(
        "the file system is full", "make room on the node: df -h and df -i show space and inodes"
    ),
    "Disk quota exceeded": FileFault(
        "the quota is used up", "on the node: quota -s USER; raise it, or remove what is not needed"
    ),
    "Read-only file system": FileFault(
        "the file system is read-only",
        "on the node: findmnt -O ro; one that was not meant to be was remounted after a disk error: dmesg",
    ),
    "Operation not permitted": FileFault(
        "a file or its directory is protected",
        "on the node: lsattr -d shows what chattr +i or +a protects (chattr -i); or SELinux, AppArmor",
    ),
    "Permission denied": FileFault(
        "no permission",
        "on the node: namei -l shows owner and mode of the path (ausearch -m avc where SELinux is); ssh.user and "
        "ssh.sudo in the inventory",
    ),
    "File too large": _SIZE_LIMIT,
    "Input/output error": FileFault("the disk fails", "on the node: dmesg; do not go on with that disk"),
}


def file_fault(said: str, *, exit_status: int = 1) -> FileFault:
    """The first fault that the words name; one without a layer if there is none."""
    found = [(said.index(words), fault) for words, fault in _BY_WORDS.items() if words in said]
    if found:
        return min(found, key=lambda pair: pair[0])[1]
    return _SIZE_LIMIT if exit_status == BY_SIZE_LIMIT else FileFault("", _USUAL)
