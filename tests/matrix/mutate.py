#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Takes out of the library what tests/matrix/mutations names, one at a time, in a copy of the tree,
and runs the tests that must notice.

    mutate.py --build DIR [ROW...]
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from matrix import ROOT, Wrong, mutations  # noqa: E402
from results import record  # noqa: E402

SECONDS = 120
PROGRAMS = {"unit": "build/host/unit", "explore": "build/explore/explore", "sim": "build/host/sim"}


def copy(tree):
    """The project's files, as they are, and no others; what was built in build/ before stays."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split()
    for folder, below, files in os.walk(tree):
        if folder == tree and "build" in below:
            below.remove("build")
        for file in files:
            path = os.path.join(folder, file)
            if os.path.relpath(path, tree) not in names:
                os.remove(path)
    for name in names:
        source, target = os.path.join(ROOT, name), os.path.join(tree, name)
        if not os.path.exists(source):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(source, "rb") as now:
            is_there = os.path.exists(target) and open(target, "rb").read() == now.read()
        if not is_there:
            shutil.copyfile(source, target)


def build(tree, programs):
    # What is taken out may leave something unused.
    done = subprocess.run(["make", "--no-print-directory", "O=build", *programs, "WARN="], cwd=tree,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Wrong("it does not build: " + " ".join(done.stdout.split())[-300:])


def passes(tree, test):
    kind, name = test.split("/")
    argv = {"unit": ["build/host/unit", "--filter", name],
            "explore": ["build/explore/explore", name],
            "sim": ["build/host/sim", *(["--only", "nth"] if name == "nth" else
                                        ["--rig", name, "--only", "one-fault"])]}[kind]
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1")
    env.pop("PV_RESULTS", None)
    try:
        done = subprocess.run(argv, cwd=tree, env=env, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False
    # The planted bugs of a scenario have no say here.
    if kind == "explore":
        first = done.stdout.split("\n")[0]
        return first.startswith(name + " ") and "FAILED" not in first
    if "unit: 0 cases passed, 0 failed" in done.stdout:
        raise Wrong(f"there is no {test}")
    return done.returncode == 0


def one(tree, m):
    path = os.path.join(tree, m.file)
    with open(path, encoding="utf-8") as file:
        was = file.read()
    if was.count(m.old) != 1:
        raise Wrong(f"its text is not once in {m.file}")
    programs = sorted({PROGRAMS[t.split("/")[0]] for t in m.tests})
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(was.replace(m.old, m.new))
        build(tree, programs)
        blind = [test for test in m.tests if passes(tree, test)]
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(was)
    if blind:
        raise Wrong("not noticed by " + " ".join(blind))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("rows", nargs="*", type=int)
    args = parser.parse_args()
    tree = os.path.join(args.build, "tree")
    bad = count = 0
    try:
        wanted = [m for m in mutations() if not args.rows or set(m.rows) & set(args.rows)]
        copy(tree)
        build(tree, sorted({PROGRAMS[t.split("/")[0]] for m in wanted for t in m.tests}))
    except Wrong as wrong:
        sys.exit(f"mutate: {wrong}")
    for m in wanted:
        name = f"row-{'-'.join(map(str, m.rows))}-line-{m.line}"
        start = time.monotonic()
        try:
            one(tree, m)
            error = ""
        except Wrong as wrong:
            error = str(wrong)
        count += 1
        bad += bool(error)
        record("mutations", name, "fail" if error else "pass", time.monotonic() - start, error)
        print(f"{name:24s} {'FAILED: ' + error if error else 'noticed by ' + ' '.join(m.tests)}",
              flush=True)
    print(f"mutations: {count - bad} noticed, {bad} not")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
