# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The kernel's sources: Debian's linux-source-6.1, trimmed, with libpv's folder as drivers/pv.

They are kept in LIBPV_CACHE (~/.cache/libpv) with what is built of them, and unpacked once: 250 MB of
sources, and 30 to 150 MB for each kernel.
"""

import glob
import hashlib
import os
import shutil
import subprocess

from hv import cache
from hv.errors import UserError
from hv.progress import Progress

PACKAGE = "linux-source-6.1"

# Whole folders; of the others only what configuration and make read.
FOLDERS = """
    arch/um arch/x86 block certs crypto fs include init io_uring ipc kernel lib mm net/core scripts
    security tools/arch/x86 tools/build tools/include tools/lib tools/objtool tools/scripts
    tools/testing/kunit usr virt
    drivers/acpi drivers/base drivers/char drivers/clk drivers/clocksource drivers/cpufreq
    drivers/cpuidle drivers/firmware drivers/input drivers/irqchip drivers/of drivers/pci drivers/pnp
    drivers/rtc drivers/tty drivers/video drivers/virtio drivers/xen
""".split()
FILES = ["*/Kconfig*", "*/Makefile*", "*/Kbuild*"]


def base():
    """The folder of all this in the cache."""
    path = os.path.join(cache.directory(), "kunit")
    os.makedirs(path, exist_ok=True)
    return path


def graft(tree):
    """drivers/pv is part of the kernel; what it is a link to is said by attach()."""
    kconfig = os.path.join(tree, "drivers/Kconfig")
    with open(kconfig, encoding="utf-8") as file:
        text = file.read()
    head, _, tail = text.rpartition("endmenu")
    with open(kconfig, "w", encoding="utf-8") as file:
        file.write(f'{head}source "drivers/pv/Kconfig"\nendmenu{tail}')
    with open(os.path.join(tree, "drivers/Makefile"), "a", encoding="utf-8") as file:
        file.write("obj-y += pv/\n")


def archive():
    cache.need("--unpack", cache.directory(), PACKAGE)
    found = glob.glob(os.path.join(cache.directory(), PACKAGE, "usr/src", PACKAGE + ".tar.*"))
    if not found:
        raise UserError(f"the package {PACKAGE} holds no kernel")
    return found[0]


def sources():
    """The folder of the grafted sources; made if it is not there. The caller holds the lock."""
    tar = archive()
    # Another kernel, or another list, is another folder.
    key = f"{os.path.getsize(tar)} {int(os.path.getmtime(tar))} {FOLDERS} {FILES}"
    path = os.path.join(base(), "linux-" + hashlib.sha256(key.encode()).hexdigest()[:12])
    if os.path.isdir(path):
        return path
    for old in glob.glob(os.path.join(base(), "*")):
        shutil.rmtree(old, ignore_errors=True)
    temporary = path + ".part"
    os.makedirs(temporary)
    wanted = [f"{PACKAGE}/{d}/*" for d in FOLDERS]
    wanted += [f"{PACKAGE}/{f}" for f in ("Kbuild", "Kconfig", "Makefile", "COPYING")]
    with Progress("unpacking the kernel's sources"):
        done = subprocess.run(["tar", "-xf", tar, "-C", temporary, "--strip-components=1",
                               "--wildcards", *wanted, *FILES], check=False)
    if done.returncode:
        raise UserError(f"cannot unpack {tar} to {temporary}")
    graft(temporary)
    os.rename(temporary, path)
    return path


def attach(source, build, root):
    """Makes `root` the drivers/pv of the sources, and what `build` has of another one's forgotten."""
    link = os.path.join(source, "drivers/pv")
    if not os.path.islink(link) or os.readlink(link) != root:
        if os.path.lexists(link):
            os.remove(link)
        os.symlink(root, link)
    note = os.path.join(build, ".pv-root")
    try:
        with open(note, encoding="utf-8") as file:
            if file.read() == root:
                return
    except FileNotFoundError:
        pass
    # make compares times, which say nothing between two checkouts.
    shutil.rmtree(os.path.join(build, "drivers/pv"), ignore_errors=True)
    os.makedirs(build, exist_ok=True)
    with open(note, "w", encoding="utf-8") as file:
        file.write(root)
