# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The disk that an image is booted from by a machine's own firmware; tools/image makes it."""

import contextlib
import functools
import os
import subprocess
import tempfile

from . import cache
from .errors import UserError

IMAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "image")
PACKAGES = ("grub-common", "grub-pc-bin", "grub-efi-amd64-bin", "mtools", "qemu-utils")
KINDS = {"bios": "raw", "uefi": "qcow2"}  # what each firmware is tested with
UEFI_PACKAGE, UEFI = "ovmf", "/usr/share/OVMF/OVMF_CODE_4M.fd"


@functools.cache
def prepare(firmware):
    """Gets what making and booting such a disk needs."""
    cache.need(*PACKAGES, *(UEFI_PACKAGE,) * (firmware == "uefi"))


def make(spec, directory, firmware):
    """The path of a new disk in the directory, with the spec's image and command line."""
    path = os.path.join(directory, "boot")
    done = subprocess.run([IMAGE, spec.elf, path, "--cmdline", spec.append], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise UserError(done.stderr.strip())
    return f"{path}.{KINDS[firmware]}"


@contextlib.contextmanager
def opened(spec, firmware):
    """A file descriptor of such a disk, which is gone when the last process closes it."""
    with tempfile.TemporaryDirectory(prefix="libpv-boot-") as directory:
        fd = os.open(make(spec, directory, firmware), os.O_RDWR)
    try:
        yield fd
    finally:
        os.close(fd)


def options(firmware, fd):
    """QEMU's options that boot from it. It comes after the disks that a guest is to find first."""
    drive = f"if=none,id=boot,format={KINDS[firmware]},file=/proc/self/fd/{fd}"
    if firmware == "bios":
        return ["-drive", drive, "-device", "ide-hd,drive=boot,bootindex=0"]
    return ["-drive", drive, "-device", "virtio-blk-pci,drive=boot,bootindex=0",
            "-drive", f"if=pflash,format=raw,readonly=on,file={UEFI}"]
