# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Shows what runs and for how long: a line that moves on a terminal, plain lines in a log."""

import sys
import threading
import time


class Progress:
    """Use: with Progress("starting the host"): ... Nothing is shown of what takes no time."""

    def __init__(self, what, stream=sys.stderr, after=1.0):
        self._what, self._stream, self._after = what, stream, after
        self._done = threading.Event()

    def __enter__(self):
        self._start = time.monotonic()
        self._thread = threading.Thread(target=self._show, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _show(self):
        if self._done.wait(self._after):
            return
        if not self._stream.isatty():
            print(f"{self._what} ...", file=self._stream, flush=True)
            self._done.wait()
            print(f"{self._what}: {time.monotonic() - self._start:.0f} s", file=self._stream,
                  flush=True)
            return
        while True:
            passed = time.monotonic() - self._start
            self._stream.write(f"\r\033[K{self._what} ... {passed:.0f} s")
            self._stream.flush()
            if self._done.wait(0.2):
                break
        self._stream.write("\r\033[K")
        self._stream.flush()
