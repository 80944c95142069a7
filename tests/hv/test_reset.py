# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Devices that need a reset, of a real QEMU: it asks for one when a driver breaks the protocol."""

from harness import test

from hv.spec import Disk

ROUNDS = 10


# Legacy devices have no way to ask.
@test(envs="qemu-microvm qemu-pc qemu-pc-intx kvm-microvm kvm-pc", bound=60)
def needs_reset(t):
    """A guest damages its rings, while requests are in flight: disk and network go on, and nothing is wrong."""
    disk = f"{t.scratch}/disk.img"
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    guest = t.boot("reset", "tests", disks=(Disk(disk),), net=True)
    blk = guest.expect(r"^disk: (\d+) rounds, (\d+) requests, (\d+) failed, (\d+) wrong$", t.patience(30))
    net = guest.expect(r"^net: (\d+) rounds, (\d+) sent, (\d+) lost, (\d+) answers$", t.patience(30))
    guest.succeed(t.patience(10))
    # Each round of the disk damages it twice.
    resets = guest.console.count(": it needs a reset")
    assert resets == 3 * ROUNDS, f"{resets} resets for {3 * ROUNDS} damages"
    assert int(blk[1]) == int(net[1]) == ROUNDS and blk[3] == blk[4] == "0", blk[0]
    assert "broken" not in guest.console, guest.console
    t.note(f"{resets} resets, {blk[2]} requests, {net[2]} packets sent, {net[3]} lost")
