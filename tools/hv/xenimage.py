# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Xen, Dom0's kernel and Dom0's initial RAM disk, from Debian's packages, kept in the cache.

Dom0 is Debian's kernel, busybox and Xen's toolstack. The packages are unpacked, none is installed:
installed, they would make the machine boot Xen. The C library comes from this machine.
"""

import gzip
import hashlib
import lzma
import os
import struct
import subprocess
from dataclasses import dataclass

from . import cache
from .initrd import DIRECTORY, Cpio, add_modules, libraries
from .l1image import KERNEL, SHELL

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dom0")
VERSION = "4.17"
HYPERVISOR = f"xen-hypervisor-{VERSION}-amd64"
TOOLS = (f"xen-utils-{VERSION}", "xenstore-utils", "netcat-openbsd")
LIBRARIES = (f"libxenmisc{VERSION}", "libxenstore4", "libxencall1", "libxendevicemodel1",
             "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1", "libxenhypfs1",
             "libxentoolcore1", "libxentoollog1", "libyajl2", "libbsd0", "libmd0")
PROGRAMS = ("xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "libxl-save-helper",
            "xenctx", "lsevtchn")
STORE = ("chmod", "exists", "list", "ls", "read", "rm", "watch", "write")
MODULES = ("xenfs", "xen_privcmd", "xen_evtchn", "xen_gntdev", "xen_gntalloc", "xen_blkback",
           "xen_netback", "bridge", "loop", "virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod",
           "virtio_net", "virtio_console", "tun")
XL_CONF = 'autoballoon="off"\nlockfile="/run/xl.lock"\nrun_hotplug_scripts=1\n'
DIRECTORIES = ("proc", "sys", "dev", "run/xen", "run/xenstored", "tmp", "root", "var/lib/xen",
               "var/lib/xenstored", "var/log/xen/console")
LIB = "usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True)
class Dom0Image:
    xen: str
    kernel: str
    initrd: str
    key: str  # changes with any of them


def hypervisor():
    """The path of Xen, uncompressed, as QEMU's multiboot loader takes it."""
    cache.need("--unpack", cache.directory(), HYPERVISOR)
    boot = _unpacked(HYPERVISOR, "boot")
    packed = next(f for f in sorted(os.listdir(boot)) if f.endswith(".gz"))
    path = os.path.join(boot, packed.removesuffix(".gz"))
    with cache.lock("xen"):
        if not os.path.exists(path):
            with gzip.open(os.path.join(boot, packed)) as source, cache.replacing(path) as new:
                _write(new, source.read())
    return path


def dom0():
    """What Xen and Dom0 are booted from; made if need be."""
    xen = hypervisor()
    cache.need("--unpack", cache.directory(), KERNEL, SHELL, *TOOLS, *LIBRARIES)
    boot = _unpacked(KERNEL, "boot")
    packed = os.path.join(boot, next(f for f in os.listdir(boot) if f.startswith("vmlinuz")))
    key = _key(packed)
    kernel = packed.replace("vmlinuz", "vmlinux")
    initrd = os.path.join(cache.directory(), f"dom0-{key}.cpio")
    with cache.lock("dom0"):
        if not os.path.exists(kernel):
            with cache.replacing(kernel) as new:
                _write(new, _unpack_kernel(packed))
        if not os.path.exists(initrd):
            with cache.replacing(initrd) as new:
                _write(new, _build())
    return Dom0Image(xen, kernel, initrd, key)


def _unpacked(package, *path):
    return os.path.join(cache.directory(), package, *path)


def _write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def _key(kernel):
    """Of all that goes into the initial RAM disk."""
    digest = hashlib.sha256(repr((kernel, TOOLS, LIBRARIES)).encode())
    for name in (os.path.abspath(__file__), *(os.path.join(HERE, f) for f in sorted(os.listdir(HERE)))):
        with open(name, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()[:12]


def _unpack_kernel(path):
    """The ELF in a bzImage: else Xen unpacks it, and under emulation that takes seconds.

    Linux, Documentation/x86/boot.rst: setup_sects, payload_offset, payload_length.
    """
    with open(path, "rb") as file:
        image = file.read()
    start = ((image[0x1F1] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[start + offset:start + offset + length]
    if payload.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(payload)
    return image


def _build():
    archive = Cpio()
    for name in DIRECTORIES:
        archive.add(name, mode=DIRECTORY)
    for name, target in (("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib64", "usr/lib64"),
                         ("var/run", "../run"), ("var/lock", "../run/lock"),
                         ("lib/x86_64-linux-gnu", f"../{LIB}")):
        archive.link(name, target)
    _add_shell(archive)
    _add_tools(archive)
    add_modules(archive, _unpacked(KERNEL, "lib/modules"), MODULES)
    for name in ("init", "agent"):
        archive.copy(os.path.join(HERE, name), name)
    for name in ("block", "vif-bridge"):
        archive.copy(os.path.join(HERE, name), f"etc/xen/scripts/{name}")
    archive.add("etc/xen/xl.conf", XL_CONF.encode())
    archive.add("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    archive.add("etc/group", b"root:x:0:\n")
    return archive.finish()


def _add_shell(archive):
    busybox = _unpacked(SHELL, "bin/busybox")
    archive.copy(busybox, "usr/bin/busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in applets.stdout.split():
        archive.link(f"usr/bin/{applet}", "busybox")


def _add_tools(archive):
    utils, store, netcat = (_unpacked(package) for package in TOOLS)
    private = f"usr/lib/xen-{VERSION}/bin"
    programs = {name: os.path.join(utils, private, name) for name in PROGRAMS}
    archive.copy(os.path.join(HERE, "xenconsole"), f"{private}/xenconsole")
    programs["xenconsole.real"] = programs.pop("xenconsole")
    for name, path in programs.items():
        archive.copy(path, f"{private}/{name}")
        archive.link(f"usr/sbin/{name}", f"../../{private}/{name}")
    programs["xenstore"] = os.path.join(store, "usr/bin/xenstore")
    archive.copy(programs["xenstore"], "usr/bin/xenstore")
    programs["nc"] = os.path.join(netcat, "bin/nc.openbsd")  # busybox's knows no datagrams
    archive.copy(programs["nc"], "usr/sbin/nc.openbsd")
    for name in STORE:
        archive.link(f"usr/bin/xenstore-{name}", "xenstore")
    for name in ("hvmloader", "xen-shim"):
        boot = f"usr/lib/xen-{VERSION}/boot/{name}"
        archive.copy(os.path.join(utils, boot), boot)
    for path in libraries(programs.values(), [_unpacked(p, LIB) for p in LIBRARIES]):
        place = "usr/lib64" if "ld-linux" in path else LIB
        archive.copy(path, f"{place}/{os.path.basename(path)}")
    # Threads that end look for it by name.
    archive.copy("/lib/x86_64-linux-gnu/libgcc_s.so.1", f"{LIB}/libgcc_s.so.1")
