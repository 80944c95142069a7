# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Where what takes long to get is kept, and how packages are got."""

import os
import subprocess

from .errors import UserError

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
        raise UserError("a package is missing (see above)")
