# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Xen: its own interfaces, and domains beside Dom0 as seen from there."""

import hashlib
import re
import socket
import threading

from harness import test
from test_blk import MIB, fill, hash_of
from test_httpd import serve, site_files

from hv.spec import Disk, Forward

DOMU = "xen-pv xen-pvh"
RELOAD = "rmmod xen_blkback && insmod /lib/modules/xen_blkback.ko"
MAX_ORDER = 4  # of the rings that Linux' blkback takes: 16 pages


@test(envs="xen-dom0-*", bound=60)
def xen(t):
    """Hypercalls both ways, multicalls, events and grants to itself, clock, timer."""
    guest = t.boot("xen", directory="tests")
    outcome = guest.wait(t.patience(40))
    failed = re.findall(r"^(.*: FAILED.*|line \d+: .*)$", guest.console, re.MULTILINE)
    assert outcome.ok, f"{outcome}: {'; '.join(failed)}"
    passed = re.findall(r"^(\w+): ok$", guest.console, re.MULTILINE)
    assert len(passed) >= 14 and not failed, guest.console
    guest.expect(f"^mode={t.env.xen.removeprefix('dom0-').upper()}$", 1)


@test(envs="xen-dom0-pv xen-pv", bound=30)
def xen_pv_upcall(t):
    """Both ways back from an event, a thousand times, by real Xen's upcalls."""
    guest = t.boot("pv_upcall", directory="tests")
    guest.succeed(t.patience(20))
    guest.expect("^came back: 1000 of 1000$", 1)
    guest.expect("^stayed masked: 1000 of 1000$", 1)


@test(envs="xen-dom0-pvh xen-pv*", bound=30)
def xen_ends(t):
    """A panic, an exception, a reboot: the launcher tells which it was."""
    for action, kind, text in (("panic", "exited", "panic: as asked for"),
                               ("divide", "exited", "#DE divide error"),
                               ("reboot", "reset", "")):
        guest = t.boot("bare", directory="tests", append=f"bare.do={action}")
        outcome = guest.wait(t.patience(15))
        assert (outcome.kind, outcome.status) == (kind, int(kind == "exited")), f"{action}: {outcome}"
        assert text in guest.console, guest.console


def transfer(t, mode, order, persistent):
    """2 MiB one way, with a ring of so many pages: what guest, Dom0 and this machine see is one."""
    path = f"{t.scratch}/{mode}.img"
    size = 2 * MIB
    fill(path, size, order)
    guest = t.boot("blk", "ring4/tests", disks=(Disk(path),),
                   append=f"blk.mode={mode} blk.seed={order} blk.size={size} blk.depth=128",
                   before=f"{RELOAD} max_ring_page_order={order} feature_persistent={persistent}",
                   after=f"dd if=$disk0 bs=1M count={size // MIB} iflag=direct 2>/dev/null | sha256sum")
    guest.succeed(t.patience(20))
    what = f"{mode}, order {order}, persistent {persistent}"
    ring = guest.expect(r"(\d+) requests of \d+ segments(.*)$", 1)
    assert int(ring[1]) == 32 << order, f"{what}: {ring[0]}"
    assert ("persistent" in ring[2]) == bool(persistent), f"{what}: {ring[0]}"
    said = guest.expect(r"^hash: ([0-9a-f]{16})$", 1)[1]
    assert said == hash_of(path), f"{what}: the guest says {said}, the disk is {hash_of(path)}"
    with open(path, "rb") as file:
        here = hashlib.sha256(file.read()).hexdigest()
    assert guest.after.split()[0] == here, f"{what}: Dom0 sees {guest.after}, here is {here}"


@test(envs=DOMU, bound=120)
def xen_rings(t):
    """Disk rings from 1 page to what blkback takes at most, persistent grants on and off."""
    try:
        for order in range(MAX_ORDER + 1):
            for persistent in (order % 2, 1 - order % 2) if t.env.xen == "pvh" else (order % 2,):
                transfer(t, "write" if persistent else "read", order, persistent)
    finally:
        t.dom0(RELOAD)


@test(envs=DOMU, bound=60)
def xen_from_dom0(t):
    """What Dom0 itself gets from the guest: every file of the site."""
    serve(t)
    for path, contents in site_files(t).items():
        got = t.dom0(f"wget -q -O - http://10.0.2.15/{path} | sha256sum").split()[0]
        assert got == hashlib.sha256(contents).hexdigest(), f"{path}: {got}"


@test(envs="*-microvm *-pc xen-pv*", bound=120)
def tcp(t):
    """10 MiB each way on one connection, echoed and compared."""
    guest = t.boot("tcp", directory="tests", forwards=(Forward("tcp", 7),))
    guest.expect(r"^ready: tcp on port 7$", t.patience(20))
    path = f"{t.scratch}/data"
    fill(path, 10 * MIB, 7)
    with open(path, "rb") as file:
        data = file.read()
    with socket.create_connection(guest.address("tcp", 7), timeout=t.patience(20)) as sock:
        sender = threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR)),
                                  daemon=True)
        sender.start()
        got = bytearray()
        while chunk := sock.recv(1 << 20):
            got += chunk
        sender.join(t.patience(5))
    assert len(got) == len(data), f"{len(got)} of {len(data)} bytes came back"
    wrong = next((i for i in range(len(data)) if got[i] != data[i]), None) if got != data else None
    assert wrong is None, f"the echo differs from byte {wrong} on"


@test(envs="xen-pv xen-pvh", bound=30)
def xen_tsc(t):
    """Xen tells how it gives the TSC, and the clock's factor is the same rate."""
    for mode, number in (("native", "2"), ("always_emulate", "1")):
        guest = t.boot("tsc", directory="tests", xl=(("tsc_mode", mode),))
        guest.succeed(t.patience(10))
        said = dict(re.findall(r"^([\w ]+): (\d+)$", guest.console, re.MULTILINE))
        assert said["mode"] == number, said
        assert said["emulated"] == ("1" if mode == "always_emulate" else "0"), said
        assert abs(int(said["khz"]) - int(said["clock khz"])) < int(said["khz"]) / 1000, said
