# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Interrupts between CPUs where KVM does not send them to many at once: by the local APIC, in both of its modes."""

from harness import Skip, test
from test_smp import cpus

N = 200  # times that three CPUs are interrupted


def hypercalls(t, off, mode):
    """How many a guest without these features makes, which its local APICs are used by, in this mode."""
    spec = {"extra": ("-cpu", ",".join((t.env.cpu, *(f"{name}=off" for name in off))))}
    said, guest = cpus(t, "apic", 4, N, spec=spec)
    assert (said["sets"], said["lost"], said["mode"]) == (str(N), "0", mode), said
    if not guest.outcome.stats:
        raise Skip("KVM's counters on this machine are for root alone")
    return guest.outcome.stats.get("hypercalls", 0)


@test(envs="kvm-pc", bound=60)
def ipi_apic(t):
    """All arrive: by a hypercall for each set, and without PV_SEND_IPI by none, but MSRs of x2APIC, or its registers in memory."""
    for off, each, mode in (((), 1, "x2APIC"), (("kvm-pv-ipi",), 0, "x2APIC"), (("kvm-pv-ipi", "x2apic"), 0, "memory")):
        calls = hypercalls(t, off, mode)
        t.note(f"{' and '.join(off) or 'nothing'} off: {calls} hypercalls, {mode}")
        assert calls == each * N, (off, calls)
