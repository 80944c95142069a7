# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Finds the library's validation branches, and makes each one that can be taken out.

A validation branch is an `if` that leaves with an error: whose body returns a negative code, false, NULL or what broke
the device, or goes to where things are taken back; and a `return A ? PV_E... : B`. It becomes

    if ((condition) && pv_mutant_on(N))

so that one build has all mutants, and a run chooses one.
"""

import os
import re
from dataclasses import dataclass

FOLDERS = ("pv-core", "hypercall", "drivers", "arch/x86")

# What a body ends with, or has in it, that makes the branch one.
LEAVES = re.compile(
    r"\breturn\s+(PV_E\w+|-1|false|NULL|err|\w*break\w*\(|[^;]*\bPV_E(?!ND)\w+)|\bgoto\b"
    r"|\bpv_device_break\(|\bbreak_\w*\(|\bbroken\(|\bfail\w*\(|->dropped\+\+|\.dropped\+\+|->errors\+\+")
TERNARY = re.compile(r"\breturn\s+([^;{}]*?)\s\?\s(PV_E\w+)\s:\s")
TERNARY_ELSE = re.compile(r"\breturn\s+([^;{}?]*?)\s\?\s([^;{}?:]*?)\s:\s(PV_E\w+);")


@dataclass(frozen=True)
class Branch:
    number: int
    file: str
    line: int
    function: str
    text: str  # the condition, on one line

    @property
    def name(self):
        return f"{self.file}:{self.function}: {self.text}"


def blank(text):
    """The text with comments, strings and preprocessor lines blanked, of the same length."""
    def spaces(match):
        return re.sub(r"[^\n]", " ", match[0])
    text = re.sub(r"/\*.*?\*/", spaces, text, flags=re.DOTALL)
    text = re.sub(r'"(\\.|[^"\\\n])*"', spaces, text)
    text = re.sub(r"'(\\.|[^'\\\n])'", spaces, text)
    return re.sub(r"^[ \t]*#(.*\\\n)*.*$", spaces, text, flags=re.MULTILINE)


def closing(text, at, pair="()"):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == pair[0]) - (text[i] == pair[1])
        if not depth:
            return i
    raise ValueError("a bracket is not closed")


def body_end(text, at):
    """Where the statement that begins at `at` ends."""
    while text[at].isspace():
        at += 1
    if text[at] == "{":
        return closing(text, at, "{}") + 1
    head = re.compile(r"(if|for|while|switch)\s*\(").match(text, at)
    if head:
        return body_end(text, closing(text, head.end() - 1) + 1)
    if re.compile(r"(else|do)\b").match(text, at):
        return body_end(text, at + len("else" if text[at] == "e" else "do"))
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "({") - (text[i] in ")}")
        # A block behind a macro that is a loop ends, an initializer goes on.
        block = text[i] == "}" and text[i + 1:].lstrip()[:1] not in (";", ",", ")")
        if not depth and (text[i] == ";" or block):
            return i + 1
    raise ValueError("a statement does not end")


def last_statement(text, at):
    """The last one of a body that begins at `at`; "" if it is itself an if or a loop."""
    stop = body_end(text, at)
    while text[at].isspace():
        at += 1
    if text[at] == "{":
        at, stop, last = at + 1, stop - 1, at + 1
        while text[at:stop].strip():
            while text[at].isspace():
                at += 1
            last, at = at, body_end(text, at)
        at = last
    statement = text[at:stop]
    return "" if re.match(r"(if|for|while|switch|do)\b", statement) else statement


def functions(text):
    """(start, end, name) of each function's body."""
    found = []
    for match in re.finditer(r"^\{", text, re.MULTILINE):
        head = text[max(0, match.start() - 600):match.start()]
        head = re.split(r"[;}]\s*\n(?!\t)", head)[-1]
        name = re.search(r"(\w+)\s*\([^{}]*$", head)
        if name:
            first = re.search(r"(\w+)\s*\(", re.sub(r"__\w+__\s*\(\(.*?\)\)|PV_\w+\(.*?\)", "", head))
            found.append((match.start(), closing(text, match.start(), "{}"), (first or name)[1]))
    return found


def edits(text):
    """(where to insert before the condition, after it, condition's start and end, the operator)."""
    for match in re.finditer(r"\bif\s*\(", text):
        start = match.end() - 1
        end = closing(text, start)
        if LEAVES.search(last_statement(text, end + 1)):
            yield start + 1, end, "&&"
    for match in TERNARY.finditer(text):
        yield match.start(1), match.end(1), "&&"
    for match in TERNARY_ELSE.finditer(text):
        yield match.start(1), match.end(1), "||"


def transform(path, file, number):
    """The file's text with its branches numbered from `number` on, and the branches."""
    with open(path, encoding="utf-8") as source:
        whole = source.read()
    text = blank(whole)
    bodies = functions(text)
    found, inserts = [], []
    for start, end, operator in sorted(edits(text)):
        inside = [name for first, last, name in bodies if first < start < last]
        if not inside:
            continue
        found.append(Branch(number, file, whole.count("\n", 0, start) + 1, inside[0],
                            " ".join(whole[start:end].split())))
        call = f"pv_mutant_{'on' if operator == '&&' else 'off'}({number})"
        inserts += [(start, "("), (end, f") {operator} {call}")]
        number += 1
    for at, what in sorted(inserts, reverse=True):
        whole = whole[:at] + what + whole[at:]
    if found:
        whole = '#include "tests/mutants/mutant.h"\n' + whole
    return whole, found


def sources(root):
    """The library's files, relative to the root, in order."""
    for folder in FOLDERS:
        for directory, _, names in sorted(os.walk(os.path.join(root, folder))):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(directory, name), root)
