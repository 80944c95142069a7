# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What a test on a hypervisor is written with.

    @test(envs="qemu-* kvm-pc", bound=60)
    def boots(t):
        guest = t.boot("hello")
        guest.expect("^hypervisor: ", 10)
        guest.succeed(30)

A test takes a Cell, one environment for one test. It fails by an exception, whose text is shown;
and if a guest of its own died without the test having waited for that. Guests that still run at
the end are ended: a server has nothing else to wait for.
"""

import fnmatch
import hashlib
import os
import time
from dataclasses import dataclass

from hv import hosts
from hv.errors import GuestFailure
from hv.spec import Spec

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# In an emulated host, all takes longer.
SHARED_PATIENCE = 4


class Skip(Exception):
    """The environment cannot show what the test is about; str() says why."""


@dataclass(frozen=True)
class Test:
    name: str
    run: object
    envs: str
    bound: float
    alone: bool

    def applies(self, env):
        return (any(fnmatch.fnmatch(env.name, pattern) for pattern in self.envs.split())
                and any(fnmatch.fnmatch(self.name, pattern) for pattern in env.tests.split()))


TESTS = []
IMAGES = {}  # each that was booted: (SHA-256, the environment that had it first)


def test(envs="qemu-* kvm-*", bound=60, alone=False):
    """Declares a test. envs: patterns of environments' names; bound: seconds for all of it on an
    emulated machine; alone: nothing else runs beside it, because it measures time."""
    def declare(function):
        TESTS.append(Test(function.__name__, function, envs, bound, alone))
        return function
    return declare


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Cell:
    """One test in one environment."""

    def __init__(self, env, subject, here, build, scratch):
        self.env = env
        self.shared = hosts.shared_host(env)
        self.nested = self.shared == "nested"
        self.build = build
        self.scratch = scratch  # an empty directory, removed after the test
        self.notes = []  # what is worth telling of a test that passed
        self._hosts = here
        self._guests = []
        self._deadline = time.monotonic() + self.patience(subject.bound)

    def patience(self, seconds):
        """So many seconds on an emulated machine, as many as it takes on this one."""
        return seconds * (SHARED_PATIENCE if self.shared else 1)

    def note(self, text):
        self.notes.append(text)

    def file(self, *path):
        """A file of the build."""
        return os.path.abspath(os.path.join(self.build, *path))

    def image(self, name, directory="examples"):
        return self.file(directory, name + ".elf")

    def boot(self, name, directory="examples", **spec):
        """Starts build/directory/name.elf; spec: the fields of hv.spec.Spec."""
        image = Spec(self.image(name, directory), **spec)
        self.same_image(f"{directory}/{name}", sha256_of(image.elf))
        return self.start(name, image)

    def start(self, name, spec):
        """Starts any image."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise GuestFailure("no time is left for another guest")
        guest = self._hosts.start(self.env, spec, bound=left)
        self._guests.append((name, guest))
        return guest

    def same_image(self, name, digest):
        """What runs here is, byte for byte, what runs everywhere."""
        first, env = IMAGES.setdefault(name, (digest, self.env.name))
        assert digest == first, f"{name}.elf is not what {env} had: {digest}, not {first}"

    def dom0(self, command, timeout=60):
        """Runs a shell command in Xen's Dom0, which must succeed; what it printed."""
        return self._hosts.prepare(self.env).dom0.check(command, timeout)

    def finish(self):
        """Ends the guests; a failure if one died unasked."""
        dead = [g for _, g in self._guests if g.outcome and not g.judged and not g.outcome.ok]
        for _, guest in self._guests:
            guest.kill()
        if dead:
            raise GuestFailure(f"the guest {dead[0].outcome}\n{dead[0].tail()}")

    @property
    def host_lost(self):
        """Whether the emulated machine under a guest stopped, so that nothing is said of the guest."""
        return any(g.outcome and g.outcome.kind == "lost" for _, g in self._guests)

    def log(self):
        """All that the guests printed, and how they ended."""
        parts = []
        for name, guest in self._guests:
            parts.append(f"--- {name} on {self.env.name}\n{guest.console.rstrip()}\n"
                         f"--- {guest.outcome}")
            if guest.state:
                parts.append(f"--- its registers\n{guest.state.rstrip()}")
            if guest.host_log:
                parts.append(f"--- meanwhile the hypervisor said\n{guest.host_log.rstrip()}")
            if guest.outcome and guest.outcome.stats:
                parts.append("KVM: " + ", ".join(
                    f"{k} {v}" for k, v in sorted(guest.outcome.stats.items())))
        return "\n".join(parts + [f"note: {n}" for n in self.notes]) + "\n"
