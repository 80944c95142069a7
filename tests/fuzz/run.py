#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Runs the fuzz targets.

    run.py --program build/fuzz/fuzz --work build/fuzz run [--time 30] [--target PATTERN] [-j 2]
    run.py ... replay [--target PATTERN]     what is in the corpus, once
    run.py ... merge [--target PATTERN]      the corpus becomes the fewest inputs that reach as much
    run.py ... add TARGET FILE COMMENT       adds an input, as that of a crash, to the corpus

The corpus is tests/fuzz/corpus/<target>.hex: an input a line, and comments that say what the next
one once broke; those lines are kept by merge. An input that fails is left in <work>/found/ and
shown with the command that repeats it. With PV_RESULTS in the environment each target is a test.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import results  # noqa: E402

CORPUS = pathlib.Path(__file__).parent / "corpus"
RATE = 20000  # executions that are expected of each target in a second of a CPU's
LIMITS = ["-timeout=20", "-rss_limit_mb=2048"]
# To weigh inputs by how rare what they reach is takes a third of the time; what is reached is not read.
PLAIN = ["-entropic=0", "-print_funcs=0"]
LENGTH = "-max_len=256"  # of inputs that are tried; what is kept may be longer


def inputs(target):
    """(comment, bytes) of each input that is kept."""
    path, comment = CORPUS / f"{target}.hex", ""
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        line = line.strip()
        if line.startswith("#"):
            comment = line[1:].strip() if "SPDX" not in line else ""
            continue
        try:
            data = bytes.fromhex(line)
        except ValueError:
            sys.exit(f"run.py: {path}:{number}: not hexadecimal")
        yield comment, data
        comment = ""


def write(target, kept):
    lines = ["# SPDX-License-Identifier: MIT OR GPL-2.0-only"]
    for comment, data in kept:
        lines += [f"# {comment}"] * bool(comment) + [data.hex()]
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{target}.hex").write_text("\n".join(lines) + "\n", encoding="ascii")


class Target:
    def __init__(self, args, name):
        self.name, self.work = name, pathlib.Path(args.work)
        self.link = self.work / "bin" / name
        self.link.parent.mkdir(parents=True, exist_ok=True)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.path.abspath(args.program))
        self.found = self.work / "found"
        self.found.mkdir(exist_ok=True)

    def unpack(self):
        """The kept inputs as files, in a folder of their own."""
        folder = self.work / "kept" / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for i, (_, data) in enumerate(inputs(self.name)):
            (folder / f"{i:04}").write_bytes(data)
        return folder

    def call(self, *arguments, limit):
        """Exit status, what it said, and the CPU seconds that it took."""
        command = ["timeout", str(limit), str(self.link), *LIMITS,
                   f"-artifact_prefix={self.found}/{self.name}-", *map(str, arguments)]
        with tempfile.TemporaryFile("w+", errors="replace") as said:
            child = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            text = said.read()
        if child.returncode == 124:
            text += f"\nnot done after {limit} s"
        return child.returncode, text, used.ru_utime + used.ru_stime

    def failure(self, said):
        """What broke, in a line, and how to see it again."""
        what = re.search(r"(.*does not hold.*|SUMMARY: .*|.*runtime error.*|panic: .*|not done after.*)", said)
        file = re.search(r"Test unit written to (\S+)", said)
        again = f"; again by: {self.link} {file.group(1)}" if file else ""
        return (what.group(1).strip() if what else "it failed") + again

    def fuzz(self, seconds):
        new = self.work / "new" / self.name
        new.mkdir(parents=True, exist_ok=True)
        status, said, cpu = self.call(f"-max_total_time={seconds}", LENGTH, *PLAIN, "-print_final_stats=1", new,
                                      self.unpack(), limit=3 * seconds + 120)
        number = dict(re.findall(r"stat::(\w+):\s+(\d+)", said))
        reached = re.findall(r"cov: (\d+)", said)
        done = int(number.get("number_of_executed_units", 0))
        return status, said, done, int(done / max(cpu, 0.1)), int(reached[-1]) if reached else 0

    def replay(self):
        return self.call("-runs=0", "-max_len=65536", self.unpack(), limit=300)[:2]

    def merge(self):
        to = self.work / "merged" / self.name
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(parents=True)
        new = self.work / "new" / self.name
        new.mkdir(parents=True, exist_ok=True)
        status, said, _ = self.call("-merge=1", "-max_len=4096", "-use_counters=0", to, new, self.unpack(), limit=3600)
        if status:
            sys.exit(f"run.py: {self.name}: merging failed:\n{said[-2000:]}")
        kept = [(c, d) for c, d in inputs(self.name) if c]
        crashes = {d for _, d in kept}
        kept += sorted((("", f.read_bytes()) for f in to.iterdir()),
                       key=lambda x: (len(x[1]), x[1]))
        write(self.name, [(c, d) for c, d in kept if c or d not in crashes])
        print(f"{self.name}: {len(kept)} inputs", flush=True)


def run(args, targets):
    failed = []

    def one(target):
        start = time.monotonic()
        status, said, executed, rate, reached = target.fuzz(args.time)
        seconds = time.monotonic() - start
        note = "" if rate >= RATE else f"  (expected: {RATE})"
        if status:
            print(said[-6000:])
            note = "  FAILED: " + target.failure(said)
            failed.append(target.name)
        print(f"fuzz {target.name:12} {executed:9} inputs {rate:7}/CPU s  {reached:5} edges{note}",
              flush=True)
        results.record("fuzz", target.name, "fail" if status else "pass", seconds,
                       target.failure(said) if status else f"{rate}/CPU s")

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(one, targets))
    return 1 if failed else 0


def replay(_args, targets):
    failed = total = 0
    for target in targets:
        status, said = target.replay()
        total += sum(1 for _ in inputs(target.name))
        if status:
            print(f"{said[-6000:]}\nfuzz {target.name}: FAILED: {target.failure(said)}")
            failed += 1
    print(f"fuzz: {total} inputs of {len(targets)} targets replayed, {failed} targets failed")
    return 1 if failed or not total else 0


def merge(_args, targets):
    for target in targets:
        target.merge()
    return 0


def add(args, _targets):
    kept = list(inputs(args.name))
    write(args.name, [(args.comment, pathlib.Path(args.file).read_bytes())] + kept)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", required=True)
    sub = parser.add_subparsers(dest="what", required=True)
    for name, function in (("run", run), ("replay", replay), ("merge", merge)):
        p = sub.add_parser(name)
        p.set_defaults(function=function)
        p.add_argument("--target", default="")
        p.add_argument("--time", type=int, default=30)
        p.add_argument("-j", dest="jobs", type=int, default=2)
    p = sub.add_parser("add")
    p.set_defaults(function=add, target="")
    for name in ("name", "file", "comment"):
        p.add_argument(name)
    args = parser.parse_args()
    names = subprocess.run([args.program, "--list"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    wanted = [n for n in names if not args.target
              or any(fnmatch.fnmatch(n, t) for t in args.target.split())]
    if not wanted:
        sys.exit(f"run.py: no target matches {args.target}; there are: {' '.join(names)}")
    return args.function(args, [Target(args, n) for n in wanted])


if __name__ == "__main__":
    sys.exit(main())
