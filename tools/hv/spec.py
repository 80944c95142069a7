# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What a guest is given, and QEMU's command line for it."""

from dataclasses import dataclass, replace

# ports/bare ends the machine by writing 0x20 | status here; QEMU exits with (that << 1) | 1.
DEBUG_EXIT = "isa-debug-exit,iobase=0x501,iosize=2"


@dataclass(frozen=True)
class Disk:
    path: str  # a raw image
    readonly: bool = False
    device: str = ""  # further properties of the virtio-blk device
    node: str = ""  # not a device, but QEMU's block node of this name, for one that comes later


@dataclass(frozen=True)
class Forward:
    """Connections to 127.0.0.1:port of this machine reach guest_port of the guest."""

    proto: str  # "tcp" or "udp"
    guest_port: int
    port: int = 0  # 0: any that is free


@dataclass(frozen=True)
class Spec:
    elf: str
    append: str = ""
    initrd: str = ""  # an initial RAM disk
    memory: int = 128  # MiB
    smp: int = 1
    max_cpus: int = 0  # that can be plugged in, with those there are; 0: just these
    debug_exit: bool = True  # the device that takes the guest's status
    disks: tuple = ()
    net: bool = False
    forwards: tuple = ()  # imply net
    queues: int = 0  # of a network by a tap device (tap.py), in the place of QEMU's own; forwards are TCP
    net_device: str = ""  # further properties of the virtio-net device
    untrusted: bool = False  # the devices say of themselves that they are not to see the guest's memory
    machine: tuple = ()  # further options of QEMU, before those of devices
    extra: tuple = ()  # and behind them
    icount: str = ""  # of QEMU's -icount: time is the count of instructions
    trace: tuple = ()  # trace events of QEMU
    trace_file: str = ""
    # Of a Xen domain: further settings, (name, value), and commands for Dom0's shell, before its
    # creation and after its end, in which $elf is its image, $disk0, $disk1, ... are its disks.
    xl: tuple = ()
    before: str = ""
    after: str = ""

    def with_files(self, elf, initrd, disk_paths):
        """The same with its files elsewhere."""
        disks = tuple(replace(d, path=p) for d, p in zip(self.disks, disk_paths))
        return replace(self, elf=elf, initrd=initrd, disks=disks)


def _quote(path):
    """A file name as a part of an option of QEMU."""
    return path.replace(",", ",,")


def _device(env, spec, kind, *properties):
    if spec.untrusted:
        properties += ("iommu_platform=on",)
    name = f"virtio-{kind}-{'device' if env.bus == 'mmio' else 'pci'}"
    return ["-device", ",".join(p for p in (name, *properties, env.device) if p)]


def qemu_command(env, spec, listen, boot=()):
    """The argument vector for QEMU. listen: where to listen for each forward, "address:port";
    boot: the options that boot the image, if QEMU is not to load it."""
    cpus = f"{spec.smp},maxcpus={spec.max_cpus}" if spec.max_cpus else str(spec.smp)
    argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none", "-M", env.machine, "-accel", "kvm" if env.kvm else "tcg",
            "-cpu", env.cpu, "-m", f"{spec.memory}M", "-smp", cpus,
            "-serial", "stdio"]
    argv += ["-device", DEBUG_EXIT] if spec.debug_exit else []
    argv += [*env.options, *spec.machine]
    if not boot:
        argv += ["-kernel", spec.elf]
        argv += ["-append", spec.append] if spec.append else []
        argv += ["-initrd", spec.initrd] if spec.initrd else []
    for i, disk in enumerate(spec.disks):
        if disk.node:
            argv += ["-blockdev", f"driver=raw,node-name={disk.node},file.driver=file,"
                     f"file.filename={_quote(disk.path)}"]
            continue
        readonly = ",readonly=on" if disk.readonly else ""
        argv += ["-drive", f"if=none,id=disk{i},format=raw,file={_quote(disk.path)}{readonly}"]
        argv += _device(env, spec, "blk", f"drive=disk{i}", disk.device)
    if spec.net or spec.forwards:
        rules = [f"hostfwd={f.proto}:{where}-:{f.guest_port}"
                 for f, where in zip(spec.forwards, listen)]
        argv += ["-netdev", ",".join(["user,id=net0", *rules])]
        rom = "romfile=" if env.bus == "pci" else ""
        argv += _device(env, spec, "net", "netdev=net0", rom, spec.net_device)
    argv += boot
    if spec.icount:
        argv += ["-icount", spec.icount]
    for event in spec.trace:
        argv += ["-trace", event]
    if spec.trace_file:
        argv += ["-D", spec.trace_file]
    return argv + list(spec.extra)
