# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Devices that say of themselves that they are not to see the guest's memory: virtio's by ACCESS_PLATFORM, Xen's by
what xl writes for its backends. Everything works, by copies."""

import time

from harness import test
from test_blk import MIB, fill, hash_of
from udp_client import EchoClient

from hv.spec import Disk, Forward

ENVS = "qemu-microvm qemu-pc kvm-pc xen-pv xen-pvh"


@test(envs=ENVS, bound=240)
def untrusted_blk(t):
    """16 MiB each way, by as many requests as there is room for, and by one at a time."""
    disk = f"{t.scratch}/disk.img"
    for mode, depth in (("write", 128), ("read", 128), ("read", 1)):
        fill(disk, 16 * MIB, depth)
        before = hash_of(disk)
        guest = t.boot("blk", "tests", disks=(Disk(disk),), untrusted=True,
                       append=f"blk.mode={mode} blk.seed=7 blk.size={16 * MIB} blk.depth={depth}")
        guest.succeed(t.patience(60))
        guest.expect(r"untrusted, its data are copied", 1)
        said, after = guest.expect(r"^hash: ([0-9a-f]{16})$", 1)[1], hash_of(disk)
        assert said == after, f"{mode}, depth {depth}: the guest says {said}, the disk is {after}"
        assert (after != before) == (mode == "write"), f"{mode}: the disk was {before}, is {after}"


@test(envs=ENVS, bound=300)
def untrusted_net(t):
    count = 5_000 if t.env.xen else 20_000
    guest = t.boot("net", forwards=(Forward("udp", 7),), untrusted=True)
    guest.expect(r"untrusted, its data are copied", t.patience(30))
    guest.expect(r"^address: [0-9.]+$", t.patience(30))
    # The guest has to learn the gateway's address first, and keeps few packets meanwhile.
    EchoClient(guest.address("udp", 7), 3, window=1).run(time.monotonic() + t.patience(20))
    start = time.monotonic()
    client = EchoClient(guest.address("udp", 7), count, patience=t.patience(1.0))
    client.run(start + t.patience(240))
    t.note(f"{count} datagrams in {time.monotonic() - start:.0f} s, {client.resent} sent again")
