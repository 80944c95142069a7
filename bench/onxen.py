# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Measures on Xen: the library's guests and Debian's Linux, one after the other, beside one Dom0.

All of it, Xen and Dom0 with the guest, is in one QEMU under -icount, where a nanosecond is an
instruction. The disk is a RAM disk of Dom0's, so that nothing waits for this machine; packets go to
a socket in Dom0 that takes them, and Dom0's own counters have to agree with what was sent.
"""

import glob
import lzma
import os
import re

from hv import cache, envs, l1image, xenimage
from hv.domu import XenHost
from hv.errors import GuestFailure
from hv.initrd import DIRECTORY, Cpio, add_modules
from hv.spec import Spec

OPS = 1280
STREAM = 4 * OPS
BOUND = 240  # seconds for a guest
MIB = 8  # of the disk
LINUX, PER_REQUEST = "linux", ", grants per request"
READS = ("read1", "read32")
SENDS = {"send1": OPS, "send32": OPS, "stream": STREAM}
LINUX_OPTIONS = ("console=hvc0 rdinit=/init panic=-1 quiet mitigations=off nokaslr audit=0 "
                 "apparmor=0 ipv6.disable=1 tsc=reliable")

# Of other guests, counted in the same way on the same Xen; Mini-OS is no Debian package.
PEERS = {
    "Linux 6.1, PVH": {"read1": 21300, "read32": 8900},
    "Mini-OS, PVH": {"read1": 952, "read32": 5083},
}

# With persistent grants data are copied, 8 bytes with each repetition of one instruction. -icount
# counts each of them.
COPY = 4096 // 8 - 1

# What the first version is expected to stay under: guest instructions, and calls of the hypervisor,
# sleeps among them.
BOUNDS = {"read1": 800, "read32": 400, "calls1": 2, "calls32": 0.1}


def _modules():
    cache.need("--unpack", cache.directory(), l1image.KERNEL)
    return os.path.join(cache.directory(), l1image.KERNEL, "lib/modules")


def _module(name, scratch):
    """A kernel module of Debian's, uncompressed."""
    path, = glob.glob(f"{_modules()}/*/kernel/drivers/block/{name}.ko*")
    with (lzma.open(path) if path.endswith(".xz") else open(path, "rb")) as source:
        content = source.read()
    target = os.path.join(scratch, f"{name}.ko")
    with open(target, "wb") as file:
        file.write(content)
    return target


class Bench:
    """Xen and Dom0 with a disk and a sink. Use: with Bench(build, scratch) as bench."""

    def __init__(self, build, scratch):
        self._build = build
        self._scratch = scratch
        self._host = XenHost("shift=0,sleep=off")

    def __enter__(self):
        self._host.__enter__()
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._host.__exit__()

    def _prepare(self):
        dom0 = self._host.dom0
        dom0.send_file(_module("brd", self._scratch), "/run/brd.ko")
        dom0.send_file(os.path.join(self._build, "bench/linux"), "/run/linux")
        dom0.check(f"insmod /run/brd.ko rd_nr=1 rd_size={MIB << 10} && chmod +x /run/linux && "
                   f"dd if=/dev/urandom of=/dev/ram0 bs=1M count={MIB} 2>/dev/null")
        dom0.start("/run/linux sink")
        dom0.check("n=0; until grep -q ':0009 ' /proc/net/udp; do n=$((n+1)); [ $n -lt 200 ] || "
                   "exit 1; usleep 20000; done")
        self._mac = dom0.check("cat /sys/class/net/xenbr0/address").strip()

    def per_request(self):
        """Has blkback offer no persistent grants any more."""
        self._host.dom0.check("rmmod xen_blkback && insmod /lib/modules/xen_blkback.ko "
                              "feature_persistent=0")

    def _arrived(self):
        """IP packets that Dom0 has taken; nobody else sends any."""
        names, values = self._host.dom0.check("grep '^Ip:' /proc/net/snmp").splitlines()
        return int(values.split()[names.split().index("InDelivers")])

    def _run(self, env, spec, sent):
        """A guest's figures, by phase. sent: the datagrams that it sends."""
        before = self._arrived()
        guest = self._host.start(env, spec, (), BOUND, None)
        guest.succeed(BOUND)
        arrived = self._arrived() - before
        if arrived != sent:
            raise GuestFailure(f"{arrived} of {sent} datagrams came to Dom0\n{guest.tail()}")
        figures = {}
        for phase, name, value in re.findall(r"^(\w+)\.(\w+)=(\d+)$", guest.console, re.MULTILINE):
            figures.setdefault(phase, {})[name] = int(value)
        return {phase: _per_operation(f) for phase, f in figures.items() if f["ops"]}

    def _settings(self, vifs):
        return (("tsc_mode", "native"), ("disk", ["phy:/dev/ram0,xvda,r"]),
                ("vif", [f"mac=00:16:3e:00:00:0{i + 1},bridge=xenbr0" for i in range(vifs)]))

    def ours(self, name, reads_only=False):
        spec = Spec(os.path.join(self._build, "bench/xen.elf"), xl=self._settings(2),
                    append=f"bench.ops={OPS} bench.stream={0 if reads_only else STREAM} "
                           f"bench.mac={self._mac}")
        return self._run(envs.lookup(name), spec, 0 if reads_only else sum(SENDS.values()))

    def linux(self, reads_only=False):
        """Debian's kernel as a PVH guest."""
        sent = 0 if reads_only else STREAM
        archive = Cpio()
        archive.add("dev", mode=DIRECTORY)
        archive.copy(os.path.join(self._build, "bench/linux"), "init")
        add_modules(archive, _modules(), ("xen_blkfront", "xen_netfront"))
        path = os.path.join(self._scratch, "linux.cpio")
        with open(path, "wb") as file:
            file.write(archive.finish())
        self._host.dom0.send_file(path, "/run/linux.cpio")
        spec = Spec(xenimage.dom0().kernel, memory=192,
                    xl=self._settings(1) + (("ramdisk", "/run/linux.cpio"),),
                    append=f"{LINUX_OPTIONS} bench_ops={OPS} bench_stream={sent} "
                           f"bench_mac={self._mac}")
        return self._run(envs.lookup("xen-pvh"), spec, sent)


