# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What the library detects: the hypervisor, its features, its clock, the devices."""

from harness import test

from hv.spec import Disk


# What a device says of its transport, by environment.
TRANSPORT = {
    "qemu-microvm": "mmio v2, virtio-1, line",
    "qemu-microvm-noacpi": "mmio v2, virtio-1, line",
    "qemu-microvm-v1": "mmio v1, legacy, line",
    "qemu-microvm-v1-noacpi": "mmio v1, legacy, line",
    "qemu-pc": "pci modern, virtio-1, MSI-X",
    "qemu-pc-intx": "pci modern, virtio-1, line",
    "qemu-pc-legacy": "pci legacy, legacy, MSI-X",
    "kvm-microvm": "mmio v2, virtio-1, line",
    "kvm-pc": "pci modern, virtio-1, MSI-X",
}


@test(bound=30)
def hello(t):
    disk = t.scratch + "/disk.img"
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    guest = t.boot("hello", disks=(Disk(disk),), net=True)
    guest.succeed(t.patience(20))
    said = {}
    for line in guest.console.splitlines():
        key, colon, value = line.partition(": ")
        if colon:
            said.setdefault(key, []).append(value)
    assert said.get("hypervisor") == ["KVM" if t.env.kvm else "QEMU TCG"], said
    clock = said.get("clock", [""])[0]
    assert clock.startswith("kvmclock") if t.env.kvm else clock.startswith("none"), said
    features = said.get("features", [""])[0]
    assert ("CLOCKSOURCE2" in features.upper()) == t.env.kvm, said
    devices = said.get("device", [])
    for driver in ("virtio-blk", "virtio-net"):
        wanted = f" {driver}, live, {TRANSPORT[t.env.name]}"
        assert sum(wanted in d for d in devices) == 1, f"no '{wanted}' in {devices}"
    assert len(devices) == 2, devices


@test(bound=30)
def hello_alone(t):
    """No device at all is no error."""
    guest = t.boot("hello")
    guest.succeed(t.patience(20))
    assert "\ndevice: " not in guest.console, guest.console


@test(bound=30)
def minimal(t):
    """A kernel that brings no port of ours reads its disk, by polling."""
    disk = t.scratch + "/disk.img"
    with open(disk, "wb") as file:
        file.write(bytes((0xde, 0xad, 0x5a, 0x01)).ljust(1 << 20, b"\0"))
    guest = t.boot("minimal", disks=(Disk(disk),))
    guest.succeed(t.patience(20))
    guest.expect("first bytes: de ad 5a 01$", 1)
