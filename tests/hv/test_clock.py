# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The PV clock against this machine's, against the TSC, and against itself."""

import socket
import struct
import time
from collections import namedtuple

from harness import test

from hv.spec import Forward

SPAN = 10.0  # seconds over which the two clocks are compared
ERROR = 0.005  # seconds by which they may differ then, beyond what the round trips leave open
RATE_ERROR = 0.005  # by which part the host's idea of the TSC's frequency may be wrong
PAGE_ERROR = 0.001  # by which part readings may deviate from what the clock's page says
SAMPLES = 50

# The guest's clock and TSC at this machine's time, all in seconds but the TSC, and by how much the
# time may be wrong.
Sample = namedtuple("Sample", "clock tsc time error")


def compare(sock):
    """The best of some samples: the one whose answer was there the soonest."""
    best = None
    for _ in range(SAMPLES):
        before = time.monotonic()
        sock.send(b"?")
        try:
            clock, tsc = struct.unpack("<QQ", sock.recv(64))
        except TimeoutError:
            continue
        after = time.monotonic()
        sample = Sample(clock / 1e9, tsc, (before + after) / 2, (after - before) / 2)
        if best is None or sample.error < best.error:
            best = sample
    assert best, "no answer from the guest"
    return best


@test(envs="kvm-*", bound=60, alone=True)
def clock(t):
    guest = t.boot("clock", directory="tests", forwards=(Forward("udp", 7),))
    backwards = guest.expect(r"^backwards: (\d+) of 1000000$", t.patience(40))[1]
    assert backwards == "0", f"{backwards} of 1000000 readings were before the one before"
    khz = int(guest.expect(r"^tsc: (\d+) kHz$", 5)[1])
    rate = int(guest.expect(r"^rate: (\d+) kHz$", t.patience(10))[1])
    assert abs(rate / khz - 1) < PAGE_ERROR, f"the page says {khz} kHz, the readings {rate}"
    guest.expect("^ready: ", 5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(t.patience(0.5))
        sock.connect(guest.address("udp", 7))
        first = compare(sock)
        time.sleep(SPAN)
        last = compare(sock)
    passed, error = last.time - first.time, first.error + last.error
    drift = last.clock - first.clock - passed
    text = f"{drift * 1e3:+.2f} ms in {passed:.1f} s, round trips leave {error * 1e3:.2f} ms open"
    assert abs(drift) <= ERROR + error, text
    real = (last.tsc - first.tsc) / passed / 1e3
    assert abs(khz / real - 1) < RATE_ERROR, f"the page says {khz} kHz, the TSC runs at {real:.0f}"
    t.note(text)
