# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Chooses where a guest runs: on this machine, or in an emulated one that has KVM or Xen."""

import os
import re
import socket
from dataclasses import dataclass

from . import backlog, bootdisk, hvm, l1image, tap, xenimage
from .domu import XenHost
from .errors import UserError
from .nested import NestedHost
from .qemu import QemuGuest
from .spec import qemu_command
from .xenraw import Dom0Guest


def has_kvm():
    """Whether this machine's own KVM can be used: the CPU has it, and we may.

    The device alone does not tell: there are machines whose /dev/kvm is a slow emulation.
    LIBPV_KVM=nested has it left alone, to see the nested host at work on any machine.
    """
    if os.environ.get("LIBPV_KVM") == "nested" or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = re.search(r"^flags\s*:(.*)$", file.read(), re.MULTILINE)
    return bool(flags) and bool({"vmx", "svm"} & set(flags[1].split()))


def port_is_free(proto, port):
    """Whether a server can listen there; UserError if nobody may."""
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if proto == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            if proto == "tcp":
                probe.listen()
        except PermissionError:
            raise UserError(f"port {port} is for root alone; choose one from 1024 up") from None
        except OSError:
            return False
        return True


def _free_port(proto):
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_files(spec):
    """UserError if a file that the guest needs is not there."""
    for path in (spec.elf, *filter(None, [spec.initrd]), *(d.path for d in spec.disks)):
        if not os.path.isfile(path):
            raise UserError(f"there is no file {path}")


def check_ports(spec):
    """UserError if a port of this machine that is asked for is taken."""
    for rule in spec.forwards:
        if rule.port and not port_is_free(rule.proto, rule.port):
            raise UserError(f"{rule.proto} port {rule.port} is in use; choose another")


class LocalHost:
    """This machine."""

    def __init__(self):
        self._backlog = backlog.library()

    def start(self, env, spec, ports, bound, on_output):
        if env.xen:
            return Dom0Guest(env, spec, on_output, bound)
        by_rule = {(r.proto, r.guest_port): p for r, p in zip(spec.forwards, ports)}
        listen = [f"127.0.0.1:{p}" for p in ports]
        wrapper = backlog.preload(self._backlog)
        network, spec = tap.instead(spec, listen) if spec.queues else ((), spec)
        if env.firmware:
            with bootdisk.opened(spec, env.firmware) as fd:
                argv = qemu_command(env, spec, listen, bootdisk.options(env.firmware, fd))
                return QemuGuest(wrapper + argv, by_rule, on_output, bound, pass_fds=(fd,), tap=network)
        argv = qemu_command(env, spec, listen)
        return QemuGuest(wrapper + argv, by_rule, on_output, bound, stats=env.kvm,
                         tap=network)


@dataclass(frozen=True)
class Shared:
    """An emulated host that serves guests one after the other."""

    about: str
    prepare: object  # makes what it boots from
    host: object


SHARED = {
    "nested": Shared("a nested KVM host (this machine has no KVM for us)", l1image.prepare,
                     NestedHost),
    "xen": Shared("Xen and its Dom0", xenimage.dom0, XenHost),
}


def shared_host(env):
    """The name of the shared host that serves the environment; "" if none does."""
    if env.xen in ("pv", "pvh", "hvm"):
        return "xen"
    return "nested" if env.kvm and not has_kvm() else ""


class Hosts:
    """Starts guests, each where its environment is; shared hosts are started when first needed.

    Use: with Hosts() as hosts: guest = hosts.start(env, spec)
    """

    def __init__(self):
        self._local = LocalHost()
        self._shared = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shared, self._shared = self._shared, {}
        for host in shared.values():
            host.__exit__()

    def prepare(self, env):
        """Starts what the environment needs; takes some seconds the first time for a shared one."""
        if env.firmware:
            bootdisk.prepare(env.firmware)
        if env.xen == "hvm":
            hvm.device_model()
        kind = shared_host(env)
        if not kind:
            return self._local
        if kind not in self._shared:
            self._shared[kind] = SHARED[kind].host().__enter__()
        return self._shared[kind]

    def drop(self, env):
        """Ends the host that the environment shares, so that the next guest gets a fresh one."""
        host = self._shared.pop(shared_host(env), None)
        if host:
            host.__exit__()

    def start(self, env, spec, bound=600.0, on_output=None):
        """Starts a guest, which is ended after bound seconds, whatever it does."""
        check_files(spec)
        check_ports(spec)
        ports = [f.port or _free_port(f.proto) for f in spec.forwards]
        return self.prepare(env).start(env, spec, ports, bound, on_output)
