# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The launcher itself, with a guest of a few instructions: it must tell every kind of end."""

from harness import Skip, test

from hv.errors import GuestFailure

ENVS = "qemu-microvm qemu-pc kvm-microvm kvm-pc"


def boot(t, end):
    guest = t.boot("end-" + end, directory="tests")
    guest.expect("^here$", t.patience(10))
    return guest


@test(envs=ENVS, bound=30)
def ends(t):
    outcome = boot(t, "exit0").wait(t.patience(10))
    assert (outcome.kind, outcome.status, outcome.ok) == ("exited", 0, True), outcome
    outcome = boot(t, "exit5").wait(t.patience(10))
    assert (outcome.kind, outcome.status, outcome.ok) == ("exited", 5, False), outcome
    outcome = boot(t, "reset").wait(t.patience(10))
    assert (outcome.kind, outcome.ok) == ("reset", False), outcome


@test(envs=ENVS, bound=30)
def hang(t):
    guest = boot(t, "hang")
    try:
        guest.wait(1)
    except GuestFailure as failure:
        assert "hung" in str(failure) and "here" in str(failure), failure
    else:
        raise AssertionError("a guest that hangs was not noticed")
    assert guest.outcome.kind == "killed", guest.outcome


@test(envs="kvm-*", bound=30)
def kvm_counts(t):
    """KVM counts the guest's exits: at least one for each byte that it printed."""
    stats = boot(t, "exit0").succeed(t.patience(10)).stats
    if not stats and not t.nested:
        raise Skip("KVM's counters on this machine are for root alone")
    assert stats.get("io_exits", 0) >= len("here\n"), stats
    t.note(f"{stats['exits']} exits")
