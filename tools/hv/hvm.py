# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What an HVM domain of Xen takes that others do not: a device model in Dom0.

That is QEMU once more, as Debian builds it for Xen, with its libraries and firmware. It is large, so
Dom0 starts without it, and is given it, in one archive, for the first such domain.
"""

import functools
import hashlib
import os

from . import cache, xenimage
from .initrd import Cpio, libraries

PACKAGE = "qemu-system-xen"  # unpacked
PROGRAM = "usr/libexec/xen-qemu-system-i386"
# Installed: libraries that it needs and QEMU on this machine does not, and firmware.
INSTALLED = ("libspice-server1", "libusb-1.0-0", "seabios", "ipxe-qemu")
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/lib/ipxe/qemu/efi-rtl8139.rom")
KEYMAPS = "/usr/share/qemu/keymaps"  # read, though there is no keyboard
LIB = xenimage.LIB
# It boots from its first disk. It has no serial port: its console is Xen's, as other domains'.
SETTINGS = {"boot": "c", "vga": "none", "vnc": 0, "sdl": 0}


def install(dom0):
    """Gives Dom0 the device model; what Dom0 uses already stays as it is."""
    dom0.send_file(device_model(), "/tmp/device-model")
    dom0.check("cd / && cpio -id </tmp/device-model 2>/dev/null; rm /tmp/device-model; "
               f"[ -x /{PROGRAM} ]")


@functools.cache
def device_model():
    """The archive's path; made if need be."""
    directories = [os.path.join(cache.directory(), p, LIB) for p in xenimage.LIBRARIES]
    cache.need("--unpack", cache.directory(), PACKAGE)
    cache.need(*INSTALLED)
    program = os.path.join(cache.directory(), PACKAGE, PROGRAM)
    with open(os.path.abspath(__file__), "rb") as file:
        key = hashlib.sha256(file.read() + repr((program, os.stat(program).st_mtime)).encode())
    path = os.path.join(cache.directory(), f"dom0-hvm-{key.hexdigest()[:12]}.cpio")
    with cache.lock("dom0-hvm"):
        if not os.path.exists(path):
            with cache.replacing(path) as new, open(new, "wb") as file:
                file.write(_build(program, directories))
    return path


def _build(program, directories):
    archive = Cpio()
    archive.copy(program, PROGRAM)
    for path in libraries([program], directories):
        archive.copy(path, f"{LIB}/{os.path.basename(path)}")
    for path in FIRMWARE:
        archive.copy(path, path.lstrip("/"))
    for name in sorted(os.listdir(KEYMAPS)):
        archive.copy(os.path.join(KEYMAPS, name), f"{KEYMAPS.lstrip('/')}/{name}")
    return archive.finish()
