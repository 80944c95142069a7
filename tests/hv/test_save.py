# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A domain that is saved and restored while its disk and its network are in use."""

from harness import test
from test_life import ECHOES, quiet

from hv.spec import Disk, Forward

ROUNDS = 3  # of xl save and restore
# Datagrams may be lost until the bridge knows where the domain is now.
ECHOES_AGAIN = f"n=0; until ({ECHOES}); do n=$((n+1)); [ $n -lt 4 ] || exit 1; done"


@test(envs="xen-pvh", bound=240)
def xen_save(t):
    """xl save and xl restore, several times, under I/O: data are right, nothing fails, time goes forward."""
    disk = f"{t.scratch}/disk.img"
    with open(disk, "wb") as file:
        file.truncate(8 << 20)
    guest = t.boot("life", "tests", disks=(Disk(disk),), forwards=(Forward("udp", 7),), memory=64)
    guest.expect(r"^ready: life$", t.patience(20))
    name, saved = guest.name, f"/tmp/{guest.name}.save"
    t.dom0(ECHOES, t.patience(20))
    last = quiet(t, guest)
    for _ in range(ROUNDS):
        guest.moves()
        t.dom0(f"xl save {name} {saved}", t.patience(60))
        guest.follow(f"xl restore -c -F {saved} <&4 >&4 2>/run/{name}.log; cat /run/{name}.log")
        guest.expect(r"^suspended: 0, clock forward, wall clock forward$", t.patience(30))
        t.dom0(ECHOES_AGAIN, t.patience(60))
        now = quiet(t, guest)
        assert now.disk[1:] == (0, 0, 1, 0), f"disk: {now.disk}"
        assert now.disk[0] > last.disk[0], f"the disk does nothing: {last.disk}, {now.disk}"
        assert now.use == last.use, f"in use: {last.use} before, {now.use} after"
        last = now
    t.note(f"{ROUNDS} times, {last.disk[0]} pieces")
    t.dom0(f"xl shutdown {name}; rm -f {saved}")
    guest.succeed(t.patience(10))
