# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Network data: datagrams of every size, echoed by net.elf and compared."""

import time

from harness import test
from udp_client import EchoClient

from hv.spec import Forward


@test(envs="qemu-* kvm-* xen-pv* xen-hvm", bound=300)
def net(t):
    count = 20_000 if t.env.xen else 100_000  # Dom0 and the guest share one emulated CPU
    guest = t.boot("net", forwards=(Forward("udp", 7),))
    guest.expect(r"^address: [0-9.]+$", t.patience(30))
    # The guest has to learn the gateway's address first, and keeps few packets meanwhile.
    EchoClient(guest.address("udp", 7), 3, window=1).run(time.monotonic() + t.patience(20))
    start = time.monotonic()
    client = EchoClient(guest.address("udp", 7), count, patience=t.patience(1.0))
    client.run(start + t.patience(240))
    t.note(f"{count} datagrams in {time.monotonic() - start:.0f} s, {client.resent} sent again")
