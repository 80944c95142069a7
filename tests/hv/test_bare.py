# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""ports/bare: both boot entries, faults and their reports, memory, interrupts, the machine's end."""

import re
import subprocess

from harness import test

ENVS = "qemu-microvm qemu-pc qemu-pc-legacy kvm-microvm kvm-pc"
MIB = 1 << 20


def run(t, action, **spec):
    return t.boot("bare", directory="tests", append=f"bare.do={action}", **spec)


def values(t, action, **spec):
    """What a successful action says, {key: text}."""
    guest = run(t, action, **spec)
    guest.succeed(t.patience(30))
    return dict(re.findall(r"^([a-z]+): (.*?)\r?$", guest.console, re.MULTILINE))


def functions(t, addresses):
    """The functions that the addresses are in, by addr2line."""
    done = subprocess.run(["addr2line", "-f", "-e", t.image("bare", "tests"), *addresses],
                          check=True, capture_output=True, text=True)
    return done.stdout.split("\n")[::2]


FAULTS = {  # action: what the report says, and the function that it names first
    "divide": (r"#DE divide error", "divide"),
    "null": (r"#PF page fault[^$]*write of 0x10, which is not mapped", "write_null"),
    "text": (r"#PF page fault[^$]*write of 0xffffffff8[0-9a-f]+, which does not allow", "write_text"),
    "data": (r"#PF page fault[^$]*execution of 0xffffffff8[0-9a-f]+, which does not", None),
    "stack": (r"#DF double fault[^$]*stack overflow", "overflow"),
}


@test(envs=ENVS, bound=60)
def bare_faults(t):
    """An exception is reported, with the way to it, and ends the machine with status 1."""
    for action, (text, function) in FAULTS.items():
        guest = run(t, action)
        outcome = guest.wait(t.patience(10))
        assert (outcome.kind, outcome.status) == ("exited", 1), f"{action}: {outcome}\n{guest.tail()}"
        said = guest.console
        assert re.search(text, said), f"{action}: {said}"
        at = re.search(r"at (0x[0-9a-f]+), flags", said)[1]
        callers = re.findall(r"called from (0x[0-9a-f]+)", said)
        assert callers, f"{action}: no backtrace: {said}"
        names = functions(t, [at, *callers])
        if function:
            assert names[0] == function, f"{action}: {names}"
        if action != "stack":
            # By an indirect call, and by a direct one.
            assert {"pv_bare_main", "start"} <= set(names), f"{action}: {names}"


@test(envs=ENVS, bound=20)
def bare_panic(t):
    for action, text in (("panic", "panic: as asked for"),
                         ("double-free", "panic: memory freed twice")):
        guest = run(t, action)
        outcome = guest.wait(t.patience(10))
        assert (outcome.kind, outcome.status) == ("exited", 1), f"{action}: {outcome}"
        assert text in guest.console, guest.console
        assert "called from" in guest.console, guest.console


@test(envs=ENVS, bound=20)
def bare_sleep(t):
    """An interrupt that comes just before the CPU halts ends the sleep that it would have been slept through in."""
    assert values(t, "sleep")["woken"] == "1"


@test(envs=ENVS, bound=20)
def bare_reboot(t):
    outcome = run(t, "reboot").wait(t.patience(10))
    assert outcome.kind == "reset", outcome


@test(envs="qemu-microvm qemu-microvm-noacpi qemu-pc qemu-pc-legacy", bound=20)
def bare_power_off(t):
    """Where no device takes a status: by ACPI, or, where there is none, by a reset as the last resort."""
    kind, way = {
        "qemu-microvm": ("powered-off", "ACPI S5, sleep control register"),
        "qemu-microvm-noacpi": ("reset", "reset by triple fault"),
    }.get(t.env.name, ("powered-off", "ACPI S5, PM1a"))
    guest = t.boot("hello", append="pv.log=debug", debug_exit=False)
    outcome = guest.wait(t.patience(15))
    said = re.findall(r"power: (.*?)\r?$", guest.console, re.MULTILINE)
    assert (outcome.kind, said[-1]) == (kind, way), f"{outcome}: {said}"


