# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Runs QEMU with KVM inside the emulated host, told what to do by nested.py.

One line of JSON per message on a virtio-serial port. From nested.py: start (argv, bound), kill,
page_out, ask (a command of the monitor's and its arguments). To nested.py: ready, answer (and
whether it is an error), out (console bytes, in base64), end (the outcome), paged_out (whether it
was), and alive, every few seconds. One guest at a time.
"""

import base64
import dataclasses
import fcntl
import json
import os
import threading
import time

from . import pageout
from .qemu import QemuGuest

SWAP = "/dev/vda"
ALIVE_EVERY = 5.0  # seconds

# <linux/kvm.h>
KVM_CREATE_VM = 0xAE01
KVM_CREATE_IRQCHIP = 0xAE60
KVM_CREATE_VCPU = 0xAE41


def _open_port():
    """The port whose name is "agent"."""
    for entry in os.listdir("/sys/class/virtio-ports"):
        with open(f"/sys/class/virtio-ports/{entry}/name", encoding="ascii") as file:
            if file.read().strip() == "agent":
                return open(f"/dev/{entry}", "r+b", buffering=0)
    raise SystemExit("no port for the agent")


def _idle_machine():
    """A virtual machine with a CPU, which never runs; its descriptors, to be kept.

    With the first machine, and after the last, Linux patches its scheduler and its local APIC (static keys). Under an
    emulated processor CPUs may not see that alike: hosts were found frozen in it. As long as one is there it is not done.
    """
    kvm = os.open("/dev/kvm", os.O_RDWR)
    machine = fcntl.ioctl(kvm, KVM_CREATE_VM, 0)
    fcntl.ioctl(machine, KVM_CREATE_IRQCHIP, 0)
    return kvm, machine, fcntl.ioctl(machine, KVM_CREATE_VCPU, 0)


class _Reporter(QemuGuest):
    """A guest whose end is told to nested.py."""

    def __init__(self, say, argv, bound, tap):
        self._say = say
        super().__init__(argv, bound=bound, stats=True, on_output=self._tell, tap=tap)

    def _tell(self, data):
        self._say({"out": base64.b64encode(data).decode()})

    def finish(self, outcome):
        super().finish(outcome)
        self._say({"end": dataclasses.asdict(outcome)})


def main():
    port = _open_port()
    _kept = _idle_machine()
    lock = threading.Lock()

    def say(message):
        with lock:
            port.write(json.dumps(message).encode() + b"\n")

    def live():
        while True:
            say({"alive": True})
            time.sleep(ALIVE_EVERY)

    say({"ready": True})
    threading.Thread(target=live, daemon=True).start()
    guest = None
    buffer = b""
    while True:
        data = port.read(65536)
        if not data:
            return
        *lines, buffer = (buffer + data).split(b"\n")
        for message in map(json.loads, lines):
            if "start" in message:
                guest = _Reporter(say, **message["start"])
            elif "kill" in message and guest:
                guest.kill()
            elif "ask" in message:
                name, arguments = message["ask"]
                try:
                    say({"answer": [guest.command(name, **arguments), False]})
                except RuntimeError as error:
                    say({"answer": [str(error), True]})
            elif "vcpu_waits" in message:
                say({"answer": [guest.vcpu_waits(), False]})
            elif "page_out" in message:
                say({"paged_out": pageout.have_swap(SWAP) and guest.page_out()})


if __name__ == "__main__":
    main()
