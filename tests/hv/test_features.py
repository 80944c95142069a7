# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Each of KVM's features: offered and shown to work, or not offered by this host. What is offered and in no row, fails."""

import os
import re

from harness import TESTS, test

ROOT = os.path.join(os.path.dirname(__file__), "../..")

# Linux Documentation/virt/kvm/x86/cpuid.rst. Bit, name, the test that shows it on a real KVM ("" if none can), and the
# KUnit suite that does against a fake one.
FEATURES = (
    (0, "CLOCKSOURCE", "kvm", "clock"),
    (1, "NOP_IO_DELAY", "features", ""),  # and the library delays by no port, which is all that is to do
    (2, "MMU_OP", "", ""),  # of old: KVM's hosts have none since Linux 3.3
    (3, "CLOCKSOURCE2", "kvm", "clock"),
    (4, "ASYNC_PF", "async_pf", "async_pf"),
    (5, "STEAL_TIME", "steal", "kvm_cpu"),
    (6, "PV_EOI", "cost_interrupt", "kvm_cpu"),
    (7, "PV_UNHALT", "cost_lock", "kvm_cpu"),
    (9, "PV_TLB_FLUSH", "cost_tlb", "kvm_cpu"),
    (10, "ASYNC_PF_VMEXIT", "", ""),  # for those that are hypervisors themselves
    (11, "PV_SEND_IPI", "cost_ipi", "kvm_cpu"),
    (12, "POLL_CONTROL", "kvm", "kvm_more"),
    (13, "PV_SCHED_YIELD", "kvm", "kvm_cpu"),
    (14, "ASYNC_PF_INT", "async_pf", "async_pf"),
    (15, "MSI_EXT_DEST_ID", "", "msi"),
    (16, "HC_MAP_GPA_RANGE", "kvm", "kvm_more"),
    (17, "MIGRATION_CONTROL", "kvm", "kvm_more"),
    (24, "CLOCKSOURCE_STABLE_BIT", "clock_smp", "clock"),
)
OF_OTHERS = {2, 10}  # nothing that a guest's kernel of today could use


def row(t, offered, bit, name, real, suite):
    """What is to be said of a feature; an error if it is claimed and nothing shows it."""
    if suite:
        with open(f"{ROOT}/kunit/{suite}_test.c", encoding="utf-8") as file:
            assert "kunit_test_suite" in file.read(), suite
    if not offered >> bit & 1:
        return f"{name}: not offered by this host" + (f"; suite {suite}" if suite else "")
    assert real or bit in OF_OTHERS, f"{name} is offered, and nothing shows it"
    shown = [test for test in TESTS if test.name == real and test.applies(t.env)]
    assert shown or bit in OF_OTHERS, f"{name} is offered, and {real} does not run here"
    return f"{name}: test {real}" if real else f"{name}: not for guests"


def text(t, **spec):
    guest = t.boot("hello", **spec)
    guest.succeed(t.patience(20))
    return re.search(r"^pv: features: (.*?)\r?$", guest.console, re.MULTILINE)[1].split()


@test(envs="kvm-pc", bound=60)
def features(t):
    words = text(t)
    unknown = set(words) - {name for _, name, _, _ in FEATURES} - {"hint:REALTIME"}
    assert not unknown, f"offered, and unknown here: {unknown}"
    offered = sum(1 << bit for bit, name, _, _ in FEATURES if name in words)
    for line in (row(t, offered, *feature) for feature in FEATURES):
        t.note(line)
    # The one hint that there is, and a feature taken away, are seen as such.
    words = text(t, extra=("-cpu", f"{t.env.cpu},kvm-hint-dedicated=on,kvm-poll-control=off"))
    assert "hint:REALTIME" in words and "POLL_CONTROL" not in words, words
