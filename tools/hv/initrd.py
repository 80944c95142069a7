# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Initial RAM disks: their archive format, a kernel's modules in their order, programs' libraries."""

import lzma
import os
import re
import subprocess

from .errors import UserError

FILE, DIRECTORY, LINK = 0o100755, 0o040755, 0o120777


class Cpio:
    """An archive in the format of initial RAM disks ("newc")."""

    def __init__(self):
        self._out = bytearray()
        self._names = set()

    def add(self, name, content=b"", mode=FILE):
        """Adds a file and the directories above it; what is there already is kept."""
        if name in self._names:
            return
        above = os.path.dirname(name)
        if above:
            self.add(above, mode=DIRECTORY)
        self._names.add(name)
        self._write(name, content, mode)

    def copy(self, path, name):
        """Adds a file of this machine."""
        with open(path, "rb") as file:
            self.add(name, file.read())

    def link(self, name, target):
        self.add(name, target.encode(), LINK)

    def finish(self):
        self._write("TRAILER!!!", b"", 0)
        return bytes(self._out)

    def _write(self, name, content, mode):
        number = len(self._names)
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        self._out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self._pad()
        self._out += content
        self._pad()

    def _pad(self):
        self._out += bytes(-len(self._out) % 4)


def add_modules(archive, tree, names):
    """Adds kernel modules as lib/modules/*.ko, and lib/modules/order: how to load them."""
    order = _in_order(tree, names)
    for name, content in order:
        archive.add(f"lib/modules/{name}.ko", content)
    archive.add("lib/modules/order", "".join(f"{name}.ko\n" for name, _ in order).encode())


def _in_order(tree, names):
    """The modules and what they depend on, as (name, content), each after its dependencies."""
    files = {}
    for directory, _, entries in os.walk(tree):
        for entry in entries:
            match = re.fullmatch(r"(.+)\.ko(\.xz)?", entry)
            if match:
                files[match[1].replace("-", "_")] = os.path.join(directory, entry)
    order = {}

    def add(name):
        if name in order:
            return
        if name not in files:
            raise UserError(f"the kernel in {tree} has no module {name}")
        path = files[name]
        with lzma.open(path) if path.endswith(".xz") else open(path, "rb") as file:
            content = file.read()
        for needed in re.search(rb"\0depends=([^\0]*)\0", content)[1].decode().split(","):
            if needed:
                add(needed.replace("-", "_"))
        order[name] = content

    for name in names:
        add(name)
    return list(order.items())


def libraries(programs, directories=()):
    """The paths of all shared libraries that the programs need; directories: where to look first."""
    found = set()
    env = {**os.environ, "LD_LIBRARY_PATH": ":".join(directories)}
    for program in programs:
        done = subprocess.run(["ldd", program], env=env, capture_output=True, text=True, check=False)
        missing = re.search(r"(\S+) => not found", done.stdout)
        if missing:
            raise UserError(f"{program} needs {missing[1]}, which this machine does not have")
        found.update(re.findall(r"^\s*(?:\S+ => )?(/\S+) \(0x", done.stdout, re.MULTILINE))
    return sorted(found)
