# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Builds backlog.c, which says what it is for, once."""

import contextlib
import hashlib
import os
import shutil
import subprocess

from . import cache

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "backlog.c")


def library():
    """The path of the library; "" where there is no compiler, and things go on without."""
    with open(SOURCE, "rb") as file:
        key = hashlib.sha256(file.read()).hexdigest()[:12]
    path = os.path.join(cache.directory(), f"backlog-{key}.so")
    if os.path.exists(path):
        return path
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if not compiler:
        return ""
    with cache.lock("backlog"):
        if not os.path.exists(path):
            with contextlib.suppress(subprocess.CalledProcessError), cache.replacing(path) as new:
                subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", new, SOURCE],
                               capture_output=True, check=True)
    return path if os.path.exists(path) else ""


def preload(path):
    """What precedes QEMU's command line."""
    return ["env", f"LD_PRELOAD={path}"] if path else []
