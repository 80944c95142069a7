# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The environments in which an image is run: one table for running, testing and measuring."""

from dataclasses import dataclass

from .errors import UserError


@dataclass(frozen=True)
class Env:
    name: str
    machine: str  # QEMU's -M
    bus: str  # "mmio" or "pci": which flavour of virtio device
    about: str
    kvm: bool = False  # runs under KVM, here or in a nested host; else emulated (TCG)
    device: str = ""  # properties for each virtio device
    options: tuple = ()  # further options of QEMU

    @property
    def cpu(self):
        return "host" if self.kvm else "max"


# QEMU's microvm devices are legacy ones (virtio-mmio version 1) unless told otherwise.
_MMIO_V2 = ("-global", "virtio-mmio.force-legacy=false")
_MICROVM = "microvm,x-option-roms=off,"
_MODERN = "disable-legacy=on"

ENVS = {
    e.name: e
    for e in (
        Env("qemu-microvm", _MICROVM + "acpi=on", "mmio",
            "virtio-mmio, found by ACPI", options=_MMIO_V2),
        Env("qemu-microvm-noacpi", _MICROVM + "acpi=off", "mmio",
            "virtio-mmio, found by the command line", options=_MMIO_V2),
        Env("qemu-microvm-v1", _MICROVM + "acpi=on", "mmio",
            "legacy virtio-mmio, found by ACPI"),
        Env("qemu-microvm-v1-noacpi", _MICROVM + "acpi=off", "mmio",
            "legacy virtio-mmio, found by the command line"),
        Env("qemu-pc", "q35", "pci",
            "q35, modern virtio-pci with MSI-X", device=_MODERN),
        Env("qemu-pc-intx", "q35", "pci",
            "q35, modern virtio-pci with INTx", device=_MODERN + ",vectors=0"),
        Env("qemu-pc-legacy", "pc", "pci",
            "i440fx, legacy virtio-pci", device="disable-modern=on"),
        Env("kvm-microvm", _MICROVM + "acpi=on", "mmio",
            "KVM, virtio-mmio, found by ACPI", kvm=True, options=_MMIO_V2),
        Env("kvm-pc", "q35", "pci",
            "KVM, q35, modern virtio-pci with MSI-X", kvm=True, device=_MODERN),
    )
}


def lookup(name):
    """The environment of that name."""
    if name not in ENVS:
        raise UserError(f"no hypervisor '{name}'; there are: {' '.join(ENVS)}")
    return ENVS[name]
