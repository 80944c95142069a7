# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The emulated host's kernel and initial RAM disk, from Debian's packages, kept in a cache.

The cloud flavour of Debian's kernel would be smaller, but has no 9p.
"""

import fcntl
import gzip
import hashlib
import lzma
import os
import re

from . import cache

HERE = os.path.dirname(os.path.abspath(__file__))
KERNEL, SHELL = "linux-image-amd64", "busybox-static"
MODULES = ("virtio_pci", "virtio_console", "virtio_net", "9pnet_virtio", "9p", "kvm_amd")


def prepare():
    """The paths of the kernel and of the initial RAM disk, which are made if need be."""
    directory = cache.directory()
    cache.need("--unpack", directory, KERNEL, SHELL)
    boot = os.path.join(directory, KERNEL, "boot")
    kernel = next(os.path.join(boot, f) for f in sorted(os.listdir(boot)) if f.startswith("vmlinuz"))
    with open(os.path.join(HERE, "l1-init"), "rb") as file:
        init = file.read()
    key = hashlib.sha256(repr((kernel, MODULES)).encode() + init).hexdigest()[:12]
    initrd = os.path.join(directory, f"l1-initrd-{key}.gz")
    with open(os.path.join(directory, "l1-initrd.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(initrd):
            _build(initrd, init)
    return kernel, initrd


def _build(initrd, init):
    archive = _Cpio()
    for directory in ("bin", "proc", "sys", "dev", "mnt", "lib", "lib/modules"):
        archive.add(directory, mode=0o040755)
    with open(os.path.join(cache.directory(), SHELL, "bin/busybox"), "rb") as file:
        archive.add("bin/busybox", file.read())
    archive.add("init", init)
    order = _in_order(os.path.join(cache.directory(), KERNEL, "lib/modules"))
    for name, content in order:
        archive.add(f"lib/modules/{name}.ko", content)
    archive.add("lib/modules/order", "".join(f"{name}.ko\n" for name, _ in order).encode())
    temporary = f"{initrd}.{os.getpid()}"
    with gzip.open(temporary, "wb", compresslevel=1) as file:
        file.write(archive.finish())
    os.rename(temporary, initrd)


def _in_order(tree):
    """MODULES and what they depend on, as (name, content), each after its dependencies."""
    files = {}
    for directory, _, names in os.walk(tree):
        for name in names:
            match = re.fullmatch(r"(.+)\.ko(\.xz)?", name)
            if match:
                files[match[1].replace("-", "_")] = os.path.join(directory, name)
    order = {}

    def add(name):
        if name in order:
            return
        path = files[name]
        with lzma.open(path) if path.endswith(".xz") else open(path, "rb") as file:
            content = file.read()
        for needed in re.search(rb"\0depends=([^\0]*)\0", content)[1].decode().split(","):
            if needed:
                add(needed.replace("-", "_"))
        order[name] = content

    for name in MODULES:
        add(name)
    return list(order.items())


class _Cpio:
    """An archive in the format of initial RAM disks ("newc")."""

    def __init__(self):
        self._out = bytearray()
        self._inode = 0

    def add(self, name, content=b"", mode=0o100755):
        self._inode += 1
        fields = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        self._out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self._pad()
        self._out += content
        self._pad()

    def finish(self):
        self.add("TRAILER!!!", mode=0)
        return bytes(self._out)

    def _pad(self):
        self._out += bytes(-len(self._out) % 4)
