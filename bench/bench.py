#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Counts what the library costs: guest instructions, notifications, interrupts, bytes.

QEMU with -icount shift=0 advances the guest's TSC by one per instruction, so that the figures are
the same from run to run and from machine to machine. Notifications and interrupts are counted by
QEMU's own trace events, as the difference between a run with the operations and one without.
"""

import argparse
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))

import onxen
from hv import envs, hosts
from hv.errors import GuestFailure, UserError
from hv.progress import Progress
from hv.spec import Disk, Spec

OPS = 1280
ENVIRONMENTS = ("qemu-microvm", "qemu-pc")
XEN = "xen"

# Guest instructions that other guests need for the same, counted in the same way (-icount, the same
# QEMU): per 4 KiB read at depth 1 and 32, from entry to main. Recorded, not run here: none of the
# unikernels is a Debian package.
PEERS = {
    "Linux 6.1": {"read1": 14300, "read32": 7900},
    "Unikraft 0.16, polled": {"read1": 1031, "read32": 976, "entry_to_main": 107000},
    "Mini-OS": {"entry_to_main": 304000},
}

# What the first version is expected to stay under.
BOUNDS = {"read1": 600, "read32": 300, "entry_to_main": 100000, "notifications32": 0.1,
          "hello_bytes": 96 * 1024}

# QEMU's events. A device whose notifications it takes by eventfd (virtio-blk-pci) interrupts by another
# function than the others do, with an event of its own.
NOTIFY = ("virtio_queue_notify",)
INTERRUPT = ("virtio_notify", "virtio_notify_irqfd")


def run_phase(where, env, build, phase, ops, scratch):
    """One boot; the name=value lines that the guest prints, and QEMU's event counts."""
    trace = os.path.join(scratch, "trace")
    two_nics = phase in ("send", "receive")
    extra = []
    if two_nics:
        for i in (0, 1):
            kind = "device" if env.bus == "mmio" else "pci"
            properties = [f"virtio-net-{kind}", f"netdev=hub{i}", env.device]
            properties += ["romfile="] if env.bus == "pci" else []
            extra += ["-netdev", f"hubport,id=hub{i},hubid=0",
                      "-device", ",".join(p for p in properties if p)]
    disk = os.path.join(scratch, "disk.img")
    with open(disk, "wb") as file:
        file.truncate(8 << 20)
    spec = Spec(os.path.join(build, "examples/bench.elf"), disks=(Disk(disk),), net=not two_nics,
                append=f"bench.phase={phase} bench.ops={ops}", icount="shift=0,sleep=off",
                trace=NOTIFY + INTERRUPT, trace_file=trace, extra=tuple(extra))
    guest = where.start(env, spec, bound=120)
    guest.succeed(110)
    values = {k: int(v) for k, v in re.findall(r"^(\w+)=(\d+)$", guest.console, re.MULTILINE)}
    with open(trace, encoding="ascii", errors="replace") as file:
        text = file.read()
    values["qemu_notifications"] = occurrences(text, NOTIFY)
    values["qemu_interrupts"] = occurrences(text, INTERRUPT)
    return values


def occurrences(text, events):
    return sum(len(re.findall(rf"^(?:.*:)?{event} ", text, re.MULTILINE)) for event in events)


def measure(where, env, build, scratch):
    boot = run_phase(where, env, build, "boot", 0, scratch)
    result = {key: count for key, count in boot.items() if key.startswith("entry_to_")}
    readings = run_phase(where, env, build, "clock", OPS, scratch)
    result["clock"] = {key: readings[key] / OPS for key in ("stable", "unstable")}
    for phase in ("read1", "read32", "read1-irq", "read32-irq", "send", "receive"):
        idle = run_phase(where, env, build, phase, 0, scratch)
        values = run_phase(where, env, build, phase, OPS, scratch)
        result[phase] = {
            "instructions": values["instructions"] / OPS,
            "notifications": (values["qemu_notifications"] - idle["qemu_notifications"]) / OPS,
            "interrupts": (values["qemu_interrupts"] - idle["qemu_interrupts"]) / OPS,
            "guest_notifications": values["notifications"] / OPS,
            "guest_interrupts": values["interrupts"] / OPS,
        }
    return result


def sizes(build):
    """Bytes of text and data: of each module of the library, and of each image as it is loaded."""
    out = subprocess.run(["size", "-t", os.path.join(build, "libpv.a")], check=True,
                         capture_output=True, text=True).stdout.splitlines()[1:]
    modules = {}
    for line in out:
        text, data, bss, _, _, name = line.split(None, 5)
        modules[name.split()[0]] = {"text": int(text), "data": int(data), "bss": int(bss)}
    images = {}
    for path in sorted(glob.glob(os.path.join(build, "examples/*.elf"))) + [
            os.path.join(build, "bench/hello-virtio.elf")]:
        line = subprocess.run(["size", path], check=True,
                              capture_output=True, text=True).stdout.splitlines()[1]
        text, data, bss = map(int, line.split()[:3])
        images[os.path.basename(path)] = {"text": text, "data": data, "bss": bss}
    return {"modules": modules, "images": images}


