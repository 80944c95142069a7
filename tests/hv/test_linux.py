# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""pv.ko in Debian's Linux as a guest: KUnit suites hold the library's answers against Linux' own."""

import os
import random
import re
import subprocess
import sys

from harness import ROOT, test

sys.path.append(os.path.join(ROOT, "tests/kunit"))

import judge
import tree

from hv import cache, xenimage
from hv.initrd import DIRECTORY, Cpio, add_modules
from hv.l1image import SHELL
from hv.spec import Disk, Spec

MIB = 1 << 20
OPTIONS = ("rdinit=/init panic=-1 reboot=t quiet printk.time=0 mitigations=off nokaslr audit=0 "
           "apparmor=0")
CONSOLE = {"kvm": "ttyS0", "xen": "hvc0"}


def same_kernel(t, kernel):
    """The modules are of the kernel that is booted; insmod would not say of which they are."""
    release = os.path.basename(kernel).split("-", 1)[1]
    with open(t.file("modules/ko/pv.ko"), "rb") as file:
        built = re.search(rb"vermagic=(\S+)", file.read())[1].decode()
    assert built == release, f"the modules are for Linux {built}; what is booted is {release}"


def initrd(t, suites):
    """The initial RAM disk with the modules of these suites: its path."""
    cache.need("--unpack", cache.directory(), SHELL)
    modules = os.path.join(t.scratch, "modules")
    os.mkdir(modules)
    for name in ("pv", "kunit", *(f"pv_{s}_test" for s in suites)):
        subprocess.run(["objcopy", "--strip-debug", t.file("modules/ko", f"{name}.ko"),
                        os.path.join(modules, f"{name}.ko")], check=True)
    archive = Cpio()
    for directory in ("proc", "dev"):
        archive.add(directory, mode=DIRECTORY)
    archive.copy(os.path.join(cache.directory(), SHELL, "bin/busybox"), "bin/busybox")
    archive.copy(os.path.join(ROOT, "tests/hv/guests/linux-init"), "init")
    add_modules(archive, modules, [f"pv_{s}_test" for s in suites])
    path = os.path.join(t.scratch, "initrd.cpio")
    with open(path, "wb") as file:
        file.write(archive.finish())
    return path


def disk_of(t):
    """A disk that Linux has no driver for, with the tests' own; and what is in it."""
    data = random.Random(6).randbytes(2 * MIB)
    path = os.path.join(t.scratch, "disk.img")
    with open(path, "wb") as file:
        file.write(data)
    return path, data


def check_disk(console, path, data):
    """The guest read the first MiB, and wrote its bits the other way round to the second."""
    said = re.search(r"hash: ([0-9a-f]{16})", console)[1]
    done = subprocess.run(["xxhsum", "-H1"], input=data[:MIB], check=True, capture_output=True)
    assert said == done.stdout.split()[0].decode(), f"the guest read {said}"
    with open(path, "rb") as file:
        after = file.read()
    wanted = data[:MIB] + bytes(b ^ 0xff for b in data[:MIB])
    assert after == wanted, "the disk has not what the guest wrote"


@test(envs="kvm-microvm kvm-pc xen-pvh", bound=60)
def linux(t):
    """Hypervisor, CPUID base, features, clocks, stolen time, CPUs, hypercalls; on KVM a disk's
    interrupts; on Xen xenstore's contents."""
    kind = "xen" if t.env.xen else "kvm"
    suites = ("guest", "guest_cpu", f"guest_{kind}", *(() if t.env.xen else ("guest_irq",)))
    kernel = xenimage.dom0().kernel
    same_kernel(t, kernel)
    disk, data = disk_of(t)
    guest = t.start("linux", Spec(kernel, smp=2, memory=256, initrd=initrd(t, suites),
                                  append=f"console={CONSOLE[kind]} {OPTIONS}",
                                  disks=() if t.env.xen else (Disk(disk),)))
    guest.succeed(t.patience(50))
    log = os.path.join(t.scratch, "console.log")
    with open(log, "w", encoding="utf-8") as file:
        file.write(guest.console)
    verdict = judge.judge(tree.sources(), log, suites)
    failed = [f"{name}: {detail}" for name, result, detail in verdict.cases if result != "pass"]
    told = "\n".join(verdict.problems + failed + judge.failures(log))
    assert verdict.ok() and not failed, told
    if not t.env.xen:
        check_disk(guest.console, disk, data)
    t.note(f"{verdict.count('pass')} cases")
