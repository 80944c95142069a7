# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A guest in a QEMU process on this machine.

One thread per guest takes what QEMU says on three channels: the serial console (its standard
output), its own complaints (standard error) and the monitor (QMP), and watches the time. QEMU is
started stopped and let go once the monitor listens, so that no event is missed: only the monitor
tells a guest that powered off from one that had a triple fault.
"""

import json
import selectors
import shlex
import socket
import subprocess
import threading
import time

from . import kvmstat, pageout
from .guest import CONSOLE_MAX, Guest, Outcome
from .tap import Tap


def debug_exit_status(code):
    """The guest's status in QEMU's exit code; None if it did not come from the guest."""
    return code >> 1 & 0x1F if code & 0xC1 == 0x41 else None


class QemuGuest(Guest):
    def __init__(self, argv, ports=None, on_output=None, bound=600.0, pass_fds=(), stats=False, tap=()):
        """Starts QEMU. bound: seconds after which it is ended, whatever it does; tap: what Tap takes, if it has one."""
        super().__init__(ports or {}, on_output)
        self._tap = Tap(*tap) if tap else None
        self._qmp, theirs = socket.socketpair()
        fd = theirs.fileno()
        argv = [*argv, "-S", "-chardev", f"socket,id=qmp,fd={fd}", "-mon", "qmp,mode=control"]
        # The child gets no terminal, so that Ctrl-C is ours. It dies with the thread that started
        # it, so that nothing of it is left when we are killed.
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *argv], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(fd, *pass_fds),
            start_new_session=True)
        theirs.close()
        self._bound = bound
        self._want_stats = stats
        self._vm = None
        self._start = time.monotonic()
        self._stderr = bytearray()
        self._qmp_buffer = bytearray()
        self._reason = None  # why the machine was shut down, from the monitor
        self._ending = None  # why we end it
        self._stop_asked = False
        self._replies = {}
        self._answered = threading.Condition()
        self._next_id = 0
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def kill(self):
        self._end("")
        self._thread.join()

    def command(self, name, /, timeout=10.0, **arguments):
        """A command to QEMU's monitor, and its answer; RuntimeError if it refuses."""
        if name in ("stop", "cont"):
            self._stop_asked = name == "stop"
        with self._answered:
            self._next_id += 1
            number = self._next_id
        self._send(name, arguments, number)
        with self._answered:
            self._answered.wait_for(lambda: number in self._replies or self.outcome, timeout)
            reply = self._replies.pop(number, None)
        if reply is None:
            why = f"it {self.outcome}" if self.outcome else f"none came within {timeout} s"
            raise RuntimeError(f"no answer from QEMU to {name}: {why}")
        if "error" in reply:
            raise RuntimeError(f"QEMU refuses {name}: {reply['error']['desc']}")
        return reply["return"]

    def save(self, path, timeout=180.0):
        """Writes the machine's state, for -incoming, to a file.

        The machine stands still from before that on: of one that ran meanwhile, memory was seen saved
        as it never was.
        """
        self.command("stop", timeout)
        self.command("migrate-set-parameters", **{"max-bandwidth": 10 << 30})
        self.command("migrate", timeout, uri=f"exec:cat >{shlex.quote(path)}")
        while (state := self.command("query-migrate", timeout).get("status")) != "completed":
            if state in ("failed", "cancelled"):
                raise RuntimeError(f"QEMU could not save its state to {path}")
            time.sleep(0.1)

    def resume(self, timeout=60.0):
        """Lets a machine go on whose state comes by -incoming: it stands still, as it was saved."""
        deadline = time.monotonic() + timeout
        while (state := self._state()) != "paused":
            if self.outcome or time.monotonic() > deadline:
                raise RuntimeError(f"QEMU did not load the state: it is {self.outcome or state}")
            time.sleep(0.05)
        self.command("cont", timeout)

    def vcpu_waits(self):
        waits = []
        for cpu in self.command("query-cpus-fast"):
            with open(f"/proc/{cpu['thread-id']}/schedstat", encoding="ascii") as file:
                waits.append(int(file.read().split()[1]))
        return waits

    def page_out(self):
        return pageout.have_swap("") and pageout.page_out(self._process.pid)

    def _state(self):
        try:
            return self.command("query-status")["status"]
        except RuntimeError as error:  # the monitor has not been greeted yet
            return str(error)

    def _end(self, why):
        if self._ending is None and self._process.poll() is None:
            self._ending = why
            self._process.kill()

    def _send(self, name, arguments=None, number=0):
        message = {"execute": name, "arguments": arguments or {}, "id": number}
        try:
            self._qmp.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass  # it has gone: its exit code tells

    def _pump(self):
        with selectors.DefaultSelector() as channels:
            channels.register(self._process.stdout, selectors.EVENT_READ, self._on_console)
            channels.register(self._process.stderr, selectors.EVENT_READ, self._stderr.extend)
            channels.register(self._qmp, selectors.EVENT_READ, self._on_qmp)
            while channels.get_map():
                left = self._start + self._bound - time.monotonic()
                if left <= 0 and self._ending is None:
                    self._end(f"it still ran after {self._bound:.0f} s")
                for key, _ in channels.select(min(max(left, 0.1), 60.0)):
                    try:
                        data = (self._qmp.recv(65536) if key.fileobj is self._qmp
                                else key.fileobj.read1(65536))
                    except OSError:
                        data = b""
                    if data:
                        key.data(data)
                    else:
                        channels.unregister(key.fileobj)
        code = self._process.wait()
        stats = kvmstat.read(self._vm) if self._vm is not None else {}
        if self._tap:
            self._tap.close()
        for channel in (self._process.stdout, self._process.stderr, self._qmp):
            channel.close()
        self.finish(self._judge(code, stats))
        with self._answered:
            self._answered.notify_all()

    def _judge(self, code, stats):
        rest = {"seconds": time.monotonic() - self._start, "stats": stats}
        status = debug_exit_status(code)
        if self._ending is not None:
            return Outcome("killed", 0, self._ending, **rest)
        if status is not None:
            return Outcome("exited", status, "", **rest)
        if code == 0 and self._reason == "guest-shutdown":
            return Outcome("powered-off", 0, "", **rest)
        if code == 0 and self._reason == "guest-reset":
            return Outcome("reset", 0, "", **rest)
        if self._reason:
            return Outcome("crashed", 0, self._reason, **rest)
        words = self._stderr.decode("utf-8", "replace").strip() or "it said nothing"
        return Outcome("failed", 0, f"QEMU ended with {code}: {words}", **rest)

    def _on_console(self, data):
        self.feed(data)
        if len(self._bytes) > CONSOLE_MAX:
            self._end(f"it printed more than {CONSOLE_MAX >> 20} MiB")

    def _on_qmp(self, data):
        self._qmp_buffer += data
        *lines, rest = self._qmp_buffer.split(b"\n")
        self._qmp_buffer = bytearray(rest)
        for line in lines:
            message = json.loads(line)
            if "QMP" in message:
                self._send("qmp_capabilities")
                if self._want_stats:
                    self._vm = kvmstat.hold(self._process.pid)
                self._send("cont")
            elif "event" in message:
                self._on_event(message["event"], message.get("data", {}))
            elif message.get("id"):
                with self._answered:
                    self._replies[message["id"]] = message
                    self._answered.notify_all()

    def _on_event(self, event, data):
        if event == "SHUTDOWN":
            self._reason = data["reason"]
        elif event == "GUEST_PANICKED":
            self._reason = "the guest says that it panicked"
        elif event == "STOP" and self._reason is None and not self._stop_asked:
            # QEMU itself stops the machine: an error of KVM's, or of the disk's file.
            self._reason = self._stderr.decode("utf-8", "replace").strip() or "QEMU stopped it"
            self._process.kill()
