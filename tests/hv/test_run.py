# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""What `make run` says when it cannot do what it is asked for: one line on stderr, and a status that is not 0."""

import os
import re
import socket
import subprocess

from harness import test

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools")


def refused(t, argv, pattern, **env):
    """Runs a command that must fail with one line, like pattern, and print nothing else."""
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
                          timeout=t.patience(60), env={**os.environ, **env})
    said = f"{argv[1:]}: status {done.returncode}, {done.stdout!r}, {done.stderr!r}"
    assert done.returncode == 1 and not done.stdout, said
    assert re.fullmatch(pattern + "\n", done.stderr), said


def run(t, *words):
    return ["/usr/bin/python3", os.path.join(TOOLS, "hv/run.py"), "--build", t.build, *words]


@test(envs="qemu-microvm", bound=60)
def run_refuses(t):
    """A wrong word, a file that is not there, a port that somebody has."""
    hello = ("--elf", t.image("hello"), "--hv", t.env.name)
    refused(t, run(t, "--example", "hello", "--hv", "vax"),
            r"run: no hypervisor 'vax'; there are: .*\bqemu-microvm\b.*")
    refused(t, run(t, "--example", "helo"), r"run: no example 'helo'; there are: .*\bhello\b.*")
    refused(t, run(t, "--elf", "no/such.elf", "--hv", t.env.name), "run: there is no file no/such.elf")
    refused(t, run(t, *hello, "--disk", "no/such.img"), "run: there is no file no/such.img")
    refused(t, run(t, *hello, "--port", "x"), "run: 'x' is no port: .*")
    for kind, proto in ((socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")):
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("127.0.0.1", 0))
            if proto == "tcp":
                taken.listen()
            port = str(taken.getsockname()[1])
            refused(t, run(t, *hello, "--port", port, "--proto", proto),
                    f"run: {proto} port {port} is in use; choose another")


@test(envs="qemu-microvm", bound=30)
def run_without_a_disk(t):
    """The guest itself says what it lacks, and its status is that of the command."""
    done = subprocess.run(run(t, "--elf", t.image("httpd"), "--hv", t.env.name, "--net"),
                          capture_output=True, text=True, check=False, timeout=t.patience(20))
    assert done.returncode == 1, done
    assert re.search(r"^httpd: .*disk.*: error -19\r?$", done.stdout, re.MULTILINE), done.stdout
    assert done.stderr == f"httpd.elf on {t.env.name}: the guest exited with status 1\n", done.stderr


# An apt of its own: nothing of this machine's settings and lists, and nobody answers at its source.
APT_CONF = """
Dir::Etc::parts "{0}/none";
Dir::Etc::main "{0}/none";
Dir::Etc::sourceparts "{0}/none";
Dir::Etc::sourcelist "{0}/sources.list";
Dir::State::lists "{0}/lists";
Dir::Cache "{0}/cache";
"""


def write(t, name, text, mode=0o644):
    path = os.path.join(t.scratch, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


@test(envs="qemu-microvm", bound=60)
def run_without_a_registry(t):
    """No package can be had."""
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(t.scratch, folder))
    write(t, "sources.list", "deb [trusted=yes] http://127.0.0.1:1/debian stable main\n")
    # The real one would drop the environment, and with it these settings.
    sudo = write(t, "bin/sudo", '#!/bin/sh\nexec "$@"\n', 0o755)
    target = os.path.join(t.scratch, "unpacked")
    refused(t, [os.path.join(TOOLS, "need"), "--unpack", target, "hello"],
            r"need: unpacking hello \.\.\.\nneed: renewing the package lists \.\.\.\n"
            r"need: cannot unpack hello: the package registry cannot be reached \(.+\)",
            APT_CONFIG=write(t, "apt.conf", APT_CONF.format(t.scratch)), TMPDIR=t.scratch,
            PATH=os.path.dirname(sudo) + ":" + os.environ["PATH"])
    assert not os.listdir(target), os.listdir(target)
