#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""How much of the library the suites reach, in UML.

    coverage.py --build DIR

Prints lines and branches of each folder and of the sources that have least, and writes a report in HTML
to DIR/coverage. Fails if the suites do, or if core and drivers have less than LEAST percent of lines.
"""

import argparse
import glob
import os
import re
import subprocess
import sys
from collections import defaultdict

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests"), HERE]

import run
import tree
from hv import cache
from hv.errors import PackageError, UserError

LEAST = 85.0
FOLDERS = ("pv-core", "drivers", "hypercall", "arch")
BRANCHES = ["--rc", "lcov_branch_coverage=1"]


def lcov(*arguments):
    done = subprocess.run([*arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode:
        raise UserError(f"{arguments[0]} failed: {done.stdout[-2000:]}")


class Sum:
    def __init__(self):
        self.lines, self.hit_lines, self.branches, self.hit_branches = 0, 0, 0, 0

    def add(self, other):
        self.lines += other.lines
        self.hit_lines += other.hit_lines
        self.branches += other.branches
        self.hit_branches += other.hit_branches

    def percent(self):
        return 100.0 * self.hit_lines / self.lines if self.lines else 0.0

    def text(self):
        branches = 100.0 * self.hit_branches / self.branches if self.branches else 100.0
        return (f"lines {self.percent():5.1f} % of {self.lines:5}   "
                f"branches {branches:5.1f} % of {self.branches:5}")


def read(info):
    """{source below the project: what it has}"""
    found, counts = {}, {"LF": "lines", "LH": "hit_lines", "BRF": "branches", "BRH": "hit_branches"}
    with open(info, encoding="utf-8") as file:
        for line in file:
            key, _, value = line.strip().partition(":")
            if key == "SF":
                path = os.path.relpath(os.path.realpath(value), ROOT)
                current = found.setdefault(path, Sum())
            elif key in counts:
                setattr(current, counts[key], int(value))
    return found


def collect(objects, out):
    os.makedirs(out, exist_ok=True)
    info = os.path.join(out, "coverage.info")
    lcov("lcov", "-q", *BRANCHES, "-c", "-d", objects, "-o", info + ".all")
    wanted = [f"{ROOT}/{folder}/*" for folder in FOLDERS]
    with open(info + ".all", encoding="utf-8") as file:
        text = re.sub(r"^SF:(.*)$", lambda m: "SF:" + os.path.realpath(m.group(1)), file.read(),
                      flags=re.M)
    with open(info + ".all", "w", encoding="utf-8") as file:
        file.write(text)
    lcov("lcov", "-q", *BRANCHES, "-e", info + ".all", *wanted, "-o", info)
    lcov("genhtml", "-q", "--branch-coverage", "--prefix", ROOT, "-o", out, info)
    return info


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    out = os.path.abspath(os.path.join(args.build, "coverage"))
    try:
        suites = run.Run("coverage", os.path.join(out, "kernel"))
        objects = os.path.join(tree.base(), "coverage/drivers/pv/kunit")
        with cache.lock("kunit"):
            for path in glob.glob(os.path.join(objects, "**/*.gcda"), recursive=True):
                os.remove(path)
            if not suites.suites("").ok():
                return 1
            found = read(collect(objects, out))
    except PackageError:
        return 2
    except UserError as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 2
    folders = defaultdict(Sum)
    for path, counts in found.items():
        folders[os.path.dirname(path)].add(counts)
    for folder in sorted(folders):
        print(f"{folder:20} {folders[folder].text()}")
    for path in sorted(found, key=lambda p: found[p].percent())[:10]:
        print(f"  {path:32} {found[path].text()}")
    total = Sum()
    for path, counts in found.items():
        if path.startswith(("pv-core/", "drivers/")):
            total.add(counts)
    print(f"core and drivers:    {total.text()}; report: {os.path.relpath(out)}/index.html")
    if total.percent() < LEAST:
        print(f"coverage: less than {LEAST} % of lines", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
