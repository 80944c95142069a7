#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Builds the library and the suites as modules for Debian's kernel: pv.ko, and a module for each suite.

    modules.py --build DIR

The kernel's headers are those of linux-headers-amd64, or the folder that KDIR names. Compiler warnings
(W=1) and sparse's (C=1) of our files fail the build. The modules, and KUnit's own, which Debian's kernel
lacks, are in DIR/modules/ko.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests"), HERE]

import kernel
import tree
from hv import cache
from hv.errors import PackageError, UserError

HEADERS = "linux-headers-amd64"
SPARSE_HEADER = os.path.join(ROOT, "ports/linux/sparse.h")


def version_key(path):
    return [int(n) for n in re.findall(r"\d+", os.path.basename(path))]


def headers():
    """The folder that modules are built against."""
    if os.environ.get("KDIR"):
        return os.environ["KDIR"]
    cache.need(HEADERS)
    found = sorted(glob.glob("/usr/src/linux-headers-*-amd64"), key=version_key)
    if not found:
        raise UserError(f"{HEADERS} is installed, but /usr/src has no headers")
    return found[-1]


def link_tree(out, files):
    """`out` has a link for each file, {name: target}, and for none that went; objects stay."""
    for folder, _, names in os.walk(out):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path) and os.path.relpath(path, out) not in files and \
                    not path.endswith("/include/pv_xen"):
                os.remove(path)
    for name, target in files.items():
        path = os.path.join(out, name)
        if os.path.islink(path) and os.readlink(path) == target:
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.remove(path)
        os.symlink(target, path)


def our_files():
    """What a kernel's build takes of the project."""
    listed = subprocess.run(["tests/checks/files", "*.c", "*.h", "*.S", "*Kbuild", "Kconfig", "pv.mk"],
                            cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    folders = ("include/", "arch/", "hypercall/", "pv-core/", "drivers/", "kunit/", "ports/linux/",
               "ports/host/", "ports/bare/Kbuild", "Kbuild", "Kconfig", "pv.mk")
    return {f: os.path.join(ROOT, f) for f in listed if f.startswith(folders)}


def make_modules(kdir, folder, what, log, *variables):
    kernel.run(["make", "-s", "-C", kdir, f"M={folder}", f"-j{os.cpu_count() or 1}", *variables,
                "modules"], what, log)


def build_kunit(kdir, out):
    """KUnit as a module; the file of its symbols."""
    with cache.lock("kunit"):
        source = tree.sources()
    names = {os.path.basename(f): f for f in glob.glob(os.path.join(source, "lib/kunit/*.[ch]"))}
    own = os.path.join(ROOT, "ports/linux/kunit")
    names.update({f: os.path.join(own, f) for f in os.listdir(own)})
    link_tree(out, names)
    make_modules(kdir, out, "building KUnit as a module", os.path.join(out, "build.log"))
    return os.path.join(out, "Module.symvers")


def sparse():
    """How sparse is called, and all that its answer depends on but the sources."""
    flags = f"-Wno-bitwise -include {SPARSE_HEADER}"
    version = subprocess.run(["sparse", "--version"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    with open(SPARSE_HEADER, encoding="utf-8") as file:
        return flags, f"{flags} {version} {file.read()}"


def complaints_of(log, places):
    """Warnings and errors in our files, and modpost's."""
    with open(log, encoding="utf-8", errors="replace") as file:
        return [line.rstrip() for line in file
                if re.search(r"\b(warning|error):|WARNING: modpost", line) and
                any(place in line for place in (*places, "modpost"))]


def build_checked(kdir, folder, log, symbols):
    """
    Builds the project's modules with W=1 and sparse. A source is checked when it is compiled (C=1); all are (C=2)
    if sparse is another one than the last time. What a run compiled that ended with an error or a warning is
    removed, so that an object is there only if its source was checked, and nothing was said.
    """
    flags, key = sparse()
    note = os.path.join(os.path.dirname(folder), "sparse")
    same = os.path.exists(note) and open(note, encoding="utf-8").read() == key
    if not same and os.path.exists(note):
        os.remove(note)
    start, complaints = time.time(), ["it was not built"]
    try:
        make_modules(kdir, folder, "building the modules", log, "W=1", f"C={1 if same else 2}",
                     f"CF={flags}", "CONFIG_PV=m", "CONFIG_PV_KUNIT_TEST=m",
                     f"KBUILD_EXTRA_SYMBOLS={symbols}")
        complaints = complaints_of(log, (os.path.dirname(folder), ROOT))
        if complaints:
            raise UserError("\n".join(["warnings:", *complaints[:40]]))
    finally:
        if complaints:
            for path in glob.glob(os.path.join(folder, "**/*.o"), recursive=True):
                if os.path.getmtime(path) >= start - 1:
                    os.remove(path)
    with open(note, "w", encoding="utf-8") as file:
        file.write(key)


def build_all(kdir, out):
    """All modules, collected in out/ko: their number. Warnings are an error, now and the next time."""
    note = os.path.join(out, "kdir")
    if os.path.isdir(out) and (not os.path.exists(note) or open(note).read() != kdir):
        shutil.rmtree(out)
    os.makedirs(out, exist_ok=True)
    with open(note, "w", encoding="utf-8") as file:
        file.write(kdir)
    symbols = build_kunit(kdir, os.path.join(out, "kunit"))
    folder, log = os.path.join(out, "pv"), os.path.join(out, "build.log")
    link_tree(folder, our_files())
    build_checked(kdir, folder, log, symbols)
    collected = os.path.join(out, "ko")
    shutil.rmtree(collected, ignore_errors=True)
    os.makedirs(collected)
    suites = {os.path.basename(f)[:-2] for f in our_files() if f.endswith("_test.c")}
    wanted = {"pv.ko", "kunit.ko"} | {f"pv_{s}.ko" for s in suites}
    # Of a suite that had another name once, there may be a module still.
    for path in glob.glob(os.path.join(out, "*", "**/*.ko"), recursive=True):
        if os.path.basename(path) in wanted:
            shutil.copy(path, collected)
    if wanted != set(os.listdir(collected)):
        raise UserError("not built: " + " ".join(sorted(wanted - set(os.listdir(collected)))))
    return len(wanted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    start = time.monotonic()
    try:
        cache.need(*kernel.PACKAGES, "sparse")
        out = os.path.abspath(os.path.join(args.build, "modules"))
        number = build_all(headers(), out)
    except PackageError:
        return 2
    except UserError as error:
        print(f"modules: {error}", file=sys.stderr)
        return 2
    print(f"modules: {number} modules, no warning ({time.monotonic() - start:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
