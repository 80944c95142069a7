# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Xen and its Dom0, booted in an emulated machine and told what to do.

    user - Dom0 ==virtio-serial "agent"== dom0/agent: one command a line, their outputs
                ==virtio-serial "console"== the console of the one domain under test
                ==disk== the mailbox, by which files reach Dom0: a PV kernel's system calls are slow
                  under emulation, and a large read is one
                ==hot-plugged SCSI disks== files of this machine, for blkback to serve
                ==virtio-net, bridged with the domains' interfaces== QEMU's user network

Booting takes ten seconds or so. So the first boot of an image is saved as it has become ready, and
later ones start from there, in two: a snapshot, in the cache. It is valid for one image, one QEMU
and one set of options, which are in its name.
"""

import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from . import backlog, cache, envs, xenimage
from .errors import UserError
from .qemu import QemuGuest

MEMORY, DOM0_MEMORY = 1536, 512  # MiB
READY_BOUND = 180.0  # seconds to boot
COMMAND_BOUND = 60.0  # seconds for a command, unless told
MAILBOX_SIZE = 256 << 20
XEN_OPTIONS = (f"console=com1 com1=115200,8n1 dom0_mem={DOM0_MEMORY}M,max:{DOM0_MEMORY}M "
               "loglvl=info guest_loglvl=all")
LINUX_OPTIONS = ("console=hvc0 rdinit=/init quiet panic=-1 mitigations=off rodata=off tsc=reliable "
                 "audit=0 apparmor=0 nokaslr ipv6.disable=1")
# Dom0 reaches virtio devices by Xen's own translation of addresses, which legacy ones leave alone.
LEGACY = "disable-modern=on"


class Job:
    """A command that runs in Dom0."""

    def __init__(self, command):
        self.command = command
        self.status, self.output = None, b""
        self._done = threading.Event()

    def finish(self, status, output):
        self.status, self.output = status, output
        self._done.set()

    @property
    def text(self):
        return self.output.decode("utf-8", "replace")

    @property
    def done(self):
        return self._done.is_set()

    def wait(self, timeout=COMMAND_BOUND):
        """Its exit status; UserError if it does not end in time, or Dom0 has gone."""
        if not self._done.wait(timeout):
            raise UserError(f"Dom0 did not do '{self.command}' within {timeout:.0f} s")
        if self.status is None:
            raise UserError(f"Dom0 ended during '{self.command}'")
        return self.status


class Dom0:
    """Use: with Dom0(on_console) as dom0: dom0.run("xl list"). icount: of QEMU's -icount."""

    def __init__(self, on_console=lambda data: None, icount=""):
        self._on_console = on_console
        self._icount = icount
        self._qemu = None
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._jobs = {}
        self._number = 0
        self._disks = set()

    def __enter__(self):
        image = xenimage.dom0()
        self._scratch = tempfile.mkdtemp(prefix="libpv-xen-")
        self._mailbox = os.path.join(self._scratch, "mailbox")
        with open(self._mailbox, "wb") as file:
            file.truncate(MAILBOX_SIZE)
        try:
            why = self._restore(image)
            if why:
                print(f"{why}\nIt is booted afresh.", file=sys.stderr, flush=True)
                why = self._restore(image)
            if why:
                raise UserError(why)
            # The saved machine's clock stood still meanwhile.
            self.check(f"date -u -s @{int(time.time())} >/dev/null")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._end()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @property
    def log(self):
        """What Xen and Dom0 have printed."""
        return self._qemu.console

    def registers(self):
        """Of the emulated CPU, for the log when Dom0 does not answer."""
        return self._qemu.registers() if self._qemu else ""

    # Commands.

    def start(self, command):
        """Has the shell in Dom0 run a command; its Job."""
        job = Job(command)
        with self._lock:
            self._number += 1
            number = self._number
            self._jobs[number] = job
        try:
            self._agent.sendall(f"{number} {' '.join(command.splitlines())}\n".encode())
        except OSError:
            job.finish(None, b"")
        return job

    def run(self, command, timeout=COMMAND_BOUND):
        """Has the shell in Dom0 run a command; its exit status and what it printed."""
        job = self.start(command)
        return job.wait(timeout), job.text

    def output(self, command, timeout=COMMAND_BOUND):
        """What a command writes, byte for byte."""
        job = self.start(command)
        job.wait(timeout)
        return job.output

    def check(self, command, timeout=COMMAND_BOUND):
        """The same of a command that must succeed; what it printed."""
        status, output = self.run(command, timeout)
        if status:
            raise UserError(f"'{command}' in Dom0 ended with {status}: {output.strip()}")
        return output

    def console_write(self, data):
        """Types into the console of the domain under test."""
        self._console.sendall(data)

    # Files, disks, ports.

    def send_file(self, path, name):
        """Copies a file of this machine into Dom0."""
        size = os.path.getsize(path)
        if size > MAILBOX_SIZE:
            raise UserError(f"{path} is larger than {MAILBOX_SIZE >> 20} MiB")
        with open(path, "rb") as source, open(self._mailbox, "r+b") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        blocks = (size + (1 << 20) - 1) >> 20
        self.check(f"dd if=/dev/vda of={name} bs=1M count={blocks} iflag=direct 2>/dev/null && "
                   f"truncate -s {size} {name}")

    def attach(self, path, readonly=False):
        """Gives Dom0 a file of this machine as a disk; (its number, its device in Dom0)."""
        number = min(set(range(len(self._disks) + 1)) - self._disks)
        file = {"driver": "file", "filename": os.path.abspath(path)}
        self._qemu.command("blockdev-add", **{"driver": "raw", "node-name": f"file{number}",
                                              "read-only": readonly, "file": file})
        self._disks.add(number)
        self._qemu.command("device_add", **{"driver": "scsi-hd", "id": f"disk{number}",
                                            "drive": f"file{number}", "bus": "scsi.0",
                                            "scsi-id": number})
        device = self.check(
            f"n=0; until ls /sys/bus/scsi/devices/*:0:{number}:0/block 2>/dev/null; do n=$((n+1)); "
            "[ $n -lt 400 ] || exit 1; usleep 20000; done")
        return number, f"/dev/{device.strip()}"

    def detach(self, number):
        self.run(f"echo 1 >$(ls -d /sys/bus/scsi/devices/*:0:{number}:0)/delete")
        self._qemu.command("device_del", id=f"disk{number}")
        deadline = time.monotonic() + 10
        while True:
            try:
                self._qemu.command("blockdev-del", **{"node-name": f"file{number}"})
                break
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self._disks.remove(number)

    def monitor(self, line):
        """A command to QEMU's monitor that has nothing to say if it succeeds."""
        answer = self._qemu.command("human-monitor-command", **{"command-line": line})
        if answer.strip():
            raise UserError(f"QEMU refuses {line}: {answer.strip()}")

    def remove_forward(self, rule):
        self._qemu.command("human-monitor-command",
                           **{"command-line": f"hostfwd_remove net0 {rule}"})

    # The machine.

    def _command(self, image, channels):
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot",
                "-display", "none", "-M", "pc",
                *(("-accel", "tcg", "-icount", self._icount) if self._icount
                  else ("-accel", "tcg,thread=multi")),
                "-cpu", envs.XEN_CPU, "-m", f"{MEMORY}M", "-smp", "1", "-serial", "stdio",
                "-kernel", image.xen, "-append", XEN_OPTIONS,
                "-initrd", f"{image.kernel} {LINUX_OPTIONS.replace(',', ',,')},{image.initrd}",
                "-drive", f"if=none,id=mailbox,format=raw,file={self._mailbox}",
                "-device", f"virtio-blk-pci,drive=mailbox,{LEGACY}",
                "-device", f"virtio-scsi-pci,id=scsi,{LEGACY}",
                "-netdev", "user,id=net0",
                "-device", f"virtio-net-pci,netdev=net0,romfile=,{LEGACY}",
                "-device", f"virtio-serial-pci,{LEGACY}"]
        for name, fd in channels.items():
            argv += ["-chardev", f"socket,id={name},fd={fd}",
                     "-device", f"virtserialport,chardev={name},name={name}"]
        return argv

    def _snapshot_name(self, image):
        version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True,
                                 check=False).stdout
        command = self._command(image, {"agent": 0, "console": 0})
        command.remove(f"if=none,id=mailbox,format=raw,file={self._mailbox}")
        what = hashlib.sha256(repr((version, command)).encode()).hexdigest()[:12]
        return os.path.join(cache.directory(), f"dom0-{image.key}-{what}.snapshot")

    def _restore(self, image):
        """Starts from the snapshot, which is made if need be. What is wrong with it, which is no more."""
        snapshot = self._snapshot_name(image)
        with cache.lock("dom0"):
            if not os.path.exists(snapshot):
                self._boot(image)
                with cache.replacing(snapshot) as new:
                    self._qemu.save(new, READY_BOUND)
                self._end()
        try:
            self._boot(image, snapshot)
            return ""
        except (UserError, RuntimeError) as error:
            why = (f"Xen's Dom0 did not come back from {snapshot}: {error}; its console ends with\n"
                   f"{self._qemu.tail()}")
        self._end()
        os.unlink(snapshot)
        return why

    def _boot(self, image, snapshot=""):
        self._ready.clear()
        self._agent, agent = socket.socketpair()
        self._console, console = socket.socketpair()
        argv = self._command(image, {"agent": agent.fileno(), "console": console.fileno()})
        if snapshot:
            argv += ["-incoming", f"exec:cat {shlex.quote(snapshot)}"]
        self._qemu = QemuGuest(backlog.preload(backlog.library()) + argv, bound=30 * 86400.0,
                               pass_fds=(agent.fileno(), console.fileno()))
        agent.close()
        console.close()
        threading.Thread(target=self._listen, args=(self._agent,), daemon=True).start()
        threading.Thread(target=self._relay, args=(self._console,), daemon=True).start()
        if snapshot:
            self._qemu.resume(READY_BOUND)
            self.run("true", READY_BOUND)
            return
        deadline = time.monotonic() + READY_BOUND
        while not self._ready.wait(0.1):
            if self._qemu.outcome or time.monotonic() > deadline:
                outcome = self._qemu.outcome or f"was not ready after {READY_BOUND:.0f} s"
                raise UserError(f"Xen's Dom0 {outcome}; its console ends with\n"
                                f"{self._qemu.tail()}")

    def _end(self):
        if self._qemu:
            self._qemu.kill()
            self._agent.close()
            self._console.close()
            self._qemu = None

    def _relay(self, channel):
        while True:
            try:
                data = channel.recv(65536)
            except OSError:
                data = b""
            if not data:
                return
            self._on_console(data)

    def _listen(self, channel):
        """Takes the agent's answers: a line "NUMBER STATUS SIZE", and so many bytes."""
        stream = channel.makefile("rb")
        try:
            for line in stream:
                words = line.split()
                if words == [b"ready"]:
                    self._ready.set()
                    continue
                number, status, size = map(int, words)
                output = stream.read(size)
                with self._lock:
                    job = self._jobs.pop(number)
                job.finish(status, output)
        except (OSError, ValueError):
            pass
        with self._lock:
            jobs, self._jobs = self._jobs, {}
        for job in jobs.values():
            job.finish(None, b"")
