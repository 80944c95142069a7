# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The clock over all CPUs, and against this machine's for longer."""

from harness import test
from test_smp import ENVS, cpus, slow


@test(envs=ENVS, bound=240)
def clock_smp(t):
    """The clock never steps back from one CPU to another, nor on one: as the host promises, and without its promise."""
    n = 100000 if slow(t) else 2000000
    turns = 200 if slow(t) else 2000
    for smp, stable in ((2, 1), (4, 1), (4, 0)):
        more = f"clocks.stable={stable}"
        for action, times, readings in (("at-once", n, n * smp), ("in-turn", turns, 64 * turns)):
            said, _ = cpus(t, action, smp, times, image="clocks", more=more)
            assert (said["readings"], said["back"]) == (str(readings), "0"), said
            assert stable or "stable" not in said["clock"], said
        t.note(f"{smp} CPUs, {said['clock']}{'' if stable else ', promise ignored'}: "
               f"{n * smp + 64 * turns} readings, {said['clamped']} held")