def clock(build):
    """Nanoseconds for a reading of the clock in a process here, and for one of the vDSO's."""
    out = subprocess.run([os.path.join(build, "tests/clock-host"), "cost"], check=True,
                         capture_output=True, text=True).stdout
    return {key: float(ns) for key, ns in re.findall(r"^(\w+)_ns=([\d.]+)$", out, re.MULTILINE)}


def compare(name, value, key):
    """`value`, beside the bound and each peer that was counted for it."""
    words = [f"{name:<44}{value:>12,.0f}"]
    if key in BOUNDS:
        words.append(f"expected <= {BOUNDS[key]:,}" + ("" if value <= BOUNDS[key] else "  MISSED"))
    words += [f"{peer} {counts[key]:,} ({counts[key] / value:.1f}x)"
              for peer, counts in PEERS.items() if key in counts]
    print(words[0] + "   " + "; ".join(words[1:]))


def report(results, size):
    for env, r in results.items():
        print(f"\n{env}: guest instructions")
        compare("entry to main", r["entry_to_main"], "entry_to_main")
        print(f"{'entry to the first block read':<44}{r['entry_to_first_block']:>12,}")
        print(f"{'entry to DRIVER_OK of net, receive posted':<44}{r['entry_to_net']:>12,}")
        compare("4 KiB read, depth 1", r["read1"]["instructions"], "read1")
        compare("4 KiB read, depth 32", r["read32"]["instructions"], "read32")
        for phase, name in (("send", "packet sent"), ("receive", "packet received")):
            print(f"{name:<44}{r[phase]['instructions']:>12,.0f}")
        for key, name in (("stable", "the clock read"), ("unstable", "the same, without the stable bit")):
            print(f"{name:<44}{r['clock'][key]:>12,.0f}")
        print(f"{env}: per operation{'notifications':>33}{'interrupts':>14}{'seen by guest':>17}")
        for phase, name in (("read1", "4 KiB read, depth 1, polled"),
                            ("read32", "4 KiB read, depth 32, polled"),
                            ("read1-irq", "4 KiB read, depth 1, interrupts"),
                            ("read32-irq", "4 KiB read, depth 32, interrupts"),
                            ("send", "packet sent, 32 at once"),
                            ("receive", "packet received, 32 at once")):
            n, i = r[phase]["notifications"], r[phase]["interrupts"]
            missed = "  MISSED" if phase.startswith("read32") and n > BOUNDS["notifications32"] else ""
            seen = r[phase]["guest_interrupts"]
            print(f"  {name:<42}{n:>12.3f}{i:>14.3f}{seen:>17.3f}{missed}")
    print(f"\nbytes{'text':>47}{'data':>10}{'bss':>10}")
    for name, s in {**size["modules"], **size["images"]}.items():
        print(f"  {name:<42}{s['text']:>8,}{s['data']:>10,}{s['bss']:>10,}")
    print("\ntext and data")
    for image, name, key in (("hello-virtio.elf", "hello, both virtio drivers", "hello_bytes"),
                             ("hello.elf", "hello, all of Xen too", None)):
        hello = size["images"][image]
        compare(name, hello["text"] + hello["data"], key)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", default="build", help="where the library was built")
    parser.add_argument("--hv", default="", help="patterns of: " + " ".join((*ENVIRONMENTS, XEN)))
    parser.add_argument("--json", help="where to put the figures for machines")
    args = parser.parse_args()
    chosen = [name for name in (*ENVIRONMENTS, XEN) if not args.hv or
              any(fnmatch.fnmatch(name, pattern) for pattern in args.hv.split())]
    if not chosen:
        print(f"bench: nothing is measured on '{args.hv}', but on {' '.join(ENVIRONMENTS)} {XEN}",
              file=sys.stderr)
        return 2
    try:
        results, xen = {}, {}
        with hosts.Hosts() as where, tempfile.TemporaryDirectory(prefix="libpv-bench-") as scratch:
            for name in chosen:
                with Progress(f"measuring on {name}"):
                    if name == XEN:
                        xen = onxen.measure(args.build, scratch)
                    else:
                        results[name] = measure(where, envs.lookup(name), args.build, scratch)
        size, ns = sizes(args.build), clock(args.build)
    except (UserError, GuestFailure) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    report(results, size)
    ratio = ns["clock"] / ns["vdso"]
    print(f"\nclock, a reading: {ns['clock']:.1f} ns in a process here, the vDSO's {ns['vdso']:.1f} ns: "
          f"{ratio:.2f} of it, expected <= 1{'' if ratio <= 1 else '  MISSED'}")
    if xen:
        onxen.report(xen)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"environments": results, "bytes": size, "clock_ns": ns, "peers": PEERS, "expected": BOUNDS,
                       "xen": {"guests": xen, "peers": onxen.PEERS, "expected": onxen.BOUNDS}},
                      file, indent=1)
        print(f"\nfigures: {args.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
