# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""An HVM domain of Xen: each way to be interrupted, and the emulated devices that are to go."""

import re

from harness import test
from test_httpd import serve

# xen.upcall of the guest: its `upcall=`, enum pv_upcall.
UPCALLS = {"": 2, "vector": 3, "none": 4}


@test(envs="xen-hvm", bound=60)
def hvm_upcalls(t):
    """Xen's own interfaces; events by each CPU's vector, by one vector for all, by the platform device's line."""
    for word, number in UPCALLS.items():
        guest = t.boot("xen", "tests", append=word and f"xen.upcall={word}")
        outcome = guest.wait(t.patience(15))
        failed = re.findall(r"^(.*: FAILED.*|line \d+: .*)$", guest.console, re.MULTILINE)
        assert outcome.ok, f"xen.upcall={word}: {outcome}: {'; '.join(failed)}"
        guest.expect("^mode=HVM$", 1)
        guest.expect(f"^upcall={number}$", 1)


def emulated(t, guest):
    """What the device model has of the boot disk and of the network card."""
    disks, cards = (t.dom0(f"xl qemu-monitor-command {guest.name} 'info {what}'")
                    for what in ("block", "network"))
    return "ide0-hd0" in disks, "rtl8139" in cards


@test(envs="xen-hvm", bound=40)
def hvm_unplug(t):
    """The emulated disk and card are there for a kernel without drivers for them, else gone."""
    guest = t.boot("xenstore", "tests", net=True)
    guest.expect(r"^ready: ok$", t.patience(10))
    assert emulated(t, guest) == (True, True), "they are gone, and nobody has asked for that"
    t.dom0(f"xl shutdown {guest.name}")
    guest.succeed(t.patience(5))
    guest = serve(t)
    assert emulated(t, guest) == (False, False), "they are there still"
