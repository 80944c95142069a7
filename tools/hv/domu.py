# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The image as a domain of its own on Xen, with its disks and its network served by Dom0.

    user - DomU - XenHost - Dom0 == agent: xl create; console

One boot of Dom0 serves any number of domains, one after the other. A disk is a file of this machine
that Dom0 has as a SCSI disk and blkback hands on; an HVM domain has one more, which it boots from.
The network is QEMU's user network, Dom0's bridge a part of it: the domain, the only one there that
asks for an address, gets 10.0.2.15, where the forwards lead. A domain that has ended is kept until
its console has been read to the end.
"""

import base64
import queue
import re
import tempfile
import threading
import time

from . import bootdisk, hvm
from .dom0 import Dom0
from .errors import UserError
from .guest import CONSOLE_MAX, Guest, Outcome

MAC = "00:16:3e:00:00:01"
MOVE_BOUND = 120.0  # seconds from the end of a saved domain to its next beginning
END_BOUND = 60.0  # seconds for Dom0 to end a domain
# A hot-plug script for disks, which says as the toolstack that their backend is not trusted.
UNTRUSTED = b"""#!/bin/sh
[ $1 = add ] && xenstore-write $(xenstore-read $XENBUS_PATH/frontend)/trusted 0
exec /etc/xen/scripts/block "$@"
"""
REASONS = {"1": "reset", "2": "suspended", "3": "crashed", "4": "crashed"}
_STATUS = re.compile(r"^exit status: (\d+)$", re.MULTILINE)
_REASON = re.compile(r"has shut down, reason code (\d+)")


class DomU(Guest):
    """name: the domain's; after: what Spec.after printed."""

    def __init__(self, host, name, ports, on_output, bound):
        super().__init__(ports, on_output)
        self.name = name
        self.host = host
        self.size = 0  # bytes that the console has shown
        self.after = ""
        self.start = time.monotonic()
        self.ending = None  # why we end it
        self.ended = threading.Event()
        self._moving = False
        self._next = queue.Queue()
        self._finishing = threading.Lock()
        self._timer = threading.Timer(bound, self._late, (bound,))
        self._timer.daemon = True
        self._timer.start()

    def send(self, data):
        """Types into the console."""
        self.host.dom0.console_write(data)

    def moves(self):
        """It is to be saved: that xl ends then is not its end; follow() says what goes on with it."""
        self._moving = True

    def follow(self, command):
        """It is saved; this shell command in Dom0 restores it, waits for its end, and prints what xl says."""
        self._next.put(command)

    def followed(self):
        """After xl ended: the next command for it, or None."""
        if not self._moving or self.ending is not None:
            return None
        self._moving = False
        try:
            return self._next.get(timeout=MOVE_BOUND)
        except queue.Empty:
            return None

    def kill(self):
        self.end("")
        if not self.ended.wait(END_BOUND):
            self.host.give_up(self)

    def end(self, why):
        if self.ending is None and not self.ended.is_set():
            self.ending = why
            self._next.put(None)
            self.host.destroy(self)

    def finish(self, outcome):
        """The first to say so is believed: Dom0 may answer when it was given up."""
        with self._finishing:
            if self.ended.is_set():
                return
            self._timer.cancel()
            super().finish(outcome)
            self.ended.set()

    def _late(self, bound):
        self.end(f"it still ran after {bound:.0f} s")


