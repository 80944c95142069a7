# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Real KVM on a machine without hardware virtualization.

QEMU emulates a whole host whose processor has AMD's virtualization (L1). It boots Debian's kernel
with this machine's root file system, read-only, and in it agent.py runs a second QEMU with
-accel kvm, whose guest is the image. What the image sees is KVM: its CPUID leaves, its clock, its
exits and injections. Its own code runs at the speed of emulation; an exit costs about 0.1 ms.

    user - NestedGuest - NestedHost ==virtio-serial== agent.py - QemuGuest - QEMU with KVM

One boot of L1 serves any number of guests, one after the other.
Files reach L1 through the job directory: the image and the disks are copied into it, and writable
disks back when the guest has ended.
A port of this machine reaches the guest in two steps, each a forward of QEMU's user network: here
to L1 (10.0.3.15), added and removed through the monitor, and there to the guest (10.0.2.15). The
networks differ, so that to the guest a client looks like 10.0.3.2, behind the guest's gateway.
"""

import base64
import json
import os
import queue
import shutil
import socket
import tempfile
import threading
import time

from . import backlog, l1image, pageout, tap
from .errors import UserError
from .guest import Guest, Outcome
from .qemu import QemuGuest
from .spec import qemu_command

READY_BOUND = 180.0  # seconds for L1 to boot
BOOT_TRIES = 3
ANSWER_BOUND = 60.0  # seconds for the agent to do anything else
END_BOUND = 30.0  # seconds for the agent to end a guest
SILENCE_BOUND = 60.0  # seconds without a word of the agent's, after which L1 has frozen
FIRST_PORT = 20000  # in L1
SWAP_SIZE = 256 << 20

# Without nested paging, so that KVM shadows the guest's page tables: with it, QEMU 7.2 now and then walks the host's own
# tables through the guest's after an exit. One guest of some dozens had a triple fault of that, and hosts froze.
PROCESSOR = "EPYC-Rome,+svm,-npt"


class NestedGuest(Guest):
    def __init__(self, host, ports, on_output):
        super().__init__(ports, on_output)
        self._host = host

    def kill(self):
        self._host.kill_guest(self)

    def page_out(self):
        return self._host.page_out()

    def command(self, name, /, **arguments):
        return self._host.ask(name, arguments)

    def vcpu_waits(self):
        return self._host.vcpu_waits()


class NestedHost:
    """An emulated host with KVM. Use: with NestedHost() as host: guest = host.start(env, spec)."""

    def __init__(self, memory=2048, smp=2):
        self._memory, self._smp = memory, smp
        self._qemu = self._guest = self._after = None
        self._rules = []
        self._runs = 0
        self._heard = time.monotonic()
        self._ready = threading.Event()
        self._paged_out = queue.Queue()
        self._answers = queue.Queue()
        self._lock = threading.Lock()

    def __enter__(self):
        kernel, initrd = l1image.prepare()
        for left in reversed(range(BOOT_TRIES)):
            self._jobs = tempfile.mkdtemp(prefix="libpv-hv-")
            try:
                self._boot(kernel, initrd)
                break
            except UserError:
                self.__exit__()
                if not left:
                    raise
            except BaseException:
                self.__exit__()
                raise
        return self

    def _boot(self, kernel, initrd):
        shutil.copytree(l1image.HERE, os.path.join(self._jobs, "python/hv"))
        self._agent, theirs = socket.socketpair()
        library = backlog.library()
        if library:
            shutil.copyfile(library, os.path.join(self._jobs, "backlog.so"))
        self._preload = backlog.preload(library and "/mnt/backlog.so")
        swap = os.path.join(self._jobs, "swap")
        pageout.make_swap(swap, SWAP_SIZE)
        share = "local,security_model=none,multidevs=remap"
        fd = theirs.fileno()
        self._qemu = QemuGuest(
            [*backlog.preload(library), "qemu-system-x86_64", "-nodefaults", "-no-user-config",
             "-no-reboot", "-display", "none", "-M", "q35", "-accel", "tcg,thread=multi",
             "-cpu", PROCESSOR, "-m", f"{self._memory}M", "-smp", str(self._smp),
             "-serial", "stdio", "-kernel", kernel, "-initrd", initrd,
             "-append", "console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable",
             "-virtfs", f"{share},path=/,mount_tag=host,readonly=on",
             "-virtfs", f"{share},path={self._jobs},mount_tag=job",
             "-drive", f"if=none,id=swap,format=raw,cache=unsafe,file={swap}",
             "-device", "virtio-blk-pci,drive=swap",
             "-netdev", "user,id=net0,net=10.0.3.0/24",
             "-device", "virtio-net-pci,netdev=net0,romfile=",
             "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,fd={fd}",
             "-device", "virtserialport,chardev=agent,name=agent"],
            bound=86400.0, pass_fds=(fd,))
        theirs.close()
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()
        deadline = time.monotonic() + READY_BOUND
        while not self._ready.wait(0.2):
            if self._qemu.outcome or time.monotonic() > deadline:
                outcome = self._qemu.outcome or f"was not ready after {READY_BOUND:.0f} s"
                raise UserError(f"the nested KVM host {outcome}; its console ends with\n"
                                f"{self._qemu.tail()}")

    def __exit__(self, *_):
        if self._qemu:
            self._qemu.kill()
            self._agent.close()
        shutil.rmtree(self._jobs, ignore_errors=True)

    @property
    def console(self):
        """What the emulated host itself printed."""
        return self._qemu.console

    def start(self, env, spec, ports, bound, on_output):
        """Starts a guest. ports: the ports of this machine for spec.forwards, in their order."""
        self._clear()
        self._runs += 1
        here = os.path.join(self._jobs, str(self._runs))
        there = f"/mnt/{self._runs}"
        os.mkdir(here)
        shutil.copyfile(spec.elf, f"{here}/elf")
        if spec.initrd:
            shutil.copyfile(spec.initrd, f"{here}/initrd")
        for i, disk in enumerate(spec.disks):
            shutil.copyfile(disk.path, f"{here}/disk{i}")
        names = [f"{there}/disk{i}" for i in range(len(spec.disks))]
        listen = []
        for i, (rule, port) in enumerate(zip(spec.forwards, ports)):
            middle = FIRST_PORT + self._runs * 16 % 20000 + i
            listen.append(f"10.0.3.15:{middle}")
            self._monitor(f"hostfwd_add net0 {rule.proto}:127.0.0.1:{port}-10.0.3.15:{middle}")
            self._rules.append(f"hostfwd_remove net0 {rule.proto}:127.0.0.1:{port}")
        by_rule = {(r.proto, r.guest_port): p for r, p in zip(spec.forwards, ports)}
        guest = NestedGuest(self, by_rule, on_output)
        self._guest, self._after = guest, (here, spec)
        initrd = spec.initrd and f"{there}/initrd"
        network, spec = tap.instead(spec, listen) if spec.queues else ((), spec)
        argv = qemu_command(env, spec.with_files(f"{there}/elf", initrd, names), listen)
        self._say({"start": {"argv": self._preload + argv, "bound": bound, "tap": network}})
        return guest

    def kill_guest(self, guest):
        if guest.outcome is None and guest is self._guest:
            self._say({"kill": True})
            deadline = time.monotonic() + END_BOUND
            while guest.outcome is None and time.monotonic() < deadline:
                time.sleep(0.02)
            if guest.outcome is None:
                guest.host_log = self._qemu.registers()
                self._lost("the nested KVM host does not answer")

    def page_out(self):
        """Swaps the guest's memory out, to a disk of L1's that is there for that."""
        self._say({"page_out": True})
        return self._paged_out.get(timeout=ANSWER_BOUND)

    def ask(self, name, arguments):
        """A command to the monitor of the guest's QEMU, and its answer."""
        self._say({"ask": [name, arguments]})
        return self._answer()

    def vcpu_waits(self):
        self._say({"vcpu_waits": True})
        return self._answer()

    def _answer(self):
        try:
            answer, is_error = self._answers.get(timeout=ANSWER_BOUND)
        except queue.Empty:
            raise RuntimeError("the nested KVM host does not answer") from None
        if is_error:
            raise RuntimeError(answer)
        return answer

    def _monitor(self, line):
        answer = self._qemu.command("human-monitor-command", **{"command-line": line})
        if answer.strip():
            raise UserError(f"QEMU cannot forward a port: {answer.strip()}")

    def _clear(self):
        """Takes away what the guest before has left."""
        if self._guest and self._guest.outcome is None:
            raise RuntimeError("the guest before still runs")
        for line in self._rules:
            self._qemu.command("human-monitor-command", **{"command-line": line})
        self._rules = []

    def _say(self, message):
        try:
            self._agent.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass  # _listen sees the same

    def _listen(self):
        buffer = b""
        while True:
            try:
                data = self._agent.recv(65536)
            except OSError:
                data = b""
            if not data:
                self._lost("the nested KVM host ended")
                return
            *lines, buffer = (buffer + data).split(b"\n")
            for message in map(json.loads, lines):
                self._on_message(message)

    def _watch(self):
        """Gives the guest up if L1 has frozen: it would be waited for as long as the guest has."""
        while not self._qemu.outcome:
            time.sleep(1)
            guest = self._guest
            if guest and not guest.outcome and time.monotonic() - self._heard > SILENCE_BOUND:
                guest.host_log = f"{self._qemu.registers()}\n{self._qemu.tail(120)}"
                self._lost(f"the nested KVM host has said nothing for {SILENCE_BOUND:.0f} s")

    def _on_message(self, message):
        self._heard = time.monotonic()
        if "ready" in message:
            self._ready.set()
        elif "out" in message:
            self._guest.feed(base64.b64decode(message["out"]))
        elif "paged_out" in message:
            self._paged_out.put(message["paged_out"])
        elif "answer" in message:
            self._answers.put(message["answer"])
        elif "end" in message:
            self._finish(Outcome(**message["end"]))

    def _lost(self, why):
        self._finish(Outcome("lost", 0, why))

    def _finish(self, outcome):
        with self._lock:
            guest = self._guest
            if guest is None or guest.outcome is not None:
                return
            here, spec = self._after
            for i, disk in enumerate(spec.disks):
                if not disk.readonly:
                    shutil.copyfile(f"{here}/disk{i}", disk.path)
            shutil.rmtree(here, ignore_errors=True)
            guest.finish(outcome)
