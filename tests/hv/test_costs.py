# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What KVM's paravirtual features are worth: exits of the guest for each thing done, by KVM's own counters."""

from harness import Skip, test
from test_smp import cpus

ENVS = "kvm-pc"


def exits(t, action, smp, n, off="", image="cpus", more=""):
    """Exits for each of n times, beyond those of a guest that does it never; and what it says, and KVM of its hypercalls.
    off: a feature of KVM that the guest is not offered."""
    spec = {"extra": ("-cpu", f"{t.env.cpu},{off}=off")} if off else None
    count = []
    for times in (0, n):
        said, guest = cpus(t, action, smp, times, image=image, more=more, spec=spec)
        if not guest.outcome.stats:
            raise Skip("KVM's counters on this machine are for root alone")
        count.append(guest.outcome.stats["exits"])
        said["calls"] = guest.outcome.stats.get("hypercalls", 0)
    return (count[1] - count[0]) / n, said


def beside(t, what, with_it, without):
    t.note(f"{what}: {with_it:.2f} exits, {without:.2f} without ({with_it / without:.2f})")


@test(envs=ENVS, bound=60)
def cost_interrupt(t):
    """An interrupt that is ended by a word in memory has one exit less. Each of two CPUs is sent n, and sends n."""
    n = 1000
    with_it, said = exits(t, "ipi", 2, n)
    without, plain = exits(t, "ipi", 2, n, off="kvm-pv-eoi")
    saved = int(said["eoi saved"]) / int(said["interrupts"])
    assert saved > 0.5 and plain["eoi saved"] == "0", (said, plain)
    beside(t, "an interrupt, PV EOI", with_it / 2, without / 2)
    assert without > with_it, (with_it, without)


@test(envs=ENVS, bound=60)
def cost_ipi(t):
    """Three CPUs are interrupted by one hypercall. How many of them sleep meanwhile, which costs exits, too, is chance."""
    n = 500
    with_it, said = exits(t, "broadcast", 4, n)
    without, plain = exits(t, "broadcast", 4, n, off="kvm-pv-ipi")
    beside(t, "interrupts to three CPUs, SEND_IPI", with_it, without)
    assert (said["calls"], plain["calls"]) == (n, 0), (said, plain)


@test(envs=ENVS, bound=60)
def cost_tlb(t):
    """CPUs that do not run are not interrupted for a flush: the host does it before they run again."""
    n = 100
    with_it, said = exits(t, "tlb", 4, n)
    without, plain = exits(t, "tlb", 4, n, off="kvm-pv-tlb-flush")
    assert int(said["left to host"]) > 0 and plain["left to host"] == "0", (said, plain)
    beside(t, "a flush by each of four CPUs, PV_TLB_FLUSH", with_it, without)
    assert int(said["interrupted"]) < int(plain["interrupted"]), (said, plain)


@test(envs=ENVS, bound=120)
def cost_lock(t):
    """A lock that four CPUs of two want: asleep until it is one's turn, and spinning."""
    n, held = 20000, "lock.hold=20000 lock.rest=20000"
    with_it, said = exits(t, "lock", 4, n, image="lock", more=held)
    without, plain = exits(t, "spin", 4, n, image="lock", more=held)
    t.note(f"a lock's turn, PV_UNHALT: {with_it:.3f} exits, {without:.3f} without; {said['each']}, {plain['each']} without")
    assert said["taken"] == plain["taken"] == str(n), (said, plain)


def calls(t, action, smp, n, image="cpus", more=""):
    """Hypercalls of a guest, which it counts itself."""
    return int(cpus(t, action, smp, n, image, more)[0]["hypercalls"])


@test(envs="xen-pv xen-pvh", bound=240)
def cost_xen(t):
    """The same of hypercalls on Xen, which has no counter of exits to be read. Those of a guest that does nothing are not counted."""
    n = 200
    idle = calls(t, "broadcast", 4, 0)
    ipi = (calls(t, "ipi", 2, n) - calls(t, "ipi", 2, 0)) / n / 2
    three = (calls(t, "broadcast", 4, n) - idle) / n
    flush = (calls(t, "tlb", 4, n) - idle) / n / 4
    # Held for long enough that others want it meanwhile.
    often = 20000
    lock = (calls(t, "lock", 4, often, "lock", "lock.hold=20000 lock.rest=20000") - idle) / often
    t.note(f"hypercalls: an interrupt from another CPU, and waiting for it: {ipi:.2f}, interrupts to three CPUs: {three:.2f}, "
           f"a flush of four CPUs: {flush:.2f}, a lock's turn: {lock:.3f}")
    # One sends, and a PV guest's wait is another; one flushes all.
    assert 0.9 <= ipi < 4 and 3 <= three < 12, (ipi, three)
    assert flush < 1.5 and lock < 4, (flush, lock)
