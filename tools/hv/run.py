#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Runs an example, or any image, on a hypervisor; `make run` is this.

The console goes to standard output. It ends when the guest does, with the guest's status, or on
Ctrl-C, with 0: whoever watches a server has seen enough.
"""

import argparse
import os
import signal
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from hv import cache, envs, hosts
from hv.errors import PackageError, UserError
from hv.progress import Progress
from hv.spec import Disk, Forward, Spec

FOREVER = 10 * 365 * 86400.0

# What an example is given beyond its image: a disk of the build, or an empty one of so many bytes;
# a command line; a port of the guest that a port of this machine reaches.
EXAMPLES = {
    "hello": {},
    "minimal": {"scratch": 1 << 20},
    "blk": {"scratch": 1 << 20, "append": "blk.mode=write"},
    "net": {"proto": "udp", "to_port": 7},
    "httpd": {"disk": "site.img,ro", "proto": "tcp", "to_port": 80},
}

def parse_port(text):
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise UserError(f"'{text}' is no port: a number from 1 to 65535 is")
    return int(text)


def parse_disk(text):
    path, comma, word = text.partition(",")
    if comma and word != "ro":
        raise UserError(f"disk '{text}': FILE or FILE,ro")
    return Disk(path, readonly=bool(comma))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--elf", help="the image")
    what.add_argument("--example", help="one of: " + " ".join(EXAMPLES))
    parser.add_argument("--build", default="build", help="where examples were built")
    parser.add_argument("--hv", default="", help="one of: " + " ".join(envs.ENVS))
    parser.add_argument("--disk", action="append", default=[], help="FILE or FILE,ro; repeatable")
    parser.add_argument("--append", help="the guest's command line")
    parser.add_argument("--net", action="store_true", help="a network device")
    parser.add_argument("--port", help="a port of this machine that reaches the guest")
    parser.add_argument("--to-port", type=int, help="the guest's port (80)")
    parser.add_argument("--proto", choices=("tcp", "udp"), help="(tcp)")
    parser.add_argument("--memory", type=int, default=128, help="MiB")
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=0, help="seconds; then it is a failure")
    parser.add_argument("--check", action="store_true", help="only look at what is asked for")
    parser.add_argument("--qemu", action="append", default=[], help="one more option of QEMU")
    return parser.parse_args()


def make_spec(args, scratch):
    """The Spec of what was asked for. scratch: a directory for disks that nobody keeps."""
    example = EXAMPLES.get(args.example, {})
    elf, disks = args.elf, [parse_disk(d) for d in args.disk]
    if args.example:
        elf = os.path.join(args.build, "examples", args.example + ".elf")
    if not disks and "disk" in example:
        disks = [parse_disk(os.path.join(args.build, example["disk"]))]
    if not disks and "scratch" in example:
        disks = [Disk(os.path.join(scratch, "scratch.img"))]
        with open(disks[0].path, "wb") as file:
            file.truncate(example["scratch"])
    forwards = ()
    if args.port and (args.elf or "to_port" in example):
        proto = args.proto or example.get("proto", "tcp")
        to_port = args.to_port or example.get("to_port", 80)
        forwards = (Forward(proto, to_port, parse_port(args.port)),)
    return Spec(elf, append=example.get("append", "") if args.append is None else args.append,
                memory=args.memory, smp=args.smp, disks=tuple(disks),
                net=args.net or "to_port" in example, forwards=forwards, extra=tuple(args.qemu))


def check_names(args):
    """What can be said of the arguments before anything is built: the environment."""
    if args.example and args.example not in EXAMPLES:
        raise UserError(f"no example '{args.example}'; there are: {' '.join(EXAMPLES)}")
    if args.port:
        parse_port(args.port)
    return envs.lookup(args.hv or ("kvm-microvm" if hosts.has_kvm() else "qemu-microvm"))


def announce(env, forward):
    where = f"127.0.0.1:{forward.port}"
    if forward.proto == "tcp" and forward.guest_port == 80:
        where = f"http://{where}/"
    print(f"{env.name}: {where} reaches {forward.proto} port {forward.guest_port} of the guest; "
          "Ctrl-C ends it", file=sys.stderr, flush=True)


def show(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def run(args):
    env = check_names(args)
    with tempfile.TemporaryDirectory(prefix="libpv-run-") as scratch, hosts.Hosts() as here:
        spec = make_spec(args, scratch)
        hosts.check_ports(spec)
        if args.check:
            return 0
        hosts.check_files(spec)
        cache.need("qemu-system-x86")
        kind = hosts.shared_host(env)
        if kind:
            hosts.SHARED[kind].prepare()
            with Progress("starting " + hosts.SHARED[kind].about, after=0):
                here.prepare(env)
        for forward in spec.forwards:
            announce(env, forward)
        guest = here.start(env, spec, bound=args.timeout or FOREVER, on_output=show)
        try:
            outcome = guest.wait(None)
        except KeyboardInterrupt:
            guest.kill()
            print(file=sys.stderr)
            return 0
    if outcome.ok:
        return 0
    print(f"{os.path.basename(spec.elf)} on {env.name}: the guest {outcome}", file=sys.stderr)
    return outcome.status or 1


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(arguments())
    except PackageError:
        return 1
    except UserError as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
