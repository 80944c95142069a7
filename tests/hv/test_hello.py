# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What the library detects: the hypervisor, its features, its clock, the devices."""

import re

from harness import test

from hv.spec import Disk


# What a virtio device says of its transport, by environment.
TRANSPORT = {
    "qemu-microvm": "mmio v2, virtio-1, line",
    "qemu-microvm-noacpi": "mmio v2, virtio-1, line",
    "qemu-microvm-v1": "mmio v1, legacy, line",
    "qemu-microvm-v1-noacpi": "mmio v1, legacy, line",
    "qemu-pc": "pci modern, virtio-1, MSI-X per queue",
    "qemu-pc-intx": "pci modern, virtio-1, line",
    "qemu-pc-legacy": "pci legacy, legacy, MSI-X per queue",
    "qemu-pc-bios": "pci modern, virtio-1, MSI-X",
    "qemu-pc-uefi": "pci modern, virtio-1, MSI-X",
    "kvm-microvm": "mmio v2, virtio-1, line",
    "kvm-pc": "pci modern, virtio-1, MSI-X per queue",
}


def said_by(guest):
    """What a guest says as "key: value", {key: [value]}."""
    said = {}
    for line in guest.console.splitlines():
        key, colon, value = line.partition(": ")
        if colon:
            said.setdefault(key, []).append(value)
    return said


def check_command_line(t, said, devices):
    """What was given; and where there is no ACPI, a word for each device, which QEMU adds."""
    given, *added = said["command line"][0].split(" virtio_mmio.device=")
    assert given == "words=kept a=b", said
    assert len(added) == (devices if t.env.name.endswith("-noacpi") else 0), said
    assert all(re.fullmatch(r"512@0x[0-9a-f]+:\d+", word) for word in added), said


def check_platform(t, said):
    hypervisor = "Xen" if t.env.xen else "KVM" if t.env.kvm else "QEMU TCG"
    assert said.get("hypervisor") == [hypervisor], said
    clock = {"Xen": "Xen, up ", "KVM": "kvmclock", "QEMU TCG": "none"}[hypervisor]
    assert said.get("clock", [""])[0].startswith(clock), said
    features = said.get("features", [""])[0]
    assert ("CLOCKSOURCE2" in features.upper()) == t.env.kvm, said
    mode = t.env.xen.removeprefix("dom0-").upper()
    assert said.get("xen mode") == [mode or "none"], said
    boot = "multiboot2" if t.env.firmware else "Xen PV" if mode == "PV" else "PVH"
    assert said.get("boot") == [boot], said


@test(envs="*", bound=30)
def hello(t):
    disk = t.scratch + "/disk.img"
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    there = t.env.bus != "none"
    beside_dom0 = t.env.xen in ("pv", "pvh")
    guest = t.boot("hello", disks=(Disk(disk),) * there, net=there, append="words=kept a=b",
                   after="sha256sum $elf" if beside_dom0 else "")
    guest.succeed(t.patience(20))
    if beside_dom0:
        t.same_image("examples/hello", guest.after.split()[0])
    said = said_by(guest)
    check_command_line(t, said, 2 * there)
    check_platform(t, said)
    if t.env.bus == "xenbus":
        wanted = ["blkfront, live, domain 0 /", "netfront, live, domain 0 /", "xen-console, live, "]
        if t.env.xen == "hvm":
            wanted.append("no driver, found, domain 0 /")  # a keyboard
    else:
        wanted = [f"virtio-{kind}, live, {TRANSPORT[t.env.name]}" for kind in ("blk", "net")
                  if there]
    if t.env.firmware == "uefi" or t.env.xen == "hvm":
        wanted.append(wanted[0])  # what it booted from
    devices = said.get("device", [])
    for text in wanted:
        assert sum(f" {text}" in d for d in devices) == wanted.count(text), f"{text}: {devices}"
    assert len(devices) == len(wanted), devices


@test(envs="qemu-pc qemu-pc-legacy", bound=30)
def hello_few_vectors(t):
    """A device with fewer vectors than queues shares them; one without any has its line."""
    disk = t.scratch + "/disk.img"
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    for vectors, text in ((2, "MSI-X shared"), (0, "line")):
        guest = t.boot("hello", disks=(Disk(disk, device="vectors=1" if vectors else "vectors=0"),),
                       net=True, net_device=f"vectors={vectors}")
        guest.succeed(t.patience(10))
        devices = said_by(guest)["device"]
        assert len(devices) == 2 and all(f", {text}, " in d for d in devices), devices


@test(envs="qemu-* kvm-* xen-pv*", bound=30)
def hello_alone(t):
    """No device at all is no error."""
    guest = t.boot("hello")
    guest.succeed(t.patience(20))
    devices = re.findall(r"^device: (\w+)", guest.console, re.MULTILINE)
    assert devices == ["console"] * (t.env.bus == "xenbus"), guest.console


@test(bound=30)
def minimal(t):
    """A kernel that brings no port of ours reads its disk, by polling."""
    disk = t.scratch + "/disk.img"
    with open(disk, "wb") as file:
        file.write(bytes((0xde, 0xad, 0x5a, 0x01)).ljust(1 << 20, b"\0"))
    guest = t.boot("minimal", disks=(Disk(disk),))
    guest.succeed(t.patience(20))
    guest.expect("first bytes: de ad 5a 01$", 1)
