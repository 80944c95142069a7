#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""One count over all kinds of tests.

    results.py begin                       a new run
    results.py step SUITE NAME COMMAND...  one test: the command succeeds
    results.py suite NAME COMMAND...       a command that records tests of its own
    results.py close                       lists what did not pass, and prints the closing line

All of them work on the file that PV_RESULTS names. A runner that finds it in its environment
appends one line per test: suite <tab> test <tab> pass|fail|skip <tab> milliseconds <tab> detail.
Step and suite succeed always, so that one failure does not hide the rest; close fails if any test
did, or if there was none.
"""

import os
import re
import subprocess
import sys
import time
from collections import namedtuple

Result = namedtuple("Result", "suite test verdict ms detail")


def results_file():
    return os.environ.get("PV_RESULTS", "")


def record(suite, test, verdict, seconds, detail=""):
    """Appends a result, if somebody collects them."""
    if results_file():
        line = "\t".join((suite, test, verdict, str(int(seconds * 1000)),
                          " ".join(detail.split())))
        with open(results_file(), "a", encoding="utf-8") as file:
            file.write(line + "\n")


def load():
    with open(results_file(), encoding="utf-8") as file:
        return [Result(*(line.rstrip("\n").split("\t", 4))) for line in file]


def summary(results):
    """What did not pass, by name, and the closing line."""
    lines = []
    for verdict, title in (("skip", "skipped"), ("fail", "failed")):
        for r in results:
            if r.verdict == verdict:
                lines.append(f"{title}: {r.suite}/{r.test}: {r.detail}")
    count = {v: sum(r.verdict == v for r in results) for v in ("pass", "fail", "skip")}
    skipped = f", {count['skip']} skipped" if count["skip"] else ""
    lines.append(f"{count['pass']} passed, {count['fail']} failed{skipped}")
    return "\n".join(lines)


def begin():
    os.makedirs(os.path.dirname(results_file()), exist_ok=True)
    with open(results_file(), "w", encoding="utf-8"):
        pass


def close():
    results = load()
    print(summary(results), flush=True)
    bad = any(r.verdict not in ("pass", "skip") for r in results)
    return 1 if bad or not any(r.verdict == "pass" for r in results) else 0


def reason(done):
    """One line of what a command said: its first error, or else the last that is not make's own."""
    said = [line for line in done.stdout.splitlines() if line and not line.startswith("make")]
    errors = [line for line in said if re.search(r"\berror\b", line, re.IGNORECASE)]
    return (errors[:1] or said[-1:] or [f"exit status {done.returncode}"])[0]


def step(suite, name, command):
    start = time.monotonic()
    print(f"{suite}/{name} ...", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False)
    seconds = time.monotonic() - start
    if done.returncode:
        print(done.stdout, end="")
        record(suite, name, "fail", seconds, reason(done))
    else:
        record(suite, name, "pass", seconds)
    verdict = "FAILED" if done.returncode else "ok"
    print(f"{suite}/{name} {verdict} ({seconds:.1f} s)", flush=True)


def suite(name, command):
    print(f"{name} ...", flush=True)
    start, before = time.monotonic(), len(load())
    status = subprocess.run(command, check=False).returncode
    seconds = time.monotonic() - start
    new = load()[before:]
    if status and not any(r.verdict == "fail" for r in new):
        record(name, "run", "fail", seconds, f"ended with exit status {status}")
    elif not new:
        record(name, "run", "fail", seconds, "ran no test")
    print(f"{name}: {len(new)} tests ({seconds:.1f} s)", flush=True)


def main(argv):
    if not results_file():
        sys.exit("results.py: PV_RESULTS is not set")
    match argv:
        case ["begin"]:
            begin()
        case ["close"]:
            return close()
        case ["step", suite_name, name, *command] if command:
            step(suite_name, name, command)
        case ["suite", name, *command] if command:
            suite(name, command)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
