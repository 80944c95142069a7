#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Line and branch coverage of the library by the tests that run in a process.

    report.py BUILD --full FILE      BUILD: the folder with gcc's .gcda files

A line of a header counts once, however many sources it is in; so does a branch. FILE gets a line for each
place that is not reached, with its reason, which tests/coverage/reasons must have: `file: text of the line ::
reason`, or `file: * :: reason` for all of a file. A place without a reason is an error, and so are a reason that
is not needed, and less coverage than there was (LINES, BRANCHES), whatever the reasons. Of what is no instruction
(WHOLE) each line is reached.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

WHOLE = ("hypercall/", "pv-core/", "drivers/", "include/")
LIBRARY = ("arch/", "hypercall/", "pv-core/", "drivers/", "include/")
REASONS = pathlib.Path(__file__).parent / "reasons"
LINES = 99.8  # percent that are reached, at least
BRANCHES = 99.0


class Line:
    def __init__(self):
        self.count = 0
        self.branches = {}  # number of branches in an instance -> counts

    def add(self, entry):
        self.count += entry["count"]
        counts = [b["count"] for b in entry["branches"]]
        if counts:
            old = self.branches.setdefault(len(counts), [0] * len(counts))
            for i, count in enumerate(counts):
                old[i] += count

    def taken(self):
        """(taken, all) of the most detailed instance."""
        if not self.branches:
            return 0, 0
        counts = self.branches[max(self.branches)]
        return sum(c > 0 for c in counts), len(counts)


def collect(build, root):
    files = collections.defaultdict(lambda: collections.defaultdict(Line))
    data = sorted(map(str, pathlib.Path(build).rglob("*.gcda")))
    if not data:
        sys.exit(f"coverage: no .gcda below {build}")
    said = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *data],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    for text in said.splitlines():
        for file in json.loads(text)["files"]:
            name = file["file"]
            if name.startswith(str(root) + "/"):
                name = name[len(str(root)) + 1:]
            name = name.removeprefix("./")
            if not name.startswith(LIBRARY):
                continue
            for line in file["lines"]:
                files[name][line["line_number"]].add(line)
    return files


def reasons():
    found = {}
    for number, text in enumerate(REASONS.read_text(encoding="utf-8").splitlines(), 1):
        if not text or text.startswith("#"):
            continue
        m = re.match(r"(\S+): (.*) :: (.+)", text)
        if not m:
            sys.exit(f"coverage: {REASONS}:{number}: not `file: line :: reason`")
        found[m.group(1), m.group(2)] = m.group(3)
    return found


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--full", required=True, help="where the list of what is not reached goes")
    args = parser.parse_args()
    root = pathlib.Path.cwd()
    known, used, errors, full = reasons(), set(), [], []
    total, excused = [0, 0, 0, 0], [0, 0]
    for name, lines in sorted(collect(args.build, root).items()):
        source = (root / name).read_text(encoding="utf-8").splitlines()
        part = [0, 0, 0, 0]
        for number, line in sorted(lines.items()):
            taken, branches = line.taken()
            part[0] += line.count > 0
            part[1] += 1
            part[2] += taken
            part[3] += branches
            if line.count and taken == branches:
                continue
            text = " ".join(source[number - 1].split())
            what = f"{branches - taken} of {branches} branches" if line.count else "not reached"
            key = (name, text) if (name, text) in known else (name, "*")
            reason = known.get(key)
            used.add(key)
            full.append(f"{name}:{number}: {what}: {text} :: {reason or '?'}")
            if reason and (line.count or not name.startswith(WHOLE)):
                excused[bool(line.count)] += branches - taken if line.count else 1
            else:
                errors.append(f"{name}:{number}: {what}, and no reason{' would do' * bool(reason)}: {text}")
        total = [a + b for a, b in zip(total, part)]
        print(f"{name:36} {part[0]:5}/{part[1]:<5} {percent(part[0], part[1]):6.1f} %"
              f" {part[2]:5}/{part[3]:<5} {percent(part[2], part[3]):6.1f} %")
    print(f"{'lines, branches':36} {total[0]:5}/{total[1]:<5} {percent(total[0], total[1]):6.2f} %"
          f" {total[2]:5}/{total[3]:<5} {percent(total[2], total[3]):6.2f} %")
    pathlib.Path(args.full).write_text("\n".join(full) + "\n", encoding="utf-8")
    for key in sorted(set(known) - used):
        errors.append(f"{key[0]}: {key[1]}: is reached; its reason is to go")
    if percent(total[0], total[1]) < LINES or percent(total[2], total[3]) < BRANCHES:
        errors.append(f"less than {LINES} % of lines or {BRANCHES} % of branches are reached")
    print(f"not reached, with a reason: {excused[0]} lines, and {excused[1]} branches of others: {args.full}")
    for error in errors:
        print(f"coverage: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
