# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The emulated host's kernel and initial RAM disk, from Debian's packages, kept in a cache.

The cloud flavour of Debian's kernel would be smaller, but has no 9p.
"""

import gzip
import hashlib
import os

from . import cache
from .initrd import DIRECTORY, Cpio, add_modules

HERE = os.path.dirname(os.path.abspath(__file__))
KERNEL, SHELL = "linux-image-amd64", "busybox-static"
MODULES = ("virtio_pci", "virtio_console", "virtio_net", "virtio_blk", "9pnet_virtio", "9p", "kvm_amd", "tun")


def prepare():
    """The paths of the kernel and of the initial RAM disk, which are made if need be."""
    directory = cache.directory()
    cache.need("--unpack", directory, KERNEL, SHELL)
    boot = os.path.join(directory, KERNEL, "boot")
    name = next(f for f in os.listdir(boot) if f.startswith("vmlinuz"))
    kernel = os.path.join(boot, name)
    with open(os.path.join(HERE, "l1-init"), "rb") as file:
        init = file.read()
    key = hashlib.sha256(repr((kernel, MODULES)).encode() + init).hexdigest()[:12]
    initrd = os.path.join(directory, f"l1-initrd-{key}.gz")
    with cache.lock("l1-initrd"):
        if not os.path.exists(initrd):
            _build(initrd, init)
    return kernel, initrd


def _build(initrd, init):
    archive = Cpio()
    for directory in ("bin", "proc", "sys", "dev", "mnt"):
        archive.add(directory, mode=DIRECTORY)
    archive.copy(os.path.join(cache.directory(), SHELL, "bin/busybox"), "bin/busybox")
    archive.add("init", init)
    add_modules(archive, os.path.join(cache.directory(), KERNEL, "lib/modules"), MODULES)
    with cache.replacing(initrd) as temporary, gzip.open(temporary, "wb", compresslevel=1) as file:
        file.write(archive.finish())
