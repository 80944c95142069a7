# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Where what takes long to get is kept, and how packages are got."""

import contextlib
import fcntl
import os
import subprocess

from .errors import PackageError, UserError

NEED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "need")


def directory():
    """LIBPV_CACHE, by default ~/.cache/libpv; it exists."""
    path = os.environ.get("LIBPV_CACHE") or os.path.expanduser("~/.cache/libpv")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the cache directory {path}: {error.strerror}") from None
    return path


def need(*arguments):
    """Runs tools/need, which says itself what is wrong."""
    if subprocess.run([NEED, *arguments], check=False).returncode:
        raise PackageError("a package is missing, and cannot be had")


@contextlib.contextmanager
def lock(name):
    """One process at a time makes what is missing."""
    with open(os.path.join(directory(), name + ".lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def replacing(path):
    """Gives the name of a file to be written, which becomes path when it is complete."""
    temporary = f"{path}.{os.getpid()}"
    try:
        yield temporary
        os.rename(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
