# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The environments in which an image is run: one table for running, testing and measuring."""

from dataclasses import dataclass

from .errors import UserError


@dataclass(frozen=True)
class Env:
    name: str
    machine: str  # QEMU's -M
    bus: str  # what devices are on: "mmio" or "pci", which flavour of virtio; or "none"
    about: str
    kvm: bool = False  # runs under KVM, here or in a nested host; else emulated (TCG)
    xen: str = ""  # runs on Xen: as what
    device: str = ""  # properties for each virtio device
    options: tuple = ()  # further options of QEMU
    firmware: str = ""  # "bios" or "uefi": boots the image from a disk; else a loader has it
    tests: str = "*"  # patterns of the tests that are run; what others show, these need not

    @property
    def cpu(self):
        return XEN_CPU if self.xen else "host" if self.kvm else "max"


# QEMU's microvm devices are legacy ones (virtio-mmio version 1) unless told otherwise.
_MMIO_V2 = ("-global", "virtio-mmio.force-legacy=false")
_MICROVM = "microvm,x-option-roms=off,"
_MODERN = "disable-legacy=on"
# How the image comes into memory is all that differs from other machines.
_FROM_DISK = "hello httpd_* image"
# Xen needs the virtualization of a CPU that has it; of a newer one, SMAP makes QEMU's emulation
# refuse a PV kernel's IRET, and RDTSCP ends a PVH guest.
XEN_CPU = "qemu64,+svm,+npt"

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
        Env("qemu-pc-bios", "pc", "pci",
            "i440fx, from the disk image by BIOS", firmware="bios", tests=_FROM_DISK),
        Env("qemu-pc-uefi", "q35", "pci",
            "q35, from the disk image by UEFI", firmware="uefi", tests=_FROM_DISK),
        Env("kvm-microvm", _MICROVM + "acpi=on", "mmio",
            "KVM, virtio-mmio, found by ACPI", kvm=True, options=_MMIO_V2),
        Env("kvm-pc", "q35", "pci",
            "KVM, q35, modern virtio-pci with MSI-X", kvm=True, device=_MODERN),
        Env("xen-dom0-pv", "pc", "none",
            "Xen, in the place of Dom0's kernel, PV", xen="dom0-pv"),
        Env("xen-dom0-pvh", "pc", "none",
            "Xen, in the place of Dom0's kernel, PVH", xen="dom0-pvh"),
        Env("xen-pv", "", "xenbus",
            "Xen, a PV domain beside Dom0", xen="pv"),
        Env("xen-pvh", "", "xenbus",
            "Xen, a PVH domain beside Dom0", xen="pvh"),
        Env("xen-hvm", "", "xenbus",
            "Xen, an HVM domain beside Dom0, from the disk image", xen="hvm", firmware="bios",
             tests="hello blk net httpd_files hvm_* smp clock_smp ipi tlb lock cpu_lines xen_save xen_copy"),
    )
}


def lookup(name):
    """The environment of that name."""
    if name not in ENVS:
        raise UserError(f"no hypervisor '{name}'; there are: {' '.join(ENVS)}")
    return ENVS[name]
