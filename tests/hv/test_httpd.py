# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The web server: files off the block device, over the network, to real clients."""

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import threading

from harness import test

from hv.spec import Disk, Forward


def serve(t, append=""):
    """A guest with the site, ready to be asked."""
    site = Disk(t.file("site.img"), readonly=True)
    guest = t.boot("httpd", disks=(site,), forwards=(Forward("tcp", 80),), append=append)
    guest.expect(r"^ready: http on port 80$", t.patience(30))
    return guest


def site_files(t):
    """{path: contents} of the site's archive."""
    with tarfile.open(t.file("site.img")) as archive:
        files = {m.name.removeprefix("./"): archive.extractfile(m).read()
                 for m in archive if m.isfile()}
    assert len(files) >= 5, files.keys()
    return files


def request(t, guest, method, path):
    connection = http.client.HTTPConnection(*guest.address("tcp", 80), timeout=t.patience(20))
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def exchange(t, guest, data):
    """Everything that the server answers to some bytes until it closes, or resets."""
    answer = b""
    with socket.create_connection(guest.address("tcp", 80), timeout=t.patience(20)) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass  # an answer may come before all of the request was read
    return answer


@test(envs="qemu-* kvm-* xen-pv* xen-hvm", bound=120)
def httpd_files(t):
    """Each file of the site, as curl gets it."""
    guest = serve(t)
    files = site_files(t)
    for path, contents in files.items():
        host, port = guest.address("tcp", 80)
        got = subprocess.run(["curl", "-sS", "--fail", "--max-time", str(t.patience(30)),
                              f"http://{host}:{port}/{path}"], capture_output=True, check=False)
        assert got.returncode == 0, f"curl {path}: {got.stderr.decode()}"
        assert len(got.stdout) == len(contents), f"{path}: {len(got.stdout)} of {len(contents)}"
        assert hashlib.sha256(got.stdout).digest() == hashlib.sha256(contents).digest(), path
    said = int(re.search(r"^serving: (\d+) files$", guest.console, re.MULTILINE)[1])
    assert said == len(files), f"the guest says {said} files, there are {len(files)}"
    t.note(f"{len(files)} files, {sum(map(len, files.values()))} bytes")


