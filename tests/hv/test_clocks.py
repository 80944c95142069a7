# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The clock over all CPUs."""

from harness import test
from test_smp import ENVS, cpus

READINGS = 10**8  # by 4 CPUs
TURNS = 400  # hand-overs, after each of which the next reads 64 times


@test(envs=ENVS, bound=240)
def clock_smp(t):
    """The clock never steps back from one CPU to another, nor on one: as the host promises, and without its promise.

    All read at once, each against the latest that any has seen; and in turn, each against the one before.
    """
    # Dom0 is not spared the emulation of RDTSC.
    emulated = t.env.name == "xen-dom0-pvh"
    domain = t.env.xen and not t.env.xen.startswith("dom0")
    if domain and t.env.xen != "hvm":
        t.note(measure(t, 4, 1, READINGS // 2000, 20, {}) + ", TSC emulated")
    for smp, stable in ((2, 1), (4, 1), (4, 0))[:3 if t.env.kvm or t.env.xen else 2]:
        n = READINGS // (500 if emulated else 1 if smp == 4 else 10)
        t.note(measure(t, smp, stable, n, TURNS // 10 if emulated else TURNS))


def measure(t, smp, stable, readings, turns, spec=None):
    """Some readings of the clock by so many CPUs; what is to be told of them."""
    n, told = readings // smp, []
    for action, times, total in (("at-once", n, n * smp), ("in-turn", turns, 64 * turns)):
        said, _ = cpus(t, action, smp, times, image="clocks", more=f"clocks.stable={stable}", spec=spec)
        assert (said["readings"], said["back"]) == (str(total), "0"), said
        # Of the nested host it is known that its TSC is stable, and that KVM says so.
        assert ("stable" in said["clock"]) == bool(stable) if t.nested else stable or "stable" not in said["clock"], said
        told.append(f"{total} in {said['took']} ({said['clamped']} held)")
    return f"{smp} CPUs, {said['clock']}{'' if stable else ', promise ignored'}: {' and '.join(told)}"
