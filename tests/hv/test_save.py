# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A domain that is saved and restored, copied, or moved, while its disk and its network are in use.

SAVES= is how often each is done: `make test HV=xen-pvh T=xen_save SAVES=100`.
"""

import os

from harness import test
from test_life import ECHOES, quiet

from hv.spec import Disk, Forward

DOMU = "xen-pv xen-pvh xen-hvm"  # xen-hvm: of tools/hv/envs.py, too
ROUNDS = int(os.environ.get("SAVES") or 3)
BOUND = 150 + 60 * ROUNDS
# Datagrams may be lost until the bridge knows where the domain is now.
ECHOES_AGAIN = f"n=0; until ({ECHOES}); do n=$((n+1)); [ $n -lt 4 ] || exit 1; done"
# What xl create does with a domain until its end, for one that runs already: by its number, as the next one has its name.
# The eighth word is why it was shut down.
ATTEND = ("{console}while r=$(xl list -v {domid} 2>/dev/null | awk 'NR == 2 {{ print $8 }}'); [ \"$r\" = - ]; "
          "do sleep 1; done; echo \"has shut down, reason code ${{r:-none}}\"")

# Xen follows what a PV guest writes, as xl migrate wants it, by shadow page tables, which Debian's has not. So the guest stands
# while it moves: it is saved into the receiver of a migration, and the sender's last word is added.
STREAM = ("{{ xl save {name} /proc/self/fd/1 && printf 'domain is yours, you are cleared to unpause\\0'; }} | "
          "xl migrate-receive -e >/dev/null")


def rounds(t, leave, suspended):
    """Boots, and has leave(guest) done so often; each time pv_suspend() is to answer as said, and all to go on."""
    disk = f"{t.scratch}/disk.img"
    with open(disk, "wb") as file:
        file.truncate(8 << 20)
    # A boot loader wants more memory, and takes its time.
    memory, seconds = (128, 60) if t.env.firmware else (64, 20)
    guest = t.boot("life", "tests", disks=(Disk(disk),), forwards=(Forward("udp", 7),), memory=memory)
    guest.expect(r"^ready: life$", t.patience(seconds))
    t.dom0(ECHOES, t.patience(20))
    first = last = quiet(t, guest)
    for _ in range(ROUNDS):
        guest.moves()
        leave(guest)
        guest.expect(rf"^suspended: {suspended}, clock forward, wall clock forward$", t.patience(30))
        t.dom0(ECHOES_AGAIN, t.patience(60))
        now = quiet(t, guest)
        assert now.disk[1:] == (0, 0, 1, 0), f"disk: {now.disk}"
        assert now.disk[0] > last.disk[0], f"the disk does nothing: {last.disk}, {now.disk}"
        assert now.use == first.use, f"in use: {first.use} before, {now.use} after"
        last = now
    t.note(f"{ROUNDS} times, {last.disk[0]} pieces")
    t.dom0(f"xl shutdown {guest.name}; rm -f {saved(guest)}")
    guest.succeed(t.patience(10))


def domid(t, guest):
    return t.dom0(f"xl domid {guest.name}").strip()


def saved(guest):
    """The file in Dom0."""
    return f"/tmp/{guest.name}.save"


def save(t, guest):
    t.dom0(f"xl save {guest.name} {saved(guest)}", t.patience(60))
    log = f"/run/{guest.name}.log"
    guest.follow(f"xl restore -c -F {saved(guest)} <&4 >&4 2>{log}; cat {log}")


@test(envs=DOMU, bound=BOUND)
def xen_save(t):
    """xl save and xl restore, several times, under I/O: data are right, nothing fails, time goes forward."""
    rounds(t, lambda guest: save(t, guest), 0)


@test(envs="xen-pv xen-pvh", bound=240)
def xen_save_cpus(t):
    """xl save and xl restore, of a domain whose other CPUs were on and are off: they come again, each time."""
    guest = t.boot("saved", "tests", smp=3)
    for n in range(3):
        guest.expect("^cpus: 3, of which 2 came and went: 0$", t.patience(20))
        if n == 0:
            guest.expect("^ready: saved$", t.patience(5))
        if n < 2:
            guest.moves()
            save(t, guest)
            guest.expect("^suspended: 0$", t.patience(30))
    t.dom0(f"xl shutdown {guest.name}; rm -f {saved(guest)}")
    guest.succeed(t.patience(10))


@test(envs=DOMU, bound=BOUND)
def xen_copy(t):
    """xl save -c, several times, under I/O: the domain goes on as it was, the same one."""
    def leave(guest):
        before = domid(t, guest)
        t.dom0(f"xl save -c {guest.name} {saved(guest)}", t.patience(60))
        assert domid(t, guest) == before, "it is another domain"
        guest.follow(ATTEND.format(console="", domid=before))

    rounds(t, leave, 1)


@test(envs=DOMU, bound=BOUND)
def xen_migrate(t):
    """xl migrate, to this same host, several times, under I/O: as another domain, without a file in between."""
    def leave(guest):
        before = domid(t, guest)
        # Without a command in the place of ssh, what follows the name is what receives.
        live = "xl migrate -s '' {name} 'exec xl migrate-receive -e'"
        t.dom0((STREAM if t.env.name == "xen-pv" else live).format(name=guest.name), t.patience(90))
        now = domid(t, guest)
        assert now != before, "it is the same domain"
        guest.follow(ATTEND.format(console=f"xl console {now} <&4 >&4; ", domid=now))

    rounds(t, leave, 0)
