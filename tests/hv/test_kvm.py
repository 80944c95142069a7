# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""KVM's own interfaces: features, hypercalls, both sets of clock MSRs, the wall clock."""

import re
import time

from harness import Skip, test

# Offered by every KVM since Linux 3.0: both sets of clock MSRs, asynchronous page faults, steal time.
ALWAYS = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5
PV_ENOSYS = -38
PV_ENOTSUP = -95
# Features that a line of the guest's is about: the bit, and what it says of one that works.
CALLS = {
    "kick": (7, "0"),
    "send ipi": (11, "0"),
    "poll control": (12, "0, 1 to 0"),
    "yield": (13, "0"),
    "map range": (16, "0"),
    "migration control": (17, "0"),
}


@test(envs="kvm-*", bound=30)
def kvm(t):
    before = time.time()
    guest = t.boot("kvm", directory="tests")
    guest.succeed(t.patience(20))
    after = time.time()
    said = dict(re.findall(r"^([\w ]+): (.*)$", guest.console, re.MULTILINE))

    assert int(said["features"], 16) & ALWAYS == ALWAYS, said
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        intel_here = "GenuineIntel" in file.read()
    assert said["vmmcall"] == ("0" if intel_here and not t.nested else "1"), said
    assert said["poll"] == "0", said
    assert said["unknown"] == str(PV_ENOSYS), said
    assert said["new"] == "kvmclock, 0 backwards, runs", said
    assert said["old"] == "kvmclock (old MSRs), 0 backwards, runs", said
    offered = int(said["features"], 16)
    for name, (bit, works) in CALLS.items():
        if offered >> bit & 1:
            assert said[name] == works, f"{name}: {said[name]}"
        else:
            t.note(f"not offered by this KVM: {name} ({said[name]})")
    assert said["steal"].startswith("1, "), said
    if said["pairing"] == str(PV_ENOTSUP):
        t.note("this host's clock cannot be paired")
    else:
        assert said["pairing"] == "0", said
        assert before - 1 <= float(said["paired"].split(",")[0]) <= after + 1, said
    for name in ("new wall", "old wall"):
        assert before - 1 <= float(said[name]) <= after + 1, f"{name}: {said[name]}, here {before}"


@test(envs="kvm-*", bound=60)
def async_pf(t):
    """Pages that the host has swapped out: the guest is told, waits in place, or does other work meanwhile."""
    for mode in ("place", "scheduler"):
        guest = t.boot("async_pf", directory="tests", append=f"apf.mode={mode} apf.n=20")
        guest.expect("^filled$", t.patience(10))
        if not guest.page_out():
            raise Skip("this host does not swap")
        guest.succeed(t.patience(20))
        said = dict(re.findall(r"^([\w ]+): (.*)$", guest.console, re.MULTILINE))
        assert said["wrong"] == "0", said
        assert int(said["waited"]) >= 20 and int(said["ready"]) >= int(said["waited"]), said
        if mode == "scheduler":
            assert int(said["switches"]) > 0 and int(said["other work"]) > 0, said
        t.note(f"{mode}: {said['waited']} pages waited for")
