"""Processes of the lab end with the one that they belong to, however that one ends."""

from __future__ import annotations

import codecs
import ctypes
import importlib
import os
import signal

_PR_SET_PDEATHSIG = 1
# What a library loads when it is first used: by then from where we may not read any more.
_LATE = ("cryptography.hazmat.primitives.serialization",)
_libc = ctypes.CDLL(None, use_errno=True)


class OwnerGone(Exception):
    """The process that this one belongs to has ended already."""


def watch(pid: int) -> int:
    """A descriptor that becomes readable when the process ends.

    Raises:
        OwnerGone: There is no such process any more.
    """
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError as error:
        raise OwnerGone(str(pid)) from error


def watch_parent() -> int:
    """A descriptor that becomes readable when our parent ends.

    Raises:
        OwnerGone: It ended while we looked.
    """
    parent = os.getppid()
    descriptor = watch(parent)
    if os.getppid() != parent:
        raise OwnerGone(str(parent))
    return descriptor


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; for a forked child of a plain process.

    Raises:
        OwnerGone: It has ended already.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        raise OwnerGone(str(parent))


def become(run_as: tuple[int, int] | None) -> None:
    """Drop to a user and group for good; does nothing when none is named, or when we are it."""
    if run_as is None or os.geteuid() != 0:
        return
    uid, gid = run_as
    for name in ("idna", "latin-1", "ascii"):
        codecs.lookup(name)
    for name in _LATE:
        importlib.import_module(name)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
