# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What two CPUs write is not in one cache line, in the image as it is linked."""

import re
import subprocess

from harness import test
from test_smp import values

LINE = 64
# The guest's own word, by which the CPUs take turns; the clock's, where the host does not promise one clock for all.
ALLOWED = {"word", "latest"}


def symbols(elf):
    """Of the image's data: (address, size, name)."""
    out = subprocess.run(["nm", "-S", elf], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^([0-9a-f]{16}) ([0-9a-f]{16}) [bBdD] (\S+)$", out, re.MULTILINE)
    return [(int(at, 16), int(size, 16), name) for at, size, name in found]


def names(data, line, mask):
    """What the bytes of a line are part of, a bit each."""
    at = [line + i for i in range(LINE) if mask >> i & 1]
    return {next((name for start, size, name in data if start <= a < start + size), f"{a:#x}") for a in at}


@test(envs="kvm-pc xen-dom0-pv xen-pv xen-pvh xen-hvm", bound=60)
def cpu_lines(t):
    """4 CPUs read the clock, sleep, interrupt themselves and take locks: none writes a line that another one does."""
    data = symbols(t.image("lines", "tests"))
    stacks, size = next((start, size) for start, size, name in data if name == "stacks")
    guest = t.boot("lines", directory="tests", smp=4, append=f"lines.from={stacks:#x} lines.skip={size}")
    guest.succeed(t.patience(50))
    said = values(guest)
    assert (said["cpus"], said["bad"]) == ("4", "0"), said
    assert int(said["written"]) >= 8, said
    shared = {}
    for line, first, second, by in re.findall(r"^line (?:0x)?([0-9a-f]+): (\w+) (\w+) by (\w+)$", guest.console, re.MULTILINE):
        of = [names(data, int(line, 16), int(mask, 16)) for mask in (first, second)]
        if (of[0] | of[1]) - ALLOWED:
            shared[line] = f"{', '.join(sorted(of[0]))} and {', '.join(sorted(of[1]))} (CPUs {by})"
    assert not shared, f"written by several CPUs: {'; '.join(shared.values())}"
    t.note(f"{said['written']} lines written")