@test(envs="qemu-microvm qemu-pc qemu-pc-legacy", bound=20)
def bare_debugcon(t):
    """QEMU's debug console gets what the serial port gets."""
    path = t.scratch + "/debugcon"
    guest = t.boot("hello", extra=("-chardev", f"file,id=dbg,path={path}",
                                   "-device", "isa-debugcon,iobase=0xe9,chardev=dbg"))
    guest.succeed(t.patience(15))
    with open(path, encoding="ascii") as file:
        got = file.read()
    assert got == guest.console.replace("\r", "") and "\nhypervisor: " in got, got


def all_memory(t, mib, **spec):
    said = values(t, "memory", memory=mib, **spec)
    total = int(said["total"])
    assert (mib - 4) * MIB <= total <= mib * MIB, f"{mib} MiB: {total} bytes are managed"
    assert int(said["left"]) < 32768, said
    assert (said["lost"], said["bad"]) == ("0", "0"), said
    return int(said["highest"], 16)


@test(envs=ENVS, bound=60)
def bare_memory(t):
    """All memory can be had, none twice, and all comes back."""
    for mib in (32, 128):
        assert all_memory(t, mib) <= mib * MIB


@test(envs="qemu-pc qemu-pc-legacy kvm-pc", bound=60)
def bare_memory_high(t):
    """Memory above 4 GiB is mapped and used; here some of few is, so that little need be touched."""
    assert all_memory(t, 192, extra=("-machine", "max-ram-below-4g=64M")) > 1 << 32


@test(envs="qemu-microvm qemu-pc", bound=30)
def bare_memory_sizes(t):
    """With page tables for many times what they are themselves."""
    for mib in (3072, 6144):
        guest = t.boot("hello", memory=mib)
        guest.succeed(t.patience(10))
        found = int(re.search(r"^memory: (\d+) MiB", guest.console, re.MULTILINE)[1])
        assert mib - 4 <= found <= mib, f"{mib} MiB: {found} are managed"


@test(envs=ENVS, bound=30)
def bare_heap(t):
    assert values(t, "heap")["bad"] == "0"


@test(envs=ENVS, bound=30)
def bare_time(t):
    said = values(t, "time", net=True)
    assert said["time"].startswith("kvmclock" if t.env.kvm else "TSC"), said
    assert said["backwards"] == "0", said
    assert 0 < int(said["sleeps"]) < 100000, said


@test(envs="qemu-microvm qemu-pc qemu-pc-legacy", bound=20)
def bare_stuck_line(t):
    """A line that stays raised is masked, and does not take the machine with it."""
    guest = run(t, "stuck-line")
    guest.succeed(t.patience(15))
    assert "interrupt line 4" in guest.console and "masked" in guest.console, guest.console
    assert re.search(r"^spurious: 10000\b", guest.console, re.MULTILINE), guest.console


@test(envs=ENVS, bound=20)
def bare_messages(t):
    said = values(t, "messages")
    assert said["bad"] == "0" and int(said["messages"]) > 200, said


@test(envs=ENVS, bound=20)
def bare_interrupt_twice(t):
    """An interrupt that comes with interrupts off, while one is handled, as QEMU's SVM has them."""
    assert values(t, "twice")["handled"] == "2"


@test(envs="qemu-pc qemu-pc-legacy", bound=30)
def bare_many_nics(t):
    for n in (1, 8, 24):
        nics = [word for i in range(n)
                for word in ("-netdev", f"user,id=many{i}",
                             "-device", f"virtio-net-pci,netdev=many{i}," + t.env.device)]
        said = values(t, "devices", extra=tuple(nics), memory=256)
        assert said["live"] == str(n), said


@test(bound=30)
def linux_entry(t):
    """The same image by the 64-bit Linux entry, at e_entry, from a loader of the tests' own."""
    guest = t.boot("loader", directory="tests", append="words=kept",
                   extra=("-initrd", t.image("hello")), net=True)
    guest.succeed(t.patience(20))
    for line in (r"boot: Linux 64-bit", r"command line: words=kept", r"device: .*virtio-net, live"):
        assert re.search("^" + line, guest.console, re.MULTILINE), f"{line}: {guest.console}"
