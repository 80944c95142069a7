# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The image in the place of Dom0's kernel: Xen with one guest, there within a second.

Nothing is behind it: no devices, no xenstore. Xen and the guest write to the same serial port.
Xen's lines begin with "(XEN) ", and are kept apart; before the first of them comes Xen's banner.
The machine ends when Xen says that its Dom0 did: after a power-off Xen only halts.
"""

import re

from . import xenimage
from .errors import UserError
from .guest import Outcome
from .qemu import QemuGuest
from .spec import DEBUG_EXIT

XEN_MEMORY = 192  # MiB for Xen itself
_ENDED = re.compile(rb"Hardware Dom0 (halted|crashed|shutdown: rebooting|shutdown: watchdog)"
                    rb"|(Panic on CPU)")
_KINDS = {b"halted": "powered-off", b"shutdown: rebooting": "reset"}
_STATUS = re.compile(r"^exit status: (\d+)$", re.MULTILINE)


def command(env, spec):
    """QEMU's argument vector."""
    if spec.disks or spec.net or spec.forwards:
        raise UserError(f"{env.name} has no devices: there is nothing behind Dom0")
    if " " in spec.elf:
        raise UserError(f"QEMU cannot give '{spec.elf}' to Xen: there is a space in its name")
    kernel = f"{spec.elf} {spec.append}".strip().replace(",", ",,")
    options = f"console=com1 com1=115200,8n1 dom0_mem={spec.memory}M dom0_max_vcpus={spec.smp} "
    options += "loglvl=all guest_loglvl=all"
    if env.xen == "dom0-pvh":
        options += " dom0=pvh dom0-iommu=none"
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none", "-M", env.machine, "-accel", "tcg", "-cpu", env.cpu,
            "-m", f"{spec.memory + XEN_MEMORY}M", "-smp", str(spec.smp), "-serial", "stdio",
            "-device", DEBUG_EXIT, "-kernel", xenimage.hypervisor(), "-append", options,
            "-initrd", kernel, *spec.extra]


class Dom0Guest(QemuGuest):
    """The guest; `host_log` is what Xen said."""

    def __init__(self, env, spec, on_output, bound):
        self._line = b""  # what came of a line that may yet be Xen's
        self._xen = bytearray()
        self._dom0 = None  # how Dom0 ended
        super().__init__(command(env, spec), on_output=on_output, bound=bound)

    @property
    def host_log(self):
        return bytes(self._xen).decode("utf-8", "replace").replace("\r", "")

    def _on_console(self, data):
        *lines, rest = (self._line + data).split(b"\n")
        for line in lines:
            self._take(line + b"\n")
        # The guest's own words are shown as they come.
        if self._xen and not b"(XEN) ".startswith(rest[:6]):
            self._take(rest)
            rest = b""
        self._line = rest

    def _take(self, text):
        if not text.startswith(b"(XEN) "):
            if self._xen:
                super()._on_console(text)
            return
        self._xen += text
        ended = _ENDED.search(text)
        if ended and self._dom0 is None:
            self._dom0 = ended[1] or ended[2]
            self._process.kill()

    def _judge(self, code, stats):
        self._take(self._line)
        outcome = super()._judge(code, stats)
        if self._dom0 is None or outcome.kind == "killed":
            return outcome
        status = _STATUS.findall(self.console)
        if status and self._dom0 in (b"halted", b"crashed"):
            return Outcome("exited", int(status[-1]), "", outcome.seconds)
        kind = _KINDS.get(self._dom0, "crashed")
        return Outcome(kind, 0, "" if kind != "crashed" else self._why(), outcome.seconds)

    def _why(self):
        """Xen's reason for a crash, of which the first lines matter."""
        lines = [line.removeprefix("(XEN) ") for line in self.host_log.splitlines()]
        start = next((i for i, line in enumerate(lines) if re.search(
            r"Freed \d+kB init memory", line)), 0) + 1
        return "\n".join(["Xen says", *("    | " + line for line in lines[start:][:15])])
