# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""A network between this machine and one guest, by a tap device with several queues.

QEMU's own network has one queue; this one's kernel steers: what comes for a flow goes to the queue from which the guest
sent last of that flow. It needs a root's rights, and /dev/net/tun.
"""

import fcntl
import os
import socket
import struct
import threading

TUNSETIFF, TUNSETPERSIST = 0x400454CA, 0x400454CB
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE = 0x0002, 0x1000, 0x4000, 0x0100
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_UP = 1
SO_BINDTODEVICE = 25
MAGIC = b"\x63\x82\x53\x63"  # of DHCP's options (RFC 2131, 3)


class Tap:
    """Use: with Tap() as tap: ... tap.options(queues) ... tap.guest, the address that it is given."""

    def __init__(self):
        number = os.getpid() % 250 + 1
        self.name = f"pvtap{os.getpid() % 100000}"
        self.here, self.guest = f"10.231.{number}.1", f"10.231.{number}.2"

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

    def __enter__(self):
        """OSError where that is not allowed."""
        self._tun(1)
        try:
            self._set(SIOCSIFADDR, self._address(self.here))
            self._set(SIOCSIFNETMASK, self._address("255.255.255.0"))
            self._set(SIOCSIFFLAGS, struct.pack("=H", IFF_UP))
            self._dhcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._dhcp.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, self.name.encode())
            self._dhcp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._dhcp.settimeout(0.2)
            self._dhcp.bind(("", 67))
        except OSError:
            self._tun(0)
            raise
        self._ended = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended = True
        self._thread.join()
        self._dhcp.close()
        self._tun(0)

    def options(self, queues):
        """QEMU's, for the network and its device."""
        return ("-netdev", f"tap,id=net0,ifname={self.name},script=no,downscript=no,queues={queues}",
                "-device", f"virtio-net-pci,netdev=net0,romfile=,disable-legacy=on,mq=on,"
                           f"vectors={2 * queues + 2}")

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