class XenHost:
    """Xen and Dom0. Use: with XenHost() as host: guest = host.start(env, spec, ...)."""

    def __init__(self, icount=""):
        self.dom0 = Dom0(self._on_console, icount)
        self._guest = None
        self._runs = 0
        self._disks = ""
        self._device_model = False  # whether Dom0 has it
        self._news = threading.Condition()

    def __enter__(self):
        self.dom0.__enter__()
        return self

    def __exit__(self, *_):
        guest = self._guest
        if guest and guest.outcome is None:
            guest.finish(Outcome("killed"))
        self.dom0.__exit__()

    def start(self, env, spec, ports, bound, on_output):
        """Starts a domain. ports: the ports of this machine for spec.forwards, in their order."""
        if self._guest and self._guest.outcome is None:
            raise RuntimeError("the domain before still runs")
        if spec.extra or spec.icount or spec.trace or spec.queues:
            raise UserError(f"{env.name} does not take options of QEMU")
        self._runs += 1
        name = f"u{self._runs}"
        undo = []
        try:
            config = self._prepare(env, spec, ports, name, undo)
        except BaseException:
            self._clean(undo)
            raise
        by_rule = {(r.proto, r.guest_port): p for r, p in zip(spec.forwards, ports)}
        guest = DomU(self, name, by_rule, on_output, bound)
        self._guest = guest
        seen = len(self.dom0.log)
        variables = f"elf=/run/{name}.elf; {self._disks}"
        job = self.dom0.start(f"echo {config} | base64 -d >/run/{name}.cfg; "
                              f"{variables}{spec.before or ':'} && xl create -c -F /run/{name}.cfg <&4 >&4 2>/run/{name}.log; "
                              f"cat /run/{name}.log")
        after = spec.after and variables + spec.after
        threading.Thread(target=self._watch, args=(guest, job, after, undo, seen),
                         daemon=True).start()
        return guest

    def destroy(self, guest):
        # As long as there is no domain yet, xl would only say so.
        self.dom0.start(f"n=0; until xl destroy {guest.name} || [ $n -ge 20 ]; do n=$((n+1)); "
                        "usleep 100000; done")

    def give_up(self, guest):
        """Dom0 has not ended the domain when it should have: is it Dom0?"""
        try:
            self.dom0.check("true", END_BOUND)
            outcome = Outcome("failed", 0, f"Dom0 did not end it within {END_BOUND:.0f} s")
        except UserError as error:
            outcome = Outcome("lost", 0, str(error))
        guest.host_log = self.dom0.log + "\n" + self.dom0.registers()
        guest.finish(outcome)

    def _prepare(self, env, spec, ports, name, undo):
        """What the domain needs; its configuration, in base64."""
        undo.append(lambda: self.dom0.run(f"rm -f /run/{name}.*"))
        settings = {"name": name, "type": env.xen, "memory": spec.memory, "vcpus": spec.smp}
        for event in ("poweroff", "reboot", "crash", "watchdog"):
            settings[f"on_{event}"] = "preserve"
        disks, self._disks = [], ""
        first = ord("e" if env.xen == "hvm" else "a")  # the first four are emulated ones too
        for i, disk in enumerate(spec.disks):
            device = self._attach(disk.path, disk.readonly, undo)
            self._disks += f"disk{i}={device}; "
            mode = "r" if disk.readonly else "w"
            disks.append(self._disk(device, f"xvd{chr(first + i)}", mode, spec.untrusted))
        if env.xen == "hvm":
            settings |= hvm.SETTINGS
            disks.append(f"phy:{self._boot_disk(spec, undo)},hda,w")
        else:
            self.dom0.send_file(spec.elf, f"/run/{name}.elf")
            settings |= {"kernel": f"/run/{name}.elf", "cmdline": spec.append}
            if spec.initrd:
                self.dom0.send_file(spec.initrd, f"/run/{name}.initrd")
                settings["ramdisk"] = f"/run/{name}.initrd"
        settings["disk"] = disks
        if spec.net or spec.forwards:
            settings["vif"] = [f"mac={MAC},bridge=xenbr0" + ",untrusted" * spec.untrusted]
        settings.update(spec.xl)
        for rule, port in zip(spec.forwards, ports):
            forward = f"{rule.proto}:127.0.0.1:{port}"
            self.dom0.monitor(f"hostfwd_add net0 {forward}-10.0.2.15:{rule.guest_port}")
            undo.append(lambda f=forward: self.dom0.remove_forward(f))
        text = "".join(f"{key} = {_quoted(value)}\n" for key, value in settings.items())
        return base64.b64encode(text.encode()).decode()

    def _disk(self, device, name, mode, untrusted):
        """A disk, as xl is told of it."""
        if not untrusted:
            return f"phy:{device},{name},{mode}"
        # xl 4.17 does not know the word for disks, as it does for network cards.
        script = "/run/block-untrusted"
        text = base64.b64encode(UNTRUSTED).decode()
        self.dom0.check(f"echo {text} | base64 -d >{script} && chmod +x {script}")
        return f"format=raw,vdev={name},access={mode},script={script},target={device}"

    def _attach(self, path, readonly, undo):
        """A file of this machine as a device in Dom0."""
        number, device = self.dom0.attach(path, readonly)
        undo.append(lambda: self.dom0.detach(number))
        return device

    def _boot_disk(self, spec, undo):
        """What an HVM domain boots from, as a device in Dom0."""
        if not self._device_model:
            hvm.install(self.dom0)
            self._device_model = True
        with tempfile.TemporaryDirectory(prefix="libpv-boot-") as directory:
            return self._attach(bootdisk.make(spec, directory, "bios"), False, undo)

    @staticmethod
    def _clean(undo):
        for action in reversed(undo):
            action()

    def _on_console(self, data):
        guest = self._guest
        if guest is None or guest.outcome:
            return
        guest.feed(data)
        with self._news:
            guest.size += len(data)
            self._news.notify_all()
        if guest.size > CONSOLE_MAX:
            guest.end(f"it printed more than {CONSOLE_MAX >> 20} MiB")

    def _watch(self, guest, job, after, undo, seen):
        """Waits for the domain's end."""
        try:
            job.wait(None)
            while command := guest.followed():
                job = self.dom0.start(command)
                job.wait(None)
            self._drain(guest)
            self.dom0.run(f"xl destroy {guest.name}")
            if after:
                guest.after = self.dom0.check(after)
            self._clean(undo)
            outcome = self._judge(guest, job.text)
        except (UserError, RuntimeError) as error:
            outcome = Outcome("failed", 0, str(error))
        if not guest.ended.is_set():
            guest.host_log = self.dom0.log[seen:]
        guest.finish(outcome)

    def _drain(self, guest):
        """The console to its end, as Xen's console daemon has it."""
        log = f"/var/log/xen/console/guest-{guest.name}.log"
        size = int("0" + self.dom0.run(f"stat -c %s {log} 2>/dev/null")[1].strip())
        with self._news:
            self._news.wait_for(lambda: guest.size >= size, 2)
            have = guest.size
        if have < size:
            self._on_console(self.dom0.output(f"tail -c +{have + 1} {log}"))

    def _judge(self, guest, said):
        """The outcome, by what xl has said."""
        seconds = time.monotonic() - guest.start
        reason = _REASON.findall(said)
        status = _STATUS.findall(guest.console)
        if guest.ending is not None and not reason:
            return Outcome("killed", 0, guest.ending, seconds)
        if not reason:
            return Outcome("failed", 0, f"xl: {said.strip()}", seconds)
        if status and reason[-1] in ("0", "3"):
            return Outcome("exited", int(status[-1]), "", seconds)
        return Outcome(REASONS.get(reason[-1], "powered-off"), 0, "", seconds)


def _quoted(value):
    """A value in xl's configuration."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_quoted, value)) + "]"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
