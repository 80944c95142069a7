# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The bootable disk: what is on it. That it boots, the tests on qemu-pc-bios and qemu-pc-uefi show."""

import hashlib
import os
import subprocess

from harness import test

from hv import bootdisk
from hv.spec import Spec

ESP = 1 << 20  # where the file system begins


def content(path):
    with open(path, "rb") as file:
        return file.read()


def raw_of(path):
    """The disk as bytes that follow one another."""
    raw = path + ".flat"
    subprocess.run(["qemu-img", "convert", "-O", "raw", path, raw], check=True)
    return raw


@test(envs="qemu-pc-bios qemu-pc-uefi", bound=30)
def image(t):
    """The image is on it byte for byte, and the same image gives the same disk."""
    spec = Spec(t.image("hello"), append="some 'words' $here")
    hashes = set()
    for name in ("one", "two"):
        os.mkdir(f"{t.scratch}/{name}")
        disk = raw_of(bootdisk.make(spec, f"{t.scratch}/{name}", t.env.firmware))
        there = subprocess.run(["mcopy", "-i", f"{disk}@@{ESP}", "::/boot/kernel.elf", "-"],
                               capture_output=True, check=True).stdout
        assert there == content(spec.elf), f"{len(there)} bytes of {os.path.getsize(spec.elf)}"
        hashes.add(hashlib.sha256(content(disk)).hexdigest())
    assert len(hashes) == 1, "two disks of the same image differ"
