# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The web server on 2 and 4 CPUs: all of them serve, by queues of their own where the devices have them."""

import json

from harness import Skip, test
from test_httpd import request, site_files

from hv.spec import Disk, Forward

ROUNDS = 3  # connections that each CPU gets


def serve(t, smp):
    """A guest with the site on a disk that has a queue for each CPU, if it is virtio's."""
    queues = "" if t.env.xen else f"num-queues={smp}"
    site = Disk(t.file("site.img"), readonly=True, device=queues)
    guest = t.boot("httpd", disks=(site,), forwards=(Forward("tcp", 80),), smp=smp,
                   append=f"httpd.requests={ROUNDS * smp + 2}")
    guest.expect(r"^ready: http on port 80$", t.patience(60))
    return guest


def status(t, guest):
    return json.loads(request(t, guest, "GET", "/status.json")[1])


def check(t, smp):
    guest = serve(t, smp)
    style = site_files(t)["style.css"]
    before = status(t, guest)
    for _ in range(ROUNDS * smp):
        assert request(t, guest, "GET", "/style.css")[1] == style
    after = status(t, guest)
    assert [c["cpu"] for c in after["cpus"]] == list(range(smp)), after["cpus"]
    queues = {q["name"][:3]: q["queues"] for q in after["queues"]}
    assert queues == {"blk": 1 if t.env.xen else smp, "net": 1}, queues
    for old, new in zip(before["cpus"], after["cpus"]):
        cpu = new["cpu"]
        assert new["requests"] >= old["requests"] + ROUNDS, (old, new)
        # A PV guest of Xen takes events where it waits.
        if t.env.xen != "pv":
            assert new["interrupts"] > old["interrupts"], (old, new)
        if cpu:
            assert new["ipis"] > old["ipis"], (old, new)
        assert abs(new["clock_offset_ns"]) <= new["clock_error_ns"] + 10_000, new
        if t.env.kvm or t.env.xen:
            assert new["stolen_ns"] >= old["stolen_ns"], (old, new)
        # Its own queue, if it has one: so many reads of the file went over that.
        if cpu < queues["blk"]:
            reads = ROUNDS * smp if queues["blk"] == 1 else ROUNDS
            assert new["blk"]["completed"] >= old["blk"]["completed"] + reads, (old, new)
            assert new["blk"]["events"] > old["blk"]["events"], (old, new)
            grown = new["blk"]["bytes_in"] - old["blk"]["bytes_in"]
            assert grown >= reads * len(style), (grown, old, new)
        assert ("net" in new) == (cpu < queues["net"]), new
    guest.succeed(t.patience(20))
    t.note(f"{smp} CPUs: clocks apart by "
           + ", ".join(f"{c['clock_offset_ns']} ± {c['clock_error_ns']} ns" for c in after["cpus"][1:]))


@test(envs="qemu-microvm qemu-pc qemu-pc-intx kvm-pc xen-pv xen-pvh", bound=180)
def httpd_smp(t):
    """Each CPU answers requests and reads the disk; its interrupts, wakes and clock are on the status page."""
    for smp in (2, 4):
        check(t, smp)


@test(envs="qemu-pc kvm-pc", bound=120)
def httpd_mq(t):
    """A pair of network queues for each CPU: every one carries requests, and the CPU that answers them gets them."""
    for smp in (2, 4):
        check_mq(t, smp)


def check_mq(t, smp):
    site = Disk(t.file("site.img"), readonly=True, device=f"num-queues={smp}")
    try:
        guest = t.boot("httpd", disks=(site,), smp=smp, queues=smp, forwards=(Forward("tcp", 80),),
                       append=f"httpd.requests={8 * smp + 2}")
    except OSError as error:
        raise Skip(f"no tap device may be made here: {error}") from None
    guest.expect(r"^ready: http on port 80$", t.patience(60))
    style = site_files(t)["style.css"]
    before = status(t, guest)
    for _ in range(8 * smp):
        assert request(t, guest, "GET", "/style.css")[1] == style
    after = status(t, guest)
    assert {q["queues"] for q in after["queues"]} == {smp}, after["queues"]
    for old, new in zip(before["cpus"], after["cpus"]):
        assert new["requests"] >= old["requests"] + 8, (old, new)
        # Each answers by its own pair: so many replies at least went out there.
        assert new["net"]["bytes_out"] >= old["net"]["bytes_out"] + 8 * len(style), (old, new)
        assert new["net"]["received"] > old["net"]["received"], (old, new)
        assert new["net"]["events"] > old["net"]["events"], (old, new)
    t.note(f"{smp} CPUs received {[c['net']['received'] for c in after['cpus']]}, "
           f"sent {[c['net']['completed'] for c in after['cpus']]}")
    guest.succeed(t.patience(20))
