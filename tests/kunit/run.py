#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Runs the KUnit suites in a Linux kernel.

    run.py --build DIR KERNEL [SUITE[.CASE]]

Builds the kernel if it is not up to date, boots it, and judges what it says. The console, and what
the kernel's kunit.py makes of it, are in DIR/kunit/KERNEL. Unless a suite was named, the suites are run
by two such kernels at once, each of which keeps a CPU busy with half of them; and the runner itself is
tested, too: what is planted must be seen, and a run of nothing must not pass.
"""

import argparse
import fnmatch
import glob
import os
import re
import sys
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests"), HERE]

import judge
import kernel
import results
import tree
from hv.errors import PackageError, UserError


def suites(name):
    """Those of a kernel; each file is a suite of its name."""
    folders = ["kunit", "kunit/linux", *(["kunit/x86"] if name == "x86" else [])]
    return [os.path.basename(f)[:-len("_test.c")]
            for folder in folders
            for f in glob.glob(os.path.join(ROOT, folder, "*_test.c"))]


# CONFIG_PV=y: what the library in the kernel says when it begins.
BUILT_IN = re.compile(r"pv: libpv \S+ on ", re.MULTILINE)


class Run:
    def __init__(self, name, out):
        self.name, self.out = name, out
        self.label = "kunit" if name == "um" else f"kunit-{name}"
        self.image = kernel.build_kernel(name, out)

    def boot(self, log, cmdline, must_run=()):
        log = os.path.join(self.out, log)
        kernel.boot(self.name, self.image, cmdline, log)
        return judge.judge(tree.sources(), log, must_run)

    def suites(self, verdict):
        """Whether those of one boot passed; tells of those that did not."""
        for name, result, detail in verdict.cases:
            results.record(self.label, name, result, 0, "" if result == "pass" else detail)
        for problem in verdict.problems:
            results.record(self.label, "run", "fail", 0, problem)
        for name, result, detail in verdict.cases:
            if result != "pass":
                print(f"{detail}: {name}")
        if verdict.count("fail"):
            print("\n".join(judge.failures(verdict.log)))
        for problem in verdict.problems:
            print(f"{self.label}: {problem}")
        return verdict.ok()

    def built_in(self, verdict):
        """Whether the library, as a part of this kernel, began in that boot."""
        if "CONFIG_PV=y" not in kernel.options(self.name):
            return True
        with open(verdict.log, encoding="utf-8", errors="replace") as file:
            good = bool(BUILT_IN.search(file.read()))
        detail = "" if good else "CONFIG_PV=y: the library in the kernel did not begin"
        results.record(self.label, "library in the kernel", "pass" if good else "fail", 0, detail)
        if detail:
            print(f"{self.label}: {detail}")
        return good

    def planted(self, verdict, what, reason):
        """Whether a run did not pass, for this reason."""
        told = [name for name, result, _ in verdict.cases if result == "fail"] + verdict.problems
        seen = any(reason in line for line in told)
        detail = "" if seen else f"'{reason}' was awaited; it said: {'; '.join(told) or 'nothing'}"
        results.record(self.label, f"sees {what}", "pass" if seen else "fail", 0, detail)
        if not seen:
            print(f"{self.label}: {what} was not seen: {detail}")
        return seen


# What is planted, how, by which words it must be told, and the kernels that see it: None is all.
Plant = namedtuple("Plant", "what cmdline reason kernels")
PLANTED = "kunit.filter_glob=planted planted_test.what="
PLANTS = [
    Plant("a failure", PLANTED + "failure", "planted.planted_failure", None),
    Plant("a leak", PLANTED + "leak", "planted.planted_leak", None),
    Plant("an access out of bounds", PLANTED + "out-of-bounds", "KASAN: slab-out-of-bounds", ["kasan"]),
    Plant("an empty run", "kunit.filter_glob=no_such_suite", "no test passed", None),
]


# By their first letters; each takes about as long as the other.
HALVES = ["[!t-z]*", "[t-z]*"]


def run_all(run, pattern):
    """Verdicts: of the boots of suites, and of each plant."""
    if pattern:
        return [run.boot("console.log", f"kunit.filter_glob={pattern}")], []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        halves = [pool.submit(run.boot, f"console{i}.log", f"kunit.filter_glob={half}",
                              fnmatch.filter(suites(run.name), half))
                  for i, half in enumerate(HALVES)]
        plants = [(plant, pool.submit(run.boot, f"planted{i}.log", plant.cmdline))
                  for i, plant in enumerate(PLANTS)
                  if plant.kernels is None or run.name in plant.kernels]
        return [half.result() for half in halves], [(plant, done.result()) for plant, done in plants]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("kernel", choices=kernel.KERNELS)
    parser.add_argument("pattern", nargs="?", default="")
    args = parser.parse_args()
    start = time.monotonic()
    try:
        run = Run(args.kernel, os.path.abspath(os.path.join(args.build, "kunit", args.kernel)))
        verdicts, planted = run_all(run, args.pattern)
        good = run.built_in(verdicts[0])
        for verdict in verdicts:
            good &= run.suites(verdict)
        for plant, verdict in planted:
            good &= run.planted(verdict, plant.what, plant.reason)
    except PackageError:
        return 2
    except UserError as error:
        print(f"kunit: {error}", file=sys.stderr)
        return 2
    count = {word: sum(verdict.count(word) for verdict in verdicts)
             for word in ("pass", "fail", "skip")}
    print(f"{run.label}: {count['pass']} cases passed, {count['fail']} failed" +
          (f", {count['skip']} skipped" if count["skip"] else "") +
          (f"; {len(planted)} planted faults looked for" if planted else "") +
          f" ({time.monotonic() - start:.0f} s)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
