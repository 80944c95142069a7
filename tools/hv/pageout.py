# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Has a guest's memory written to swap, as a host short of memory does."""

import ctypes
import os
import re
import struct
import time

_MADV_PAGEOUT = 21
_SYS_PROCESS_MADVISE = 440
_PAGE = 4096
ROUNDS = 20
GROUP = "/sys/fs/cgroup/guests/memory.reclaim"


def make_swap(path, size):
    """An empty swap area in a sparse file (Linux include/linux/swap.h, union swap_header)."""
    with open(path, "wb") as file:
        file.truncate(size)
        file.seek(1024)
        file.write(struct.pack("<III", 1, size // _PAGE - 1, 0))
        file.seek(_PAGE - 10)
        file.write(b"SWAPSPACE2")


def have_swap(device):
    """Whether pages can be swapped out; device: swapped to if nothing else is."""
    with open("/proc/swaps", encoding="ascii") as file:
        if len(file.readlines()) > 1:
            return True
    return os.path.exists(device) and ctypes.CDLL(None).swapon(device.encode(), 0) == 0


def _largest(pid):
    """The largest private mapping of a process, which is its guest's memory: (start, size)."""
    best = (0, 0)
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            where, flags = line.split()[:2]
            start, end = (int(n, 16) for n in where.split("-"))
            if flags.startswith("rw-p") and end - start > best[1]:
                best = (start, end - start)
    return best


def _swapped(pid):
    """How many bytes of a process are on swap."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return int(re.search(r"^VmSwap:\s*(\d+)", file.read(), re.MULTILINE)[1]) << 10


def _reclaim(size):
    """Frees so many bytes of the control group, those first that are on their way out already."""
    try:
        with open(GROUP, "w", encoding="ascii") as file:
            file.write(str(size))
    except OSError:
        pass  # it found less


def page_out(pid, least=8 << 20):
    """Has at least so many bytes of a QEMU's guest swapped out. False: the kernel does not."""
    if not os.path.exists(GROUP):
        return False
    start, size = _largest(pid)
    vector = struct.pack("QQ", start, size)
    pidfd = os.pidfd_open(pid)
    try:
        # What the guest has used since the last time is spared.
        for _ in range(ROUNDS):
            ctypes.CDLL(None).syscall(_SYS_PROCESS_MADVISE, pidfd, vector, ctypes.c_size_t(1),
                                      _MADV_PAGEOUT, 0)
            if _swapped(pid) >= least:
                # They are there still, until they have been written and are wanted.
                for _ in range(ROUNDS):
                    time.sleep(0.05)
                    _reclaim(least)
                return True
    finally:
        os.close(pidfd)
    return False
