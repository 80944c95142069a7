# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What a run of the suites comes to.

KTAP is read by the kernel's own tools/testing/kunit/kunit.py. Beyond its verdict a run fails if no test
ran, if a suite that was built did not, if the kernel complained, or if it did not come to its end.
"""

import json
import os
import re
import subprocess
import sys

COMPLAINT = re.compile(r"(BUG|WARNING|KASAN|UBSAN|Oops)\b[: ]|Kernel panic|^ended after ")
ENDED = re.compile("reboot: (System halted|Restarting system|Power down)")


class Verdict:
    def __init__(self, log):
        self.log = log  # the console's
        self.cases = []  # (name, passed, failed or skipped, detail)
        self.problems = []  # of the run as a whole

    def ok(self):
        return not self.problems and all(v != "fail" for _, v, _ in self.cases)

    def count(self, verdict):
        return sum(v == verdict for _, v, _ in self.cases)


VERDICTS = {"PASS": "pass", "SKIP": "skip"}


def cases_of(group, prefix, found):
    """Results in the order of the run; a parameter is a case of its own."""
    for case in group.get("test_cases", []):
        name = f"{prefix}{case['name']}"
        found.append((name, VERDICTS.get(case["status"], "fail"), case["status"].lower()))
    for sub in group.get("sub_groups", []):
        cases_of(sub, f"{prefix}{sub['name']}{':' if '.' in prefix else '.'}", found)


def parse(source, log):
    """kunit.py's report, in text and as data; both are left beside the log."""
    report = os.path.splitext(log)[0] + ".json"
    if os.path.exists(report):
        os.remove(report)
    done = subprocess.run([sys.executable, os.path.join(source, "tools/testing/kunit/kunit.py"),
                           "parse", f"--json={report}", log],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    with open(os.path.splitext(log)[0] + ".report", "w", encoding="utf-8") as file:
        file.write(done.stdout)
    try:
        with open(report, encoding="utf-8") as file:
            return done.returncode, done.stdout, json.load(file)
    except FileNotFoundError:
        return done.returncode or 1, done.stdout, {}


def judge(source, log, suites):
    """suites: those that must have run."""
    verdict = Verdict(log)
    status, report, data = parse(source, log)
    cases_of(data, "", verdict.cases)
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.read().replace("\r", "").splitlines()
    for number, line in enumerate(lines):
        if COMPLAINT.search(line):
            verdict.problems.append(f"the kernel's log, line {number + 1}: {line.strip()}")
            break
    if not any(ENDED.search(line) for line in lines):
        verdict.problems.append("the kernel did not come to its end")
    if not verdict.count("pass"):
        verdict.problems.append("no test passed")
    ran = {name.split(".")[0] for name, _, _ in verdict.cases}
    missing = sorted(set(suites) - ran)
    if missing:
        verdict.problems.append("suites that did not run: " + " ".join(missing))
    errors = [line for line in report.splitlines() if "[ERROR] Test" in line]
    verdict.problems += errors[:3]
    if status and verdict.ok():
        verdict.problems.append("kunit.py: " + (report.strip().splitlines() or ["no report"])[-1])
    return verdict


def failures(log):
    """What KUnit said of each failed expectation."""
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = [line.rstrip() for line in file]
    told = []
    for i, line in enumerate(lines):
        if re.search(r"# .*: (EXPECTATION|ASSERTION) FAILED at", line):
            told += lines[i:i + 4]
    return told[:40]
