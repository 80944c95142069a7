#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The rows of docs/faults.md, and the tests that cover each.

    matrix.py           prints them; a row without a test as `none`
    matrix.py --check   prints nothing but what is wrong

A test says so by "Fault row 7" or "Fault rows 7, 44" in the comment before it. What is wrong: a row
that there is not, a test of a unit suite or scenario that there is not, a test that covers a row for
which tests/matrix/mutations takes nothing out, and the other way round.
"""

import os
import re
import sys
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAYS = re.compile(r"Fault rows? ([0-9, ]+)")
TEST = re.compile(r"^static void (\w+)\(struct kunit \*test\)|^const struct explore_scenario explore_\w+ = \{"
                  r"\n\t\.name = \"([^\"]+)\"|^unsigned long sim_(nth)\(|"
                  r"^const struct sim_rig sim_\w+ = \{\n\t\.name = \"([^\"]+)\"", re.MULTILINE)

Mutation = namedtuple("Mutation", "rows file old new tests line")


class Wrong(Exception):
    """What is wrong, in words."""


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def rows():
    """number -> what happens, and what the library does."""
    found = re.findall(r"^\| (\d+) \| ([^|]+) \| [^|]+ \| ([^|]+) \|", text_of("docs/faults.md"), re.MULTILINE)
    return {int(number): (text.strip(), does.strip()) for number, text, does in found}


def covered_in(path):
    """(row, test) of a file of unit tests, of the explorer or of the simulator."""
    text = text_of(path)
    suite = re.search(r"struct kunit_suite \w+ = \{\n\t\.name = \"([^\"]+)\"", text)
    cases = set(re.findall(r"KUNIT_CASE\w*\((\w+)", text))
    for says in SAYS.finditer(text):
        test = TEST.search(text, says.end())
        where = f"{path}:{text.count(chr(10), 0, says.start()) + 1}"
        # Only what follows the comment directly.
        if not test or text.count("*/", says.end(), test.start()) != 1 or \
                text[says.end():test.start()].split("*/")[1].strip():
            raise Wrong(f"{where}: no test follows this comment")
        case, scenario, *sim = test.groups()
        if case and (not suite or case not in cases):
            raise Wrong(f"{where}: {case} is no case of a suite")
        if any(sim):
            name = "sim/" + (sim[0] or sim[1])
        else:
            name = f"unit/{suite.group(1)}.{case}" if case else f"explore/{scenario}"
        for number in re.findall(r"\d+", says.group(1)):
            yield int(number), name


def files(folder, ending):
    return [f"{folder}/{name}" for name in sorted(os.listdir(os.path.join(ROOT, folder)))
            if name.endswith(ending)]


def covered():
    """(row, test) of all tests; those of the models apart, which have their own mutations."""
    paths = files("kunit", "_test.c") + files("tests/explore", ".c") + files("tests/sim", ".c")
    tests = [pair for path in paths for pair in covered_in(path)]
    models = [(int(number), "models/" + os.path.basename(path)[:-4])
              for path in files("tests/models", ".pml")
              for says in SAYS.finditer(text_of(path))
              for number in re.findall(r"\d+", says.group(1))]
    return tests, models


def mutations():
    found = []
    parts, key, at = {}, None, 0
    lines = text_of("tests/matrix/mutations").split("\n") + [""]
    for number, line in enumerate(lines, 1):
        word = line.split(" ")[0]
        if line.startswith("#"):
            continue
        if not line:
            if parts:
                found.append(Mutation([int(r) for r in parts["row"].split()], parts["file"],
                                      parts["-"], parts["+"], parts["tests"], at))
            parts, key = {}, None
        elif word in ("unit", "explore", "sim"):
            parts.setdefault("tests", []).extend(f"{word}/{t}" for t in line.split()[1:])
        elif word in ("row", "file", "-", "+") and word not in parts:
            at = number if word == "row" else at
            key = word
            parts[key] = line[len(word) + 1:]
        elif key in ("-", "+"):
            parts[key] += "\n" + line
        else:
            raise Wrong(f"tests/matrix/mutations:{number}: not understood")
    return found


def check(there, tests, models):
    for row, name in tests + models:
        if row not in there:
            raise Wrong(f"{name}: there is no row {row} in docs/faults.md")
    proved = set()
    for m in mutations():
        if text_of(m.file).count(m.old) != 1:
            raise Wrong(f"tests/matrix/mutations:{m.line}: its text is not once in {m.file}")
        proved |= {(row, name) for row in m.rows for name in m.tests}
    for row, name in sorted(set(tests) - proved):
        raise Wrong(f"{name} is to cover row {row}, and tests/matrix/mutations takes nothing out for it")
    for row, name in sorted(proved - set(tests)):
        raise Wrong(f"tests/matrix/mutations names {name} for row {row}, which the test does not say")


def main(argv):
    try:
        there = rows()
        tests, models = covered()
        check(there, tests, models)
    except Wrong as wrong:
        print(f"matrix: {wrong}", file=sys.stderr)
        return 1
    if argv == ["--check"]:
        return 0
    if argv:
        print(__doc__, file=sys.stderr)
        return 2
    count = absent = 0
    for number, (text, does) in there.items():
        names = sorted({name for row, name in tests + models if row == number})
        if not names and does.startswith("not there"):
            absent += 1
            names = [does]
        count += not names
        print(f"{number:3d}  {text}")
        print("\n".join(f"       {name}" for name in names or ["none"]))
    print(f"{len(there)} rows: {absent} of what is not there, {count} without a test")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
