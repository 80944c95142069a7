# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The PV clock against this machine's, against the TSC, and against itself."""

import socket
import struct
import time
from collections import namedtuple

from harness import test

from hv.spec import Forward

SPAN = 30  # seconds over which the two clocks are compared, each second
DRIFT = 100e-6  # by which part their rates may differ
RATE_ERROR = 0.005  # by which part the host's idea of the TSC's frequency may be wrong
PAGE_ERROR = 1000  # ppm by which readings may deviate from what the clock's page says
SAMPLES = 20

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


def drift(samples):
    """By which part the guest's clock is faster, by least squares; and that figure's standard error."""
    times = [s.time - samples[0].time for s in samples]
    ahead = [s.clock - samples[0].clock - t for s, t in zip(samples, times)]
    mid, level = sum(times) / len(times), sum(ahead) / len(ahead)
    width = sum((t - mid) ** 2 for t in times)
    slope = sum((t - mid) * (a - level) for t, a in zip(times, ahead)) / width
    rest = sum((a - level - slope * (t - mid)) ** 2 for t, a in zip(times, ahead))
    return slope, (rest / (len(samples) - 2) / width) ** 0.5


@test(envs="kvm-* xen-pv xen-pvh", bound=90, alone=True)
def clock(t):
    """As fast as this machine's, on Xen too: of both hosts the timers, by which they set their clocks, are its own."""
    native = (("tsc_mode", "native"),) if t.env.xen else ()
    guest = t.boot("clock", directory="tests", forwards=(Forward("udp", 7),), xl=native)
    backwards = guest.expect(r"^backwards: (\d+) of 1000000$", t.patience(40))[1]
    assert backwards == "0", f"{backwards} of 1000000 readings were before the one before"
    khz = int(guest.expect(r"^tsc: (\d+) kHz$", 5)[1])
    deviation = int(guest.expect(r"^deviation: (-?\d+) ppm$", t.patience(10))[1])
    assert abs(deviation) < PAGE_ERROR, f"the readings are off from what the page says by {deviation} ppm"
    guest.expect("^ready: ", 5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(t.patience(0.5))
        sock.connect(guest.address("udp", 7))
        samples = [compare(sock)]
        while samples[-1].time - samples[0].time < SPAN:
            time.sleep(1)
            samples.append(compare(sock))
    first, last = samples[0], samples[-1]
    passed = last.time - first.time
    slope, error = drift(samples)
    text = f"{slope * 1e6:+.1f} ppm, give or take {error * 1e6:.1f}, over {passed:.0f} s"
    # What the round trips leave open shows as scatter.
    assert abs(slope) <= DRIFT + 3 * error, text
    real = (last.tsc - first.tsc) / passed / 1e3
    assert abs(khz / real - 1) < RATE_ERROR, f"the page says {khz} kHz, the TSC runs at {real:.0f}"
    t.note(text)
