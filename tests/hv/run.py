#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Runs the tests on hypervisors: every test_*.py here, in every environment that it applies to.

Logs go to BUILD/test-logs/ENVIRONMENT/TEST.log. Two cells of the matrix run at a time by default.
Those of nested KVM share one emulated host, and so run one after the other; likewise those of Xen.
"""

import argparse
import fnmatch
import importlib
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests"), HERE]

import harness
import results
from board import Board
from hv import envs, hosts
from hv.errors import GuestFailure, UserError

SUITE = "hv"
TRIES = 3  # for a test under which the emulated host freezes


def select(words, names, what):
    """The names that the user's words choose, in their own order; all if there are no words."""
    chosen = set()
    for word in words.replace(",", " ").split():
        matching = fnmatch.filter(names, word)
        if not matching:
            raise UserError(f"no {what} '{word}'; there are: {' '.join(names)}")
        chosen.update(matching)
    return [n for n in names if n in chosen or not words]


class Runner:
    def __init__(self, args, cells, board):
        self._build, self._board = args.build, board
        self._lock = threading.Lock()
        self._cells = cells
        # The cells of a shared host are a queue that one worker claims for itself; those of this
        # machine are one that all work on.
        self._claimable = [[c for c in cells if not c[1].alone and hosts.shared_host(c[0]) == kind]
                           for kind in hosts.SHARED]
        self._local = [c for c in cells if not c[1].alone and not hosts.shared_host(c[0])]
        self._alone = [c for c in cells if c[1].alone]
        self._jobs = max(args.jobs, 1)
        self.results = []

    def run(self):
        self._work_all(self._jobs)
        self._local = self._alone
        self._work_all(1)
        done = {r.test for r in self.results}
        for env, test in self._cells:
            if f"{env.name}/{test.name}" not in done:
                self._board.start(env, test, "")
                self._end(env, test, "fail", 0, "it was not run: what should have run it broke")

    def _work_all(self, number):
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(number)]
        for worker in workers:
            worker.start()
        for worker in workers:
            while worker.is_alive():  # a join without a bound would not see Ctrl-C
                worker.join(0.2)
                self._board.tick()

    def _work(self):
        while queue := self._claim():
            with hosts.Hosts() as here:
                while cell := self._next(queue):
                    self._cell(here, *cell)

    def _claim(self):
        with self._lock:
            while self._claimable:
                if queue := self._claimable.pop(0):
                    return queue
            return self._local

    def _next(self, queue):
        with self._lock:
            return queue.pop(0) if queue else None

    def _cell(self, here, env, test):
        start, verdict, detail, cell, log = self._attempt(here, env, test)
        for lost in range(1, TRIES):
            if verdict != "fail" or not cell or not cell.host_lost:
                break
            # The emulated host froze: seen about once in 200 guests. It is said, and tried again.
            self._board.say(f"{env.name}/{test.name}: the emulated host froze; a new one is started")
            here.drop(env)
            os.replace(log, f"{log.removesuffix('.log')}.froze{lost}.log")
            start, verdict, detail, cell, log = self._attempt(here, env, test)
            if cell:
                cell.note(f"try {lost + 1}: the emulated host froze")
        if verdict == "fail":
            here.drop(env)  # whatever it was, the next cell gets a host in a known state
        notes = ", ".join(cell.notes) if cell else ""
        self._end(env, test, verdict, time.monotonic() - start, detail, notes, log)

    def _end(self, env, test, verdict, seconds, detail, notes="", log=""):
        name = f"{env.name}/{test.name}"
        results.record(SUITE, name, verdict, seconds, detail.split("\n")[0])
        with self._lock:
            self.results.append(results.Result(SUITE, name, verdict, seconds, detail))
        self._board.end(env, test, verdict, seconds, detail or notes, log)

    def _attempt(self, here, env, test):
        """When it began, the verdict and its detail, the cell, and where its log is."""
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="libpv-test-") as scratch:
            self._board.start(env, test, "starting the host")
            cell = None
            try:
                here.prepare(env)
                self._board.start(env, test, "")
                start = time.monotonic()
                cell = harness.Cell(env, test, here, self._build, scratch)
                verdict, detail = self._run(cell, test)
            except (UserError, OSError, RuntimeError) as error:
                verdict, detail = "fail", str(error)
            log = self._log(env, test, verdict, detail, cell)
        return start, verdict, detail, cell, log

    @staticmethod
    def _run(cell, test):
        """The test's verdict and its detail."""
        verdict, detail = "pass", ""
        try:
            test.run(cell)
        except harness.Skip as why:
            verdict, detail = "skip", str(why)
        except (GuestFailure, UserError) as error:
            verdict, detail = "fail", str(error)
        except Exception as error:  # a test's own failure of any kind counts as one
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = str(error) or type(error).__name__
            verdict, detail = "fail", f"{text} ({os.path.basename(where.filename)}:{where.lineno})"
        try:
            cell.finish()
        except GuestFailure as error:
            if verdict != "fail":
                verdict, detail = "fail", str(error)
            elif str(error) not in detail:
                detail += f"\n{error}"
        return verdict, detail

    def _log(self, env, test, verdict, detail, cell):
        path = os.path.join(self._build, "test-logs", env.name, test.name + ".log")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{env.name}/{test.name}: {verdict} {detail}\n")
            if cell:
                file.write(cell.log())
        return path


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--hv", default="", help="environments, by name or pattern")
    parser.add_argument("--test", default="", help="tests, by name or pattern")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="only list what would run")
    return parser.parse_args()


def main():
    args = arguments()
    for name in sorted(os.listdir(HERE)):
        if name.startswith("test_") and name.endswith(".py"):
            importlib.import_module(name[:-3])
    tests = {t.name: t for t in harness.TESTS}
    try:
        chosen = select(args.hv, list(envs.ENVS), "hypervisor")
        wanted = select(args.test, list(tests), "test")
    except UserError as error:
        print(f"tests: {error}", file=sys.stderr)
        return 2
    cells = [(envs.ENVS[e], tests[t]) for e in chosen for t in wanted
             if tests[t].applies(envs.ENVS[e])]
    if args.list:
        print("\n".join(f"{e.name}/{t.name}" for e, t in cells))
        return 0
    try:
        for kind in {hosts.shared_host(e) for e, _ in cells} - {""}:
            hosts.SHARED[kind].prepare()
    except UserError as error:
        print(f"tests: {error}", file=sys.stderr)
        return 2
    shutil.rmtree(os.path.join(args.build, "test-logs"), ignore_errors=True)
    board = Board(len(cells))
    runner = Runner(args, cells, board)
    try:
        runner.run()
    except KeyboardInterrupt:
        board.clear()
        print("tests: interrupted", file=sys.stderr)
        os._exit(130)  # the workers' guests die with them
    board.table([e for e in chosen if any(c[0].name == e for c in cells)],
                [t for t in wanted if any(c[1].name == t for c in cells)])
    if not results.results_file():
        print(results.summary([r._replace(detail=r.detail.split("\n")[0])
                               for r in runner.results]))
    bad = any(r.verdict == "fail" for r in runner.results)
    return 1 if bad or not runner.results else 0


if __name__ == "__main__":
    sys.exit(main())
