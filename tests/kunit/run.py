#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Runs the KUnit suites in a Linux kernel.

    run.py --build DIR KERNEL [SUITE[.CASE]]

Builds the kernel if it is not up to date, boots it, and judges what it says. The console, and what
the kernel's kunit.py makes of it, are in DIR/kunit/KERNEL. Then, unless a suite was named, the runner
itself is tested: what is planted must be seen, and a run of nothing must not pass.
"""

import argparse
import glob
import os
import re
import sys
import time

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

    def boot(self, cmdline, must_run, log="console.log"):
        log = os.path.join(self.out, log)
        kernel.boot(self.name, self.image, cmdline, log)
        return judge.judge(tree.sources(), log, must_run)

    def suites(self, pattern):
        start = time.monotonic()
        verdict = self.boot(f"kunit.filter_glob={pattern}" if pattern else "",
                            [] if pattern else suites(self.name))
        for name, result, detail in verdict.cases:
            results.record(self.label, name, result, 0, "" if result == "pass" else detail)
        for problem in verdict.problems:
            results.record(self.label, "run", "fail", time.monotonic() - start, problem)
        for name, result, detail in verdict.cases:
            if result != "pass":
                print(f"{detail}: {name}")
        if verdict.count("fail"):
            print("\n".join(judge.failures(os.path.join(self.out, "console.log"))))
        for problem in verdict.problems:
            print(f"{self.label}: {problem}")
        return verdict

    def built_in(self):
        """Whether the library, as a part of this kernel, began in the run of the suites."""
        if "CONFIG_PV=y" not in kernel.options(self.name):
            return True
        with open(os.path.join(self.out, "console.log"), encoding="utf-8", errors="replace") as file:
            good = bool(BUILT_IN.search(file.read()))
        detail = "" if good else "CONFIG_PV=y: the library in the kernel did not begin"
        results.record(self.label, "library in the kernel", "pass" if good else "fail", 0, detail)
        if detail:
            print(f"{self.label}: {detail}")
        return good

    def planted(self, what, cmdline, reason):
        """A run that must not pass, for this reason."""
        verdict = self.boot(cmdline, [], "planted.log")
        told = [name for name, result, _ in verdict.cases if result == "fail"] + verdict.problems
        seen = any(reason in line for line in told)
        detail = "" if seen else f"'{reason}' was awaited; it said: {'; '.join(told) or 'nothing'}"
        results.record(self.label, f"sees {what}", "pass" if seen else "fail", 0, detail)
        if not seen:
            print(f"{self.label}: {what} was not seen: {detail}")
        return seen


# What is planted, how, by which words it must be told, and the kernels that see it: None is all.
PLANTED = "kunit.filter_glob=planted planted_test.what="
PLANTS = [
    ("a failure", PLANTED + "failure", "planted.planted_failure", None),
    ("a leak", PLANTED + "leak", "planted.planted_leak", None),
    ("an access out of bounds", PLANTED + "out-of-bounds", "KASAN: slab-out-of-bounds", ["kasan"]),
    ("an empty run", "kunit.filter_glob=no_such_suite", "no test passed", None),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("kernel", choices=kernel.KERNELS)
    parser.add_argument("pattern", nargs="?", default="")
    args = parser.parse_args()
    start = time.monotonic()
    try:
        run = Run(args.kernel, os.path.abspath(os.path.join(args.build, "kunit", args.kernel)))
        verdict = run.suites(args.pattern)
        good = verdict.ok() & run.built_in()
        planted = 0
        if not args.pattern:
            for what, cmdline, reason, kernels in PLANTS:
                if kernels is None or args.kernel in kernels:
                    good &= run.planted(what, cmdline, reason)
                    planted += 1
    except PackageError:
        return 2
    except UserError as error:
        print(f"kunit: {error}", file=sys.stderr)
        return 2
    print(f"{run.label}: {verdict.count('pass')} cases passed, {verdict.count('fail')} failed" +
          (f", {verdict.count('skip')} skipped" if verdict.count("skip") else "") +
          (f"; {planted} planted faults looked for" if planted else "") +
          f" ({time.monotonic() - start:.0f} s)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