@test(envs="qemu-* kvm-* xen-pv*", bound=60)
def httpd_answers(t):
    """What is neither GET nor a file that is there."""
    guest = serve(t)
    index = site_files(t)["index.html"]
    answer, body = request(t, guest, "GET", "/")
    assert (answer.status, body) == (200, index), answer.status
    assert answer.getheader("Content-Type").startswith("text/html"), answer.getheaders()
    head, nothing = request(t, guest, "HEAD", "/")
    assert (head.status, nothing) == (200, b""), head.status
    assert int(head.getheader("Content-Length")) == len(index), head.getheaders()
    answer, body = request(t, guest, "GET", "/nothing/here")
    assert answer.status == 404 and body, answer.status
    answer, _ = request(t, guest, "DELETE", "/")
    assert answer.status == 405, answer.status
    assert {"GET", "HEAD"} <= set(re.split(r",\s*", answer.getheader("Allow"))), answer.getheaders()
    assert exchange(t, guest, b"no request\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert b" 431 " in exchange(t, guest, b"GET / HTTP/1.1\r\nX: " + b"x" * 30_000)[:20]
    for escape in ("/../index.html", "/%2e%2e/index.html", "//index.html"):
        assert request(t, guest, "GET", escape)[0].status in (200, 400, 404), escape
    pair = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /status.json HTTP/1.0\r\n\r\n"
    answers = exchange(t, guest, pair)
    assert answers.count(b"HTTP/1.1 200 ") == 2 and index in answers, answers[:200]


@test(envs="qemu-* kvm-* xen-pv*", bound=60)
def httpd_status(t):
    """The status is JSON and says what the console says."""
    guest = serve(t)
    answer, body = request(t, guest, "GET", "/status.json")
    assert answer.getheader("Content-Type").startswith("application/json"), answer.getheaders()
    status = json.loads(body)
    said = re.findall(r"^(hypervisor|clock|device): (.+)$", guest.console, re.MULTILINE)
    wanted = [("hypervisor", status["platform"]["hypervisor"]), ("clock", status["clock"]["name"])]
    wanted += [("device", f"{d['name']} {d['driver']} {d['state']} {d['features']}")
               for d in status["devices"]]
    assert said == wanted, f"the console says {said}, the status {wanted}"
    assert {"blk0", "net0"} <= {q["name"] for q in status["queues"]}, status["queues"]


@test(envs="qemu-* kvm-* xen-pv*", bound=60)
def httpd_counts(t):
    """The status is of the moment: what was asked in between is in every counter of it."""
    guest = serve(t)
    first = json.loads(request(t, guest, "GET", "/status.json")[1])
    answer, body = request(t, guest, "GET", "/style.css")
    assert answer.getheader("Content-Type").startswith("text/css"), answer.getheaders()
    last = json.loads(request(t, guest, "GET", "/status.json")[1])
    assert last["http"]["requests"] == first["http"]["requests"] + 2, (first, last)
    assert last["http"]["bytes"] >= first["http"]["bytes"] + len(body), (first, last)
    assert last["uptime_ns"] > first["uptime_ns"], (first, last)
    if t.env.xen != "pv":  # which takes events where it waits, without an interrupt
        assert last["interrupts"]["devices"] > first["interrupts"]["devices"], (first, last)
    before, after = ({q["name"][:3]: q for q in status["queues"]} for status in (first, last))
    assert sorted(after) == ["blk", "net"], after
    assert after["blk"]["bytes_in"] >= before["blk"]["bytes_in"] + len(body), (before, after)
    assert after["net"]["bytes_out"] >= before["net"]["bytes_out"] + len(body), (before, after)
    for name, queue in after.items():
        assert queue["completed"] > before[name]["completed"], (before, after)
        assert queue["polls"] > before[name]["polls"], (before, after)
        assert queue["events"] > before[name]["events"], (before, after)


@test(envs="qemu-microvm* qemu-pc qemu-pc-intx qemu-pc-legacy", bound=60)
def httpd_changes(t):
    """The link goes and comes back, and the disk grows, while the server runs."""
    path = t.scratch + "/site.img"
    shutil.copyfile(t.file("site.img"), path)
    guest = t.boot("httpd", disks=(Disk(path),), forwards=(Forward("tcp", 80),))
    guest.expect(r"^ready: http on port 80$", t.patience(30))
    for up, word in ((False, "down"), (True, "up")):
        guest.command("set_link", name="net0", up=up)
        guest.expect(f"net0: link {word}, ", t.patience(5))
    size = os.path.getsize(path) + (1 << 20)
    guest.command("block_resize", device="disk0", size=size)
    guest.expect(f"blk0: {size // 512} sectors, were ", t.patience(5))
    queues = json.loads(request(t, guest, "GET", "/status.json")[1])["queues"]
    said = {key: q[key] for q in queues for key in ("link", "capacity") if key in q}
    assert said == {"link": True, "capacity": size}, queues
    assert request(t, guest, "GET", "/style.css")[1] == site_files(t)["style.css"]


@test(envs="qemu-* kvm-* xen-pv*", bound=180)
def httpd_load(t):
    """A thousand requests over 16 connections that stay open; then the guest ends by itself."""
    total, width = 1000, 16
    guest = serve(t, append=f"httpd.requests={total}")
    files = {p: c for p, c in site_files(t).items() if len(c) < 100_000}
    paths = sorted(files)
    errors = []

    def client(first):
        connection = http.client.HTTPConnection(*guest.address("tcp", 80), timeout=t.patience(60))
        try:
            connection.connect()
            connection.auto_open = False  # a connection that the server closes is an error
            for number in range(first, total, width):
                path = paths[number % len(paths)]
                connection.request("GET", "/" + path)
                answer = connection.getresponse()
                body = answer.read()
                assert answer.status == 200 and body == files[path], f"{path}: {answer.status}"
        except (OSError, AssertionError, http.client.HTTPException) as error:
            errors.append(f"{type(error).__name__} {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=client, args=(i,)) for i in range(width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, f"{len(errors)} of {width} clients failed, the first by {errors[0]}"
    guest.succeed(t.patience(20))
    t.note(f"{total} requests in {guest.outcome.seconds:.1f} s")
