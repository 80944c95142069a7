# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""pv.ko in Debian's Linux as a guest: KUnit suites hold the library's answers against Linux' own."""

import os
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
from hv.spec import Spec

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


@test(envs="kvm-microvm xen-pvh", bound=60)
def linux(t):
    """Hypervisor, CPUID base, features, clock, wall clock, hypercalls; on Xen xenstore's contents."""
    kind = "xen" if t.env.xen else "kvm"
    suites = ("guest", f"guest_{kind}")
    kernel = xenimage.dom0().kernel
    same_kernel(t, kernel)
    guest = t.start("linux", Spec(kernel, memory=256, initrd=initrd(t, suites),
                                  append=f"console={CONSOLE[kind]} {OPTIONS}"))
    guest.succeed(t.patience(50))
    log = os.path.join(t.scratch, "console.log")
    with open(log, "w", encoding="utf-8") as file:
        file.write(guest.console)
    verdict = judge.judge(tree.sources(), log, suites)
    failed = [f"{name}: {detail}" for name, result, detail in verdict.cases if result != "pass"]
    told = "\n".join(verdict.problems + failed + judge.failures(log))
    assert verdict.ok() and not failed, told
    t.note(f"{verdict.count('pass')} cases")