def _per_operation(figures):
    ops = figures["ops"]
    result = {"ops": ops, "machine": figures["machine"] / ops}
    for name in ("hypercalls", "sleeps", "eois", "upcalls"):
        if name in figures:
            result[name] = figures[name] / ops
    for name in ("library", "guest"):
        if name in figures:
            result[name] = figures[name] / 100
    return result


def measure(build, scratch):
    with Bench(build, scratch) as bench:
        result = {name: bench.ours(name) for name in ("xen-pvh", "xen-pv")}
        result[LINUX] = bench.linux()
        bench.per_request()
        result["xen-pvh" + PER_REQUEST] = bench.ours("xen-pvh", reads_only=True)
        result[LINUX + PER_REQUEST] = bench.linux(reads_only=True)
    return result


NAMES = {"read1": "4 KiB read, depth 1", "read32": "4 KiB read, depth 32",
         "send1": "packet sent, 1 at once", "send32": "packet sent, 32 at once",
         "receive": "packet received, 32 at once"}
RATIOS = {"read1": NAMES["read1"], "read32": NAMES["read32"], "stream": "packet sent, in a stream"}


def _judge(value, bound):
    return f"   expected <= {bound:,}" + ("" if value <= bound else "  MISSED")


def _line(name, phase, f):
    """A guest's figures for one operation."""
    line = (f"  {NAMES[phase]:<30}{f['library']:>10,.0f}{f['guest']:>11,.0f}{f['hypercalls']:>12.3f}"
            f"{f['sleeps']:>9.3f}{f['eois']:>9.3f}{f['upcalls']:>9.3f}")
    if phase in BOUNDS:
        copied = 0 if PER_REQUEST in name else COPY
        line += _judge(f["library"] - copied, BOUNDS[phase])
        line += f", less {copied} of the copy" if copied else ""
    calls = f["hypercalls"] + f["sleeps"]
    bound = BOUNDS["calls1" if phase.endswith("1") else "calls32"]
    return line + ("" if calls <= bound else f"   calls {calls:.3f}, expected <= {bound}  MISSED")


def report(result):
    print(f"\n{'Xen: for one operation':<32}{'library':>10}{'guest':>11}{'hypercalls':>12}{'sleeps':>9}"
          f"{'EOIs':>9}{'upcalls':>9}")
    for name, guest in result.items():
        if name.startswith(LINUX):
            continue
        print(name)
        for phase in NAMES:
            if phase in guest:
                print(_line(name, phase, guest[phase]))
    for phase in READS:
        print(f"  {NAMES[phase]:<30}" + "; ".join(f"{peer} {counts[phase]:,}"
                                                  for peer, counts in PEERS.items()))
    print("\nXen: instructions of the whole machine for one operation, Linux' beside ours; their "
          "ratio is that of throughput")
    for suffix in ("", PER_REQUEST):
        ours, theirs = result["xen-pvh" + suffix], result[LINUX + suffix]
        for phase, about in RATIOS.items():
            if phase in ours:
                a, b = theirs[phase]["machine"], ours[phase]["machine"]
                print(f"  {about + suffix:<44}{b:>10,.0f}{a:>12,.0f}{a / b:>8.2f}x"
                      + ("" if a > b else "   expected > 1  MISSED"))
