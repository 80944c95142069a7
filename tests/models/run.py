#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Checks the models, and that they notice what is taken out of them.

    run.py --build DIR [-j N] [MODEL...]

A model is a .pml file. Its opening comment names

    variant NAME: ...           another configuration, which must hold, too
    mutation NAME: ...          what is broken with -DNAME, and must be found
    mutation NAME, only V: ...  in that variant ("not V": in any but that; without: in each)

Each is searched whole: an answer that bounds or hashes cut short is an error.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from results import record  # noqa: E402

LINE = re.compile(r"^ \* (variant|mutation) (\w+)(?:, (only|not) (\w+))?: ", re.MULTILINE)
DEPTH = 20000
# What a mutation does wrong is found soon; compiling takes longer.
THOROUGH, QUICK = ["gcc", "-O1"], ["tcc"]
MEGABYTES = 1000


class Broken(Exception):
    """The check itself failed."""


def command(argv, cwd):
    done = subprocess.run(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, check=False)
    if done.returncode:
        raise Broken(f"{argv[0]}: {' '.join(done.stdout.split())[-300:]}")
    return done.stdout


def search(build, model, defines, compiler):
    """Errors found, states visited, what the first error is."""
    work = os.path.join(build, "-".join([model, *defines]))
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    for name in os.listdir(build):
        if name.endswith((".pml", ".inc")):
            shutil.copy(os.path.join(build, name), work)
    command(["spin", "-a", *(f"-D{d}" for d in defines), model + ".pml"], work)
    command([*compiler, "-w", "-DSAFETY", f"-DMEMLIM={MEGABYTES}", "-o", "pan", "pan.c"], work)
    said = command(["./pan", f"-m{DEPTH}", "-w20"], work)
    if "Full statespace search" not in said or "max search depth too small" in said or \
            "out of memory" in said:
        raise Broken("the search was not complete")
    errors = int(re.search(r"errors: (\d+)", said).group(1))
    states = int(re.search(r"(\d+) states, stored", said).group(1))
    first = re.search(r"^pan:1: (.*) \(at depth", said, re.MULTILINE)
    return errors, states, first.group(1) if first else ""


def jobs_of(model):
    """What is run of a model: (name, defines, whether it must hold)."""
    with open(os.path.join(HERE, model + ".pml"), encoding="utf-8") as file:
        lines = LINE.findall(file.read().split("*/")[1])
    variants = [""] + [name for kind, name, _, _ in lines if kind == "variant"]
    for variant in variants:
        yield model + (f".{variant}" if variant else ""), [variant] if variant else [], True
    for kind, name, word, which in lines:
        if kind != "mutation":
            continue
        if which and which not in variants:
            sys.exit(f"{model}.pml: {name} names a variant that there is not: {which}")
        for variant in variants:
            if (word == "only" and variant != which) or (word == "not" and variant == which):
                continue
            yield f"{model}{'.' + variant if variant else ''} without {name}", \
                [name] + ([variant] if variant else []), False


def run(build, name, defines, holds):
    start = time.monotonic()
    model = name.split(".")[0].split()[0]
    try:
        errors, states, first = search(build, model, defines, THOROUGH if holds else QUICK)
        if holds:
            bad = first if errors else ""
            text = f"holds, {states} states"
        else:
            bad = "" if errors else f"not found, in {states} states"
            text = f"found: {first}"
    except (Broken, subprocess.TimeoutExpired) as error:
        bad = str(error)
    seconds = time.monotonic() - start
    name = name.replace(" without ", "-")
    record("models", name, "fail" if bad else "pass", seconds, bad)
    print(f"{name:34s} {'FAILED: ' + bad if bad else text}", flush=True)
    return not bad


def sweep(build):
    """The library's event indices, for all numbers (evidx_sweep.c)."""
    start = time.monotonic()
    try:
        bad, text = "", "holds, " + command([os.path.abspath(os.path.join(build, "evidx_sweep"))], build).strip()
    except (Broken, subprocess.TimeoutExpired) as error:
        bad, text = str(error), ""
    record("models", "evidx-sweep", "fail" if bad else "pass", time.monotonic() - start, bad)
    print(f"{'evidx-sweep':34s} {'FAILED: ' + bad if bad else text}", flush=True)
    return not bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("models", nargs="*")
    args = parser.parse_args()
    there = sorted(f[:-4] for f in os.listdir(HERE) if f.endswith(".pml"))
    for name in args.models:
        if name not in there:
            sys.exit(f"run.py: no model is called {name}; there are: {' '.join(there)}")
    for name in os.listdir(HERE):
        if name.endswith((".pml", ".inc")):
            shutil.copy(os.path.join(HERE, name), args.build)
    jobs = [job for model in args.models or there for job in jobs_of(model)]
    with ThreadPoolExecutor(args.j) as pool:
        sweeps = [pool.submit(sweep, args.build)] if "evidx" in (args.models or there) else []
        good = list(pool.map(lambda job: run(args.build, *job), jobs))
        good += [s.result() for s in sweeps]
    print(f"models: {sum(good)} searches as they must be, {len(good) - sum(good)} not")
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
