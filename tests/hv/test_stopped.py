# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A machine that its host stops, by the monitor of its QEMU, tells its CPUs by their clocks' pages (KVM_KVMCLOCK_CTRL)."""

import time

from harness import test
from test_smp import values


@test(envs="kvm-*", bound=60)
def stopped(t):
    """The host stops the machine, and lets it go on: each CPU is told once, each time, and the clock does not go back."""
    smp, times = 2, 3
    guest = t.boot("stopped", directory="tests", smp=smp, append=f"stopped.n={times}")
    guest.expect(f"^cpus: {smp}$", t.patience(10))
    guest.expect("^told: 0 0$", t.patience(10))
    for i in range(1, times + 1):
        guest.command("stop")
        time.sleep(0.5)
        guest.command("cont")
        guest.expect(f"^told: {i} {i}$", t.patience(10))
    guest.succeed(t.patience(20))
    said = values(guest)
    assert (said["told"], said["counted"]) == (f"{times} {times}", str(smp * times)), said
    assert said["back"] == "0", said
    t.note(f"{times} times, each told to {smp} CPUs once")
