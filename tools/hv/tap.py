# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A network between QEMU's host and one guest, by a tap device with several queues.

QEMU's own network has one queue; this one's kernel steers: what comes for a flow goes to the queue from which the guest
sent last of that flow. It needs a root's rights, and /dev/net/tun. The guest gets its address by DHCP; TCP connections to
the host's ports are handed on to it, so that a nested host's guest is reached as any other.
"""

import fcntl
import itertools
import os
import socket
import struct
import threading
from dataclasses import replace

TUNSETIFF, TUNSETPERSIST = 0x400454CA, 0x400454CB
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE = 0x0002, 0x1000, 0x4000, 0x0100
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_UP = 1
SO_BINDTODEVICE = 25
MAGIC = b"\x63\x82\x53\x63"  # of DHCP's options (RFC 2131, 3)


_NUMBERS = itertools.count(1)


def instead(spec, listen):
    """For a spec with queues: what Tap is made with, and the spec with QEMU's options for it."""
    name = f"pvtap{os.getpid() % 10000}-{next(_NUMBERS)}"
    relays = [(where, rule.guest_port) for rule, where in zip(spec.forwards, listen)]
    options = ("-netdev", f"tap,id=net0,ifname={name},script=no,downscript=no,queues={spec.queues}",
               "-device", f"virtio-net-pci,netdev=net0,romfile=,disable-legacy=on,mq=on,vectors={2 * spec.queues + 2}")
    return (name, relays), replace(spec, forwards=(), extra=(*options, *spec.extra))


class Tap:
    """The device, from here to close(). OSError where that is not allowed."""

    def __init__(self, name, relays):
        """relays: (where to listen, "address:port", the guest's port)."""
        number = sum(name.encode()) % 250 + 1
        self.name = name
        self.here, self.guest = f"10.231.{number}.1", f"10.231.{number}.2"
        self._open(relays)

    def _tun(self, persist):
        flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE
        fd = os.open("/dev/net/tun", os.O_RDWR)
        try:
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", self.name.encode(), flags))
            fcntl.ioctl(fd, TUNSETPERSIST, persist)
        finally:
            os.close(fd)

    def _set(self, request, value):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, request, struct.pack("16s24s", self.name.encode(), value))

    def _address(self, text):
        return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(text))

    def _open(self, relays):
        self._tun(1)
        self._servers = []
        try:
            self._set(SIOCSIFADDR, self._address(self.here))
            self._set(SIOCSIFNETMASK, self._address("255.255.255.0"))
            self._set(SIOCSIFFLAGS, struct.pack("=H", IFF_UP))
            self._dhcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._dhcp.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, self.name.encode())
            self._dhcp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._dhcp.settimeout(0.2)
            self._dhcp.bind(("", 67))
            for where, port in relays:
                address, own = where.split(":")
                self._servers.append(socket.create_server((address, int(own))))
                _start(self._accept, self._servers[-1], (self.guest, port))
        except OSError:
            self._close()
            raise
        self._ended = False
        self._thread = _start(self._serve)

    def close(self):
        self._ended = True
        self._thread.join()
        self._dhcp.close()
        self._close()

    def _close(self):
        for server in self._servers:
            server.shutdown(socket.SHUT_RDWR)  # which wakes accept()
            server.close()
        self._tun(0)

    @staticmethod
    def _accept(server, to):
        while True:
            try:
                ours, _ = server.accept()
            except OSError:
                return
            try:
                theirs = socket.create_connection(to, 30)
                theirs.settimeout(None)
            except OSError:
                ours.close()
                continue
            _start(_hand_on, ours, theirs)
            _start(_hand_on, theirs, ours)

    def _serve(self):
        while not self._ended:
            try:
                data = self._dhcp.recv(2048)
            except TimeoutError:
                continue
            kind = data[236:].find(b"\x35\x01") + 236 + 2
            # DISCOVER gets OFFER, REQUEST gets ACK.
            answer = {1: 2, 3: 5}.get(data[kind])
            if data[236:240] != MAGIC or not answer:
                continue
            here = socket.inet_aton(self.here)
            reply = (b"\x02" + data[1:12] + bytes(4) + socket.inet_aton(self.guest) + here
                     + bytes(4) + data[28:44] + bytes(192) + MAGIC
                     + bytes((0x35, 1, answer)) + b"\x36\x04" + here + b"\x33\x04\x00\x00\x0e\x10"
                     + b"\x01\x04\xff\xff\xff\x00" + b"\x03\x04" + here + b"\xff")
            self._dhcp.sendto(reply, ("255.255.255.255", 68))


def _start(run, *args):
    thread = threading.Thread(target=run, args=args, daemon=True)
    thread.start()
    return thread


def _hand_on(source, sink):
    """One direction of a connection, to its end."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
