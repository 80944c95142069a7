# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""KVM's own counters of one guest: exits by kind, injected interrupts, hypercalls.

KVM shows them in debugfs as long as the virtual machine exists. To read them after QEMU has ended,
the machine's file descriptor is taken over from QEMU at its start and held until then.
"""

import ctypes
import glob
import os

_ROOT = "/sys/kernel/debug/kvm"
_SYS_PIDFD_GETFD = 438


def hold(pid):
    """Takes hold of the virtual machine of QEMU process pid; None if its counters cannot be had."""
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            if os.readlink(entry.path) == "anon_inode:kvm-vm":
                return _take(pid, int(entry.name))
    except OSError:
        pass
    return None


def _take(pid, number):
    directories = glob.glob(f"{_ROOT}/{pid}-{number}")
    if not directories:
        return None
    pidfd = os.pidfd_open(pid)
    try:
        fd = ctypes.CDLL(None, use_errno=True).syscall(_SYS_PIDFD_GETFD, pidfd, number, 0)
    finally:
        os.close(pidfd)
    return (directories[0], fd) if fd >= 0 else None


def read(held):
    """The counters {name: number}; lets go of the machine."""
    directory, fd = held
    stats = {}
    try:
        for entry in os.scandir(directory):
            if entry.is_file():
                with open(entry.path, encoding="ascii") as file:
                    text = file.read().strip()
                if text.isdecimal() and int(text):
                    stats[entry.name] = int(text)
    except OSError:
        pass
    os.close(fd)
    return stats
