#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Takes out the library's validation branches, one at a time, and runs the quick tests: they must notice.

    run.py --build DIR [-j N] [FILE...]

The tests are the units, suite by suite, the fuzzers' kept inputs, target by target, and the simulator's lives in
which allocations, hypercalls and grants fail, rig by rig. All mutants are in one build (find.py); a first run of each
test tells which branches it sees taken, and only those tests are run without it: the suites that say they cover the
file first, then the others, the quickest first. What nobody notices is listed, but for what tests/mutants/equivalent
has a reason for.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE), os.path.join(ROOT, "tests/matrix")]
import find  # noqa: E402
from mutate import copy  # noqa: E402
from results import record  # noqa: E402

LEAST = 100  # per cent of those that can be noticed
RIGS = ("virtio-blk", "blkfront", "virtio-net", "netfront")
SURVEY = 600  # seconds of a test with nothing taken out
SECONDS, TIMES = 10, 6  # one that takes longer, and this many times what it took, has noticed: it hangs


class Wrong(Exception):
    pass


def prepare(tree):
    """Makes the copy with all mutants in it; the branches."""
    copy(tree)
    branches = []
    for file in find.sources(ROOT):
        text, found = find.transform(os.path.join(ROOT, file), file, len(branches))
        branches += found
        path = os.path.join(tree, file)
        with open(path, encoding="utf-8") as old:
            same = old.read() == text
        if not same:
            with open(path, "w", encoding="utf-8") as new:
                new.write(text)
    with open(os.path.join(HERE, "runtime.c"), encoding="utf-8") as file:
        runtime = file.read()
    with open(os.path.join(tree, "ports/host/mutants.c"), "w", encoding="utf-8") as file:
        file.write(runtime)
    done = subprocess.run(["make", "--no-print-directory", f"-j{os.cpu_count()}", "O=build", "build/host/unit",
                           "build/fuzz/fuzz", "build/host/sim", "WARN="],
                          cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Wrong("the mutants do not build:\n" + done.stdout[-4000:])
    return branches


def command(test):
    kind, name = test.split("/")
    if kind == "unit":
        return ["build/host/unit", "--filter", name]
    if kind == "sim":
        return ["build/host/sim", "--rig", name, "--only", "nth"]
    return ["/usr/bin/python3", "-B", "tests/fuzz/run.py", "--program", "build/fuzz/fuzz", "--work",
            f"build/fuzz/mutants/{os.getpid()}-{name}", "replay", "--target", name]


def passes(tree, test, seconds, **variables):
    env = dict(os.environ, **variables)
    env.pop("PV_RESULTS", None)
    try:
        done = subprocess.run(command(test), cwd=tree, env=env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def tests(tree):
    def words(*argv):
        return subprocess.run(argv, cwd=tree, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    suites = dict.fromkeys(case.split(".")[0] for case in words("build/host/unit", "--list"))
    return [*(f"unit/{s}" for s in suites), *(f"fuzz/{t}" for t in words("build/fuzz/fuzz", "--list")),
            *(f"sim/{rig}" for rig in RIGS)]


def covers():
    """{file of the library: the unit tests that say they cover it}."""
    found = {}
    folder = os.path.join(ROOT, "kunit")
    for name in sorted(os.listdir(folder)):
        if name.endswith("_test.c"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                comment = file.read().split("*/")[1]
            for path in re.findall(r"[\w/-]+\.[ch]\b", comment.partition("Covers:")[2]):
                found.setdefault(path, set()).add("unit/" + name.removesuffix("_test.c"))
    return found


def survey(tree, pool):
    """{branch: the tests that see it taken, the quickest first}; {test: the seconds that it takes}."""
    def one(test):
        with tempfile.NamedTemporaryFile("r") as seen:
            start = time.monotonic()
            if not passes(tree, test, SURVEY, PV_MUTANTS_SEEN=seen.name):
                raise Wrong(f"{test} fails with nothing taken out")
            return time.monotonic() - start, test, {int(n) for n in seen.read().split()}
    seen_by, takes = {}, {}
    for seconds, test, seen in sorted(pool.map(one, tests(tree)), key=lambda found: found[:2]):
        takes[test] = seconds
        for number in seen:
            seen_by.setdefault(number, []).append(test)
    return seen_by, takes


def by_folder(chosen, left, excused):
    """A line for each folder, with its numbers."""
    for folder in sorted({os.path.dirname(b.file) for b in chosen}):
        def those(branches):
            return sum(os.path.dirname(b.file) == folder for b in branches)  # noqa: B023
        can = those(chosen) - those(excused)
        print(f"{folder:24} {can - those(left):5}/{can:<5} {100 * (can - those(left)) / max(can, 1):6.1f} %")


def equivalents():
    """{a branch's name: the reason why nobody can notice}."""
    reasons, reason = {}, None
    with open(os.path.join(HERE, "equivalent"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("\t"):
                reasons[line.strip()] = reason
            elif line.strip() and not line.startswith("#"):
                reason = line.strip()
    return reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", help="only branches of files whose path has this in it")
    args = parser.parse_args()
    tree = os.path.join(args.build, "tree")
    start = time.monotonic()
    try:
        branches = prepare(tree)
        reasons = equivalents()
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            seen_by, takes = survey(tree, pool)
            covered_by = covers()
            chosen = [b for b in branches if not args.files or any(f in b.file for f in args.files)]
            if not chosen:
                raise Wrong(f"no branch is in {' '.join(args.files)}")

            def notices(branch):
                likely = covered_by.get(branch.file, ())
                for test in sorted(seen_by.get(branch.number, []), key=lambda t: t not in likely):
                    seconds = max(SECONDS, TIMES * takes[test])
                    if not passes(tree, test, seconds, PV_MUTANT=str(branch.number)):
                        return test
                return None
            noticed = list(pool.map(notices, chosen))
    except Wrong as problem:
        sys.exit(f"mutants: {problem}")
    survivors = [b for b, test in zip(chosen, noticed) if not test]
    excused = [b for b in survivors if b.name in reasons]
    left = [b for b in survivors if b.name not in reasons]
    stale = [] if args.files else sorted(set(reasons) - {b.name for b in survivors})
    for b in left:
        seen = len(seen_by.get(b.number, []))
        print(f"{b.file}:{b.line}: {b.function}: {b.text}  [{f'{seen} tests saw it' if seen else 'never taken'}]")
    for name in stale:
        print(f"tests/mutants/equivalent: no survivor: {name}")
    by_folder(chosen, left, excused)
    can = len(chosen) - len(excused)
    share = 100 * (can - len(left)) / max(can, 1)
    print(f"mutants: {len(chosen)} branches, {can - len(left)} noticed, {len(left)} not, {len(excused)} that make no difference: "
          f"{share:.1f} % ({time.monotonic() - start:.0f} s)")
    good = share >= LEAST and not stale
    record("mutants", "noticed", "pass" if good else "fail", time.monotonic() - start, f"{share:.1f} %")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
