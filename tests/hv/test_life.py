# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A domain's life as Xen's toolstack leads it: shutdown, reboot, console, devices that come and go."""

import re
import threading
import time

from harness import test
from udp_client import EchoClient

from hv.spec import Disk, Forward

DOMU = "xen-pv xen-pvh"
ROUNDS = 10
# Datagrams that Dom0 itself sends have blank checksums.
ECHOES = ("for n in 1 700 1472; do head -c $n /dev/urandom >/tmp/sent && "
          "nc.openbsd -u -W 1 -w 10 10.0.2.15 7 </tmp/sent >/tmp/back; "
          "cmp /tmp/sent /tmp/back || exit 1; done; rm /tmp/sent /tmp/back")


@test(envs=DOMU, bound=30)
def xen_store(t):
    """Xenstore from inside, input on the console, xl shutdown."""
    guest = t.boot("xenstore", "tests")
    guest.expect(r"^ready: ok$", t.patience(20))
    for word in ("one", "two"):
        guest.send(f"echo {word}\n".encode())
        guest.expect(f"^echo: {word}$", t.patience(5))
    domid = t.dom0("xl domid " + guest.name).strip()
    path = f"/local/domain/{domid}/data/word"
    t.dom0(f"xenstore-write {path} a; xenstore-chmod {path} n0 r{domid}")
    guest.send(b"watch data/word\n")
    for value in "bcd":
        t.dom0(f"xenstore-write {path} {value}")
        guest.expect(f"^watch: data/word={value}$", t.patience(5))
    t.dom0(f"xl shutdown {guest.name}")
    guest.expect(r"^shutdown: poweroff$", t.patience(5))
    guest.succeed(t.patience(10))


@test(envs=DOMU, bound=40)
def xen_reboot(t):
    """xl reboot: the domain ends, and is there again, from its first line to its last."""
    guest = t.boot("xenstore", "tests", xl=(("on_reboot", "restart"),))
    log = f"/var/log/xen/console/guest-{guest.name}.log"
    guest.expect(r"^ready: ok$", t.patience(20))
    first = t.dom0(f"xl domid {guest.name}")
    t.dom0(f"xl reboot {guest.name}")
    guest.expect(r"^shutdown: reboot$", t.patience(5))
    t.dom0(f"n=0; until [ $(grep -c 'ready: ok' {log}) = 2 ]; do n=$((n+1)); [ $n -lt 300 ] || exit 1; "
           "usleep 100000; done", timeout=t.patience(20))
    assert t.dom0(f"xl domid {guest.name}") != first, "it is the same domain still"
    t.dom0(f"xl shutdown {guest.name}")
    guest.succeed(t.patience(10))
    assert guest.console.count("ready: ok") == 2, guest.console


class Stats:
    """What the guest says of itself."""

    def __init__(self, t, guest):
        guest.send(b"stats\n")
        disks = [guest.expect(rf"^stats: disk {i}: (\d+) pieces, (\d+) wrong, (\d+) failed, "
                              r"came (\d+), went (\d+)$", t.patience(5)) for i in range(2)]
        self.disk, self.disk1 = (tuple(map(int, d.groups())) for d in disks)
        net = guest.expect(r"^stats: net 1: (\d+) sent, (\d+) received, (\d+) failed, came (\d+), "
                           r"went (\d+)$", 1)
        self.net1 = tuple(map(int, net.groups()))
        # Grants, those in quarantine, events, and what nobody knows.
        use = guest.expect(r"^stats: in use: (\d+ grants, \d+ quarantined, \d+ events, \d+ unknown), "
                           r"(\d+) bytes$", 1)
        self.use, self.memory = tuple(map(int, re.findall(r"\d+", use[1]))), int(use[2])


def quiet(t, guest):
    """Of some moments the one at which the least is in use: a frame that is under way has a grant of its own."""
    return min((Stats(t, guest) for _ in range(5)), key=lambda stats: stats.use)


