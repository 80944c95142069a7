# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Block data, both ways, against hashes that the guest and this machine compute each by itself.

The tests' own guest covers the disk with requests of 512 bytes to 1 MiB at random offsets, each byte once,
and prints the XXH64 of the contents. The example covers the first MiB.
"""

import random
import re
import subprocess

from harness import test

from hv.spec import Disk

MIB = 1 << 20


def hash_of(path):
    done = subprocess.run(["xxhsum", "-H1", path], check=True, capture_output=True, text=True)
    return done.stdout.split()[0]


def fill(path, size, seed):
    """A disk whose contents repeat nowhere, so that data of the wrong place is noticed."""
    with open(path, "wb") as file:
        file.write(random.Random(seed).randbytes(size))


def transfer(t, mode, size, depth, **disk_options):
    """One guest writes or reads the whole disk; what it says of it must be what is there."""
    disk = f"{t.scratch}/{mode}.img"
    seed = depth + size
    fill(disk, size, seed)
    before = hash_of(disk)
    guest = t.boot("blk", "tests", disks=(Disk(disk, **disk_options),),
                   append=f"blk.mode={mode} blk.seed={seed} blk.size={size} blk.depth={depth}")
    guest.succeed(t.patience(120))
    said = guest.expect(r"^hash: ([0-9a-f]{16})$", 1)[1]
    after = hash_of(disk)
    assert said == after, f"{mode}, depth {depth}: the guest says {said}, the disk is {after}"
    if mode == "write":
        assert after != before, "nothing was written"
    else:
        assert after == before, "reading changed the disk"
    check_counts(guest, depth)
    return guest.outcome.seconds


def check_counts(guest, depth):
    """The guest slept for interrupts, and got them: none is missing, and none comes for nothing."""
    requests, interrupts = (
        int(re.search(rf"^{name}: (\d+)$", guest.console, re.MULTILINE)[1])
        for name in ("requests", "interrupts"))
    least = requests // 2 if depth == 1 else 1
    assert least <= interrupts <= 2 * requests + 16, (
        f"{interrupts} interrupts for {requests} requests, {depth} at a time")


@test(envs="qemu-* kvm-* xen-pv* xen-hvm", bound=240)
def blk(t):
    """64 MiB each way with a full queue."""
    for mode in ("write", "read"):
        t.note(f"{mode} {transfer(t, mode, 64 * MIB, 128):.1f} s")


@test(envs="qemu-* kvm-* xen-pv*", bound=240)
def blk_depths(t):
    """From one request at a time up; sizes that are no multiple of the largest request."""
    for depth in (1, 2, 7, 32):
        for mode in ("write", "read"):
            # Starting a domain takes seconds, so there each depth is for one direction.
            if not t.env.xen or (mode == "read") == (depth in (1, 7)):
                transfer(t, mode, 4 * MIB + 512 * depth, depth)


@test(envs="qemu-* kvm-* xen-pv*", bound=120)
def blk_readonly(t):
    """A disk that the hypervisor does not let the guest write."""
    transfer(t, "read", 4 * MIB, 16, readonly=True)


PV_EROFS, PV_ENOTSUP = -30, -95
READ_ONLY, SYNC, DISCARD, WRITE_ZEROES = 1, 2, 4, 8  # of <pv/blk.h>


def operations(t, path, **disk_options):
    """{what the guest says: its value} of a disk of 8 MiB."""
    fill(path, 8 * MIB, 3)
    guest = t.boot("blkops", "tests", disks=(Disk(path, **disk_options),))
    guest.succeed(t.patience(20))
    return dict(re.findall(r"^(\w+): (.+)$", guest.console, re.MULTILINE))


@test(bound=30)
def blk_operations(t):
    """Geometry and block sizes as they were given, zeroes, discarding, flushing."""
    path = f"{t.scratch}/operations.img"
    said = operations(t, path, device="cyls=64,heads=8,secs=32,physical_block_size=4096")
    assert said["geometry"] == "64/8/32", said
    assert said["blocks"] == "512 logical, 4096 physical", said
    assert int(said["flags"], 16) == SYNC | DISCARD | WRITE_ZEROES, said
    done = {name: said[name] for name in ("zeroes", "unmap", "discard", "write", "flush")}
    assert set(done.values()) == {"0"}, done
    was = random.Random(3).randbytes(8 * MIB)
    with open(path, "rb") as file:
        now = file.read()
    want = bytearray(was)
    for first, sectors in ((100, 1000), (2000, 4000)):
        want[first * 512:(first + sectors) * 512] = bytes(sectors * 512)
    want[10000 * 512:10008 * 512] = bytes(i * 7 & 255 for i in range(4096))
    gone = slice(8000 * 512, 10000 * 512)  # anything may be there
    want[gone] = now[gone]
    wrong = next((i for i in range(len(want)) if want[i] != now[i]), None) if want != now else None
    assert wrong is None, f"byte {wrong} is {now[wrong]}, not {want[wrong]}"


@test(bound=30)
def blk_operations_refused(t):
    """A disk that is read-only, and one that offers neither discarding nor zeroes."""
    path = f"{t.scratch}/operations.img"
    said = operations(t, path, readonly=True)
    assert int(said["flags"], 16) & READ_ONLY, said
    assert [said[n] for n in ("zeroes", "unmap", "discard", "write")] == [str(PV_EROFS)] * 4, said
    said = operations(t, path, device="discard=off,write-zeroes=off")
    assert not int(said["flags"], 16) & (DISCARD | WRITE_ZEROES), said
    assert [said[n] for n in ("zeroes", "unmap", "discard")] == [str(PV_ENOTSUP)] * 3, said
    assert (said["write"], said["flush"]) == ("0", "0"), said


@test(envs="qemu-* kvm-* xen-pv*", bound=60)
def blk_example(t):
    """The example reads the disk, and overwrites it only when it is told to."""
    disk = f"{t.scratch}/example.img"
    fill(disk, MIB, 1)
    before = hash_of(disk)
    for append, name in (("", "hash"), ("blk.mode=write", "pattern")):
        guest = t.boot("blk", disks=(Disk(disk),), append=append)
        guest.succeed(t.patience(20))
        said = dict(re.findall(r"^(hash|pattern): ([0-9a-f]{16})$", guest.console, re.MULTILINE))
        after = hash_of(disk)
        assert said["hash"] == said[name] == after, f"{said}, and the disk is {after}"
        assert (after == before) != bool(append), f"{append}: the disk was {before}, is {after}"
