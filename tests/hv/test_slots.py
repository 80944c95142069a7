# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Devices that come and go in the slots of PCI Express ports, while they are at work."""

import time

from harness import test

from hv.spec import Disk

ROUNDS = 10
# With ACPI hot-plug the slots would be the firmware's.
PORTS = ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
         "-device", "pcie-root-port,id=port0,chassis=1,slot=1",
         "-device", "pcie-root-port,id=port1,chassis=2,slot=2",
         "-netdev", "user,id=back")


def start(t, append, *devices):
    disk = f"{t.scratch}/disk.img"
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    guest = t.boot("slots", "tests", disks=(Disk(disk, node="disk"),), append=append, machine=PORTS + devices)
    guest.expect(r"^ready: slots$", t.patience(20))
    return guest


def both(t, guest, what):
    devices = {guest.expect(f"^(disk|net): {what}$", t.patience(15))[1] for _ in range(2)}
    assert len(devices) == 2, f"twice {what}: {devices}"


def add(t, guest, **device):
    """A device in the place of one that QEMU may not have ended with."""
    props = dict(p.split("=") for p in t.env.device.split(",") if p)
    deadline = time.monotonic() + t.patience(5)
    while True:
        try:
            guest.command("device_add", **device, **props)
            return
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def plug(t, guest):
    add(t, guest, driver="virtio-blk-pci", id="blk", bus="port0", drive="disk")
    add(t, guest, driver="virtio-net-pci", id="net", bus="port1", netdev="back", romfile="")


def end(t, guest, rounds):
    disk = guest.expect(r"^disk: (\d+) pieces, (\d+) lost, (\d+) failed, (\d+) wrong$", t.patience(15))
    net = guest.expect(r"^net: (\d+) sent, (\d+) lost, (\d+) failed$", t.patience(5))
    more = int(guest.expect(r"^memory: (-?\d+) bytes more", t.patience(5))[1])
    guest.succeed(t.patience(10))
    assert disk[3] == disk[4] == "0" and net[3] == "0", f"{disk[0]}; {net[0]}"
    assert int(disk[2]) > 0, "no request was in flight when the disk went"
    assert more < 4096, f"{more} bytes were allocated and not freed"
    assert "broken" not in guest.console, guest.console
    t.note(f"{rounds} rounds: {disk[1]} pieces, {disk[2]} lost; {net[1]} frames, {net[2]} lost; {more} bytes more")


@test(envs="qemu-pc kvm-pc", bound=100)
def hotplug(t):
    """A disk and a network device are taken out in order, and put in again, ten times, under load."""
    props = "," + t.env.device
    guest = start(t, f"slots.rounds={ROUNDS}",
                  "-device", "virtio-blk-pci,id=blk,bus=port0,drive=disk" + props,
                  "-device", "virtio-net-pci,id=net,bus=port1,netdev=back,romfile=" + props)
    both(t, guest, "works")
    for n in range(1, ROUNDS + 1):
        for device in ("blk", "net"):
            guest.command("device_del", id=device)
        both(t, guest, "went")
        guest.expect(f"^round: {n}$", t.patience(5))
        if n < ROUNDS:
            plug(t, guest)
            both(t, guest, "works")
    end(t, guest, ROUNDS)


@test(envs="qemu-pc kvm-pc", bound=60)
def pulled(t):
    """The same without notice: registers read all ones, and the slot says that it is empty."""
    guest = start(t, "slots.rounds=3 slots.yank=1")
    for n in range(1, 4):
        plug(t, guest)
        guest.expect(f"^round: {n}$", t.patience(15))
    assert guest.console.count("the card is gone") == 6, guest.console
    end(t, guest, 3)
