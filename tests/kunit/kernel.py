# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The kernels that run the suites: how each is configured, built and booted."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple

import tree
from hv import cache
from hv.errors import UserError
from hv.progress import Progress

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

PACKAGES = ["gcc", "make", "libc6-dev", "libxen-dev", "binutils", "flex", "bison", "bc", "perl",
            "xz-utils", "python3"]

# config: its fragment; packages: what it takes beyond those; make: variables; image: what is built, below
# the build folder; argv: what boots {image}, the kernel's command line being appended, or in {append}'s place.
Kernel = namedtuple("Kernel", "config arch packages make image argv cmdline")

UM = ["{image}", "mem=512M"]
# libgcov for a kernel: a name is not the kernel's, and counters are written by the process's last function.
COVERAGE = ["PV_KUNIT_CFLAGS=-fprofile-arcs -ftest-coverage",
            "LD_FLAGS_CMDLINE=-fprofile-arcs -ftest-coverage -L{build}/gcov -Wl,-fini=__gcov_exit"]
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "512", "-M", "microvm,x-option-roms=off,rtc=off", "-nodefaults", "-no-user-config",
        "-no-reboot", "-display", "none", "-serial", "stdio", "-kernel", "{image}", "-append",
        "{append}"]

KERNELS = {
    "um": Kernel("um", "um", [], [], "linux", UM, "kunit_shutdown=halt"),
    "kasan": Kernel("kasan", "um", [], [], "linux", UM, "kunit_shutdown=halt"),
    "coverage": Kernel("um", "um", ["lcov"], COVERAGE, "linux", UM, "kunit_shutdown=halt"),
    "x86": Kernel("x86", "x86_64", ["qemu-system-x86", "libelf-dev"], [], "vmlinux", QEMU,
                  # The TSC's rate is said: a busy machine would measure another.
                  "console=ttyS0 panic=-1 kunit_shutdown=reboot reboot=triple "
                  "tsc_early_khz=1000000 tsc=reliable"),
}


def config_of(name):
    return os.path.join(HERE, "config", KERNELS[name].config + ".config")


def options(name):
    """The lines of its fragment."""
    with open(config_of(name), encoding="utf-8") as file:
        return file.read().splitlines()


def make_argv(name, source, build):
    kernel = KERNELS[name]
    return ["make", "-s", "-C", source, f"ARCH={kernel.arch}", f"O={build}",
            f"-j{os.cpu_count() or 1}", "KBUILD_BUILD_TIMESTAMP=1",
            *(variable.replace("{build}", build) for variable in kernel.make)]


def run(argv, what, log):
    """
    Runs a part of the build; what it said is in the log. What our own make was told, as its O=, is not for the
    kernel's.
    """
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES")}
    with Progress(what), open(log, "w", encoding="utf-8") as file:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=file, env=env,
                              stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        with open(log, encoding="utf-8", errors="replace") as file:
            print(file.read()[-6000:], file=sys.stderr)
        raise UserError(f"{what} failed")


def warnings(log):
    """The compiler's complaints of our files; the kernel's own are not ours to mend."""
    with open(log, encoding="utf-8", errors="replace") as file:
        return [line.rstrip() for line in file if "/drivers/pv/" in line and "warning:" in line]


def configure(name, source, build):
    """Writes .config anew if the fragment changed; each of its options must have been taken."""
    fragment = config_of(name)
    with open(fragment, encoding="utf-8") as file:
        text = file.read()
    kept = os.path.join(build, ".fragment")
    if os.path.exists(kept) and os.path.exists(os.path.join(build, ".config")):
        with open(kept, encoding="utf-8") as file:
            if file.read() == text:
                return
    run([*make_argv(name, source, build), f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"],
        f"configuring the kernel {name}", os.path.join(build, "config.log"))
    with open(os.path.join(build, ".config"), encoding="utf-8") as file:
        taken = set(file.read().splitlines())
    for line in text.splitlines():
        if line.startswith("CONFIG_") and line not in taken:
            raise UserError(f"{fragment}: the kernel does not take {line}")
    with open(kept, "w", encoding="utf-8") as file:
        file.write(text)


def begin(name, source, build):
    """What precedes the build of a kernel that differs from another one in our files only."""
    config = KERNELS[name].config
    if config == name:
        return
    if not os.path.isdir(build):
        # Its objects are those of the other one: no command names the build folder.
        first = os.path.join(tree.base(), config)
        tree.attach(source, first, ROOT)
        configure(config, source, first)
        run([*make_argv(config, source, first), KERNELS[config].image],
            f"building the kernel {config}", os.path.join(first, "build.log"))
        shutil.copytree(first, build, symlinks=True)
        shutil.rmtree(os.path.join(build, "drivers/pv"))
    if not os.path.isdir(os.path.join(build, "gcov")):
        library = subprocess.run(["gcc", "-print-file-name=libgcov.a"], stdout=subprocess.PIPE,
                                 text=True, check=True).stdout.strip()
        os.makedirs(os.path.join(build, "gcov"))
        subprocess.run(["objcopy", "--redefine-sym", "mangle_path=gcov_mangle_path", library,
                        os.path.join(build, "gcov/libgcov.a")], check=True)


def build_kernel(name, out):
    """Builds the kernel and puts it into the folder `out`: its path there."""
    kernel = KERNELS[name]
    cache.need(*PACKAGES, *kernel.packages)
    with cache.lock("kunit"):
        source = tree.sources()
        build = os.path.join(tree.base(), name)
        begin(name, source, build)
        tree.attach(source, build, ROOT)
        configure(name, source, build)
        log = os.path.join(build, "build.log")
        target = os.path.basename(kernel.image)
        run([*make_argv(name, source, build), target], f"building the kernel {name}", log)
        complaints = warnings(log)
        if complaints:
            raise UserError("\n".join(["warnings:", *complaints]))
        # Another checkout may build as soon as the lock is free.
        os.makedirs(out, exist_ok=True)
        image = os.path.join(out, target)
        shutil.copyfile(os.path.join(build, kernel.image), image)
        shutil.copymode(os.path.join(build, kernel.image), image)
    return image


def boot(name, image, cmdline, log, timeout=300):
    """Runs the kernel until it halts; its console is in the log."""
    words = f"kunit.enable=1 panic_on_warn=1 {KERNELS[name].cmdline} {cmdline}"
    argv = [a.format(image=image, append=words) for a in KERNELS[name].argv]
    if argv == [a.replace("{image}", image) for a in KERNELS[name].argv]:
        argv += words.split()
    with open(log, "wb") as file:
        try:
            subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                           timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            file.write(f"\nended after {timeout} s\n".encode())
