# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Shows how a run of the matrix goes: a moving line on a terminal, plain lines in a log."""

import sys
import threading
import time

WORDS = {"pass": "ok", "fail": "FAILED", "skip": "skipped"}
REMIND = 60.0  # seconds after which a log is told what still runs


class Board:
    def __init__(self, total, stream=sys.stdout):
        self._total, self._stream = total, stream
        self._lock = threading.RLock()
        self._running = {}  # (env, test) names: (start, what it is doing)
        self._ended = {}  # (env, test) names: (verdict, seconds)
        self._said = time.monotonic()

    def start(self, env, test, doing):
        with self._lock:
            self._running[env.name, test.name] = (time.monotonic(), doing)
        self.tick()

    def end(self, env, test, verdict, seconds, detail, log):
        with self._lock:
            self._running.pop((env.name, test.name), None)
            self._ended[env.name, test.name] = (verdict, seconds)
            self.clear()
            first, *rest = detail.split("\n")
            count = f"[{len(self._ended)}/{self._total}]"
            print(f"{count:>9} {WORDS[verdict]:8}{env.name}/{test.name} {seconds:.1f} s"
                  f"{'  ' + first if first else ''}", file=self._stream)
            if verdict == "fail":
                print("\n".join([*rest, f"    log: {log}"]), file=self._stream)
            self._stream.flush()
            self._said = time.monotonic()
        self.tick()

    def say(self, text):
        with self._lock:
            self.clear()
            print(f"          {text}", file=self._stream, flush=True)

    def tick(self):
        """Shows what runs, if it is time to."""
        with self._lock:
            if self._stream.isatty():
                self._stream.write("\r\033[K" + self._now()[:110])
                self._stream.flush()
            elif self._running and time.monotonic() - self._said > REMIND:
                self._said = time.monotonic()
                print(self._now(), file=self._stream, flush=True)

    def clear(self):
        if self._stream.isatty():
            self._stream.write("\r\033[K")

    def _now(self):
        now = time.monotonic()
        running = ", ".join(
            f"{env}/{test} {now - start:.0f} s{f' ({doing})' if doing else ''}"
            for (env, test), (start, doing) in self._running.items())
        failed = sum(v == "fail" for v, _ in self._ended.values())
        return f"[{len(self._ended)}/{self._total}] {failed} failed | {running}"

    def table(self, envs, tests):
        """Tests by environments, with the seconds that each took."""
        self.clear()
        width = max(map(len, tests), default=0)
        columns = [max(len(e), len("ok 000.0")) for e in envs]
        print(" " * width, *(f"{e:>{c}}" for e, c in zip(envs, columns)), file=self._stream)
        for test in tests:
            cells = []
            for env, column in zip(envs, columns):
                verdict, seconds = self._ended.get((env, test), (None, 0))
                word = f"ok {seconds:.1f}" if verdict == "pass" else WORDS.get(verdict, "-")
                cells.append(f"{word:>{column}}")
            print(f"{test:{width}}", *cells, file=self._stream)
        self._stream.flush()