class Life:
    """A guest that uses all its devices; a second disk and network device come and go."""

    def __init__(self, t):
        disk = f"{t.scratch}/disk.img"
        with open(disk, "wb") as file:
            file.truncate(8 << 20)
        self.t = t
        self.guest = t.boot("life", "tests", disks=(Disk(disk),), forwards=(Forward("udp", 7),))
        self.guest.expect(r"^ready: life$", t.patience(20))
        self.name = self.guest.name
        self.domid = t.dom0(f"xl domid {self.name}").strip()
        t.dom0("dd if=/dev/zero of=/tmp/extra bs=1M count=4 2>/dev/null")

    def both(self, what):
        devices = {self.guest.expect(f"^(disk 1|net 1): {what}$", self.t.patience(10))[1] for _ in range(2)}
        assert len(devices) == 2, f"twice {what}: {devices}"

    def attach(self):
        self.t.dom0(f"xl block-attach {self.name} phy:/tmp/extra,xvdb,w && "
                    f"xl network-attach {self.name} mac=00:16:3e:00:00:02,bridge=xenbr0", self.t.patience(20))
        self.both("works")

    def end(self):
        self.t.dom0(f"xl shutdown {self.name}; rm /tmp/extra")
        self.guest.succeed(self.t.patience(10))


@test(envs=DOMU, bound=120)
def xen_hotplug(t):
    """A disk and a network device come and go, ten times, while all devices are in use."""
    life = Life(t)
    guest, name, domid = life.guest, life.name, life.domid
    detach = f"xl block-detach {name} xvdb && xl network-detach {name} 1"
    ports = f"lsevtchn 0 | wc -l; lsevtchn {domid} | wc -l"

    def plug():
        life.attach()
        t.dom0(detach, t.patience(20))
        life.both("went")

    t.dom0(ECHOES, t.patience(20))
    plug()  # once, so that what is kept for the next time is there
    before, before_ports = quiet(t, guest), t.dom0(ports)
    stop, errors = threading.Event(), []

    def talk():
        try:
            while not stop.is_set():
                client = EchoClient(guest.address("udp", 7), 50, window=4, patience=t.patience(5))
                client.run(time.monotonic() + t.patience(20))
                assert not client.resent, f"{client.resent} datagrams were lost"
                time.sleep(0.1)
        except AssertionError as error:
            errors.append(str(error))

    talker = threading.Thread(target=talk, daemon=True)
    talker.start()
    for _ in range(ROUNDS):
        plug()
    stop.set()
    talker.join()
    after, after_ports = quiet(t, guest), t.dom0(ports)
    assert not errors, errors[0]
    assert after.disk[1:] == (0, 0, 1, 0), f"disk 0: {after.disk}"
    assert after.disk1[1:] == (0, 0, ROUNDS + 1, ROUNDS + 1), f"disk 1: {after.disk1}"
    assert after.net1[2:] == (0, ROUNDS + 1, ROUNDS + 1), f"net 1: {after.net1}"
    for a, b in ((after.disk, before.disk), (after.disk1, before.disk1), (after.net1, before.net1)):
        assert a[0] >= b[0] + ROUNDS, f"too little was done meanwhile: {b[0]}, {a[0]}"
    assert after.use == before.use, f"in use: {before.use} before, {after.use} after"
    grown = after.memory - before.memory
    assert grown < ROUNDS * 4096, f"{grown} bytes were allocated and not freed in {ROUNDS} rounds"
    assert after_ports == before_ports, f"event channels: {before_ports} before, {after_ports} after"
    t.note(f"{after.disk[0]} + {after.disk1[0]} pieces, {after.net1[0]} frames, {grown} bytes more")
    life.end()
    kept = re.findall(r"quarantined|broken", guest.console)
    assert all(word == "quarantined" for word in kept), guest.console


@test(envs=DOMU, bound=120)
def xen_forced(t):
    """A disk's and a network device's backends are taken away by force, ten times, while all devices are in use."""
    life = Life(t)
    guest, name, domid = life.guest, life.name, life.domid
    vif = f"/local/domain/0/backend/vif/{domid}/1"

    for _ in range(ROUNDS):
        life.attach()
        # The backend's folder goes, and then all else of the device.
        t.dom0(f"xl block-detach --force {name} xvdb; xenstore-rm {vif}", t.patience(20))
        life.both("went")
        t.dom0(f"xl network-detach {name} 1; xenstore-rm /local/domain/{domid}/device/vif/1 || :",
               t.patience(20))
    t.dom0(ECHOES, t.patience(20))
    after = Stats(t, guest)
    assert after.disk[1:] == (0, 0, 1, 0), f"disk 0: {after.disk}"
    assert after.disk1[1:] == (0, 0, ROUNDS, ROUNDS), f"disk 1: {after.disk1}"
    assert after.net1[2:] == (0, ROUNDS, ROUNDS), f"net 1: {after.net1}"
    assert after.disk1[0] >= ROUNDS and after.net1[0] >= ROUNDS, f"{after.disk1}, {after.net1}"
    t.note(f"{after.disk1[0]} pieces, {after.net1[0]} frames; {after.use[0]} grants in use")
    life.end()
