# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A guest as its user sees it: a console to read and an outcome to wait for.

Whoever runs the guest (qemu.py, nested.py) feeds its console from a thread of its own, and calls
finish() once, when the guest has ended. The user reads from any thread.
"""

import re
import threading
import time
from dataclasses import dataclass, field

from .errors import GuestFailure

CONSOLE_MAX = 16 << 20  # a guest that prints more is ended


@dataclass(frozen=True)
class Outcome:
    """How a guest ended."""

    kind: str  # exited, powered-off, reset, suspended, crashed, killed, failed (not run), lost (its host was)
    status: int = 0  # what the guest itself said
    detail: str = ""
    seconds: float = 0.0
    stats: dict = field(default_factory=dict)  # KVM's counters for this guest, if any

    @property
    def ok(self):
        return self.kind in ("exited", "powered-off") and self.status == 0

    def __str__(self):
        text = {
            "exited": f"exited with status {self.status}",
            "powered-off": "powered off",
            "reset": "reset itself (triple fault or reboot)",
            "suspended": "suspended itself",
            "crashed": "crashed",
            "killed": "was ended from outside",
            "failed": "could not be run",
            "lost": "was lost with its host",
        }[self.kind]
        return f"{text}: {self.detail}" if self.detail else text


class Guest:
    """One run of an image. ports: {(proto, guest port): port on 127.0.0.1}; host_log: what the
    hypervisor, or the machine under it, said meanwhile."""

    host_log = ""
    state = ""  # its CPUs' registers, if it hung

    def __init__(self, ports, on_output=None):
        self.ports = ports
        self._on_output = on_output
        self._news = threading.Condition()
        self._bytes = bytearray()
        self._seen = 0
        self._outcome = None
        self.judged = False  # whether the user has looked at the outcome

    # The runner's side.

    def feed(self, data):
        with self._news:
            self._bytes += data
            self._news.notify_all()
        if self._on_output:
            self._on_output(data)

    def finish(self, outcome):
        with self._news:
            self._outcome = outcome
            self._news.notify_all()

    # The user's side.

    @property
    def console(self):
        """All that the guest has printed so far."""
        with self._news:
            return self._bytes.decode("utf-8", "replace").replace("\r", "")

    @property
    def outcome(self):
        """How the guest ended; None as long as it runs."""
        return self._outcome

    def tail(self, lines=15):
        """The console's last lines, indented, for an error message."""
        last = self.console.rstrip().split("\n")[-lines:]
        return "\n".join("    | " + line for line in last)

    def address(self, proto, guest_port):
        """Where on this machine the guest's port is reached."""
        return ("127.0.0.1", self.ports[proto, guest_port])

    def expect(self, pattern, timeout):
        """Waits until the console shows pattern, from the last match on; returns the match."""
        deadline = time.monotonic() + timeout
        while True:
            with self._news:
                ended, size = self._outcome, len(self._bytes)
            text = self.console
            match = re.compile(pattern, re.MULTILINE).search(text, self._seen)
            if match:
                self._seen = match.end()
                return match
            left = deadline - time.monotonic()
            if ended or left <= 0:
                what = f"the guest {ended}" if ended else f"it still ran after {timeout} s"
                raise GuestFailure(f"awaited /{pattern}/, but {what}\n{self.tail()}")
            with self._news:
                self._news.wait_for(lambda: self._outcome or len(self._bytes) > size, left)

    def wait(self, timeout):
        """Waits for the guest's end; one that does not end in time is ended, and fails."""
        with self._news:
            self._news.wait_for(lambda: self._outcome, timeout)
        self.judged = True
        if not self._outcome:
            self.state = self.registers()
            self.kill()
            raise GuestFailure(f"hung: it still ran after {timeout} s\n{self.tail()}")
        return self._outcome

    def succeed(self, timeout):
        """Waits for the guest's end, which must be a success."""
        outcome = self.wait(timeout)
        if not outcome.ok:
            raise GuestFailure(f"the guest {outcome}\n{self.tail()}")
        return outcome

    def page_out(self):
        """Has the host swap the guest's memory out; False if it cannot."""
        return False

    def vcpu_waits(self):
        """Nanoseconds for which each CPU could run and was not let, by the account of the host's scheduler."""
        raise RuntimeError("this guest's host tells nothing of its scheduler")

    def command(self, name, /, **arguments):
        """A command to the monitor of the guest's QEMU, and its answer; RuntimeError if it refuses."""
        raise RuntimeError("this guest has no monitor")

    def registers(self):
        """Of each CPU, for the log of a machine that has stopped answering; or why they are not known."""
        try:
            return self.command("human-monitor-command", **{"command-line": "info registers -a"})
        except RuntimeError as error:
            return str(error)

    def kill(self):
        """Ends the guest, if it still runs, and waits until it has."""
        raise NotImplementedError
