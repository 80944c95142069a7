# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Sends datagrams to an echo service and compares what comes back.

Each datagram in flight has a socket, and so a source port, to itself: an answer belongs to the one
datagram that is under way there, whatever its size. One that is lost is sent again from a new
socket, so that a late answer cannot be taken for another's.
"""

import itertools
import random
import selectors
import socket
import time

MAX_PAYLOAD = 1472  # of one Ethernet frame
TRIES = 8


class EchoClient:
    def __init__(self, address, count, window=64, patience=1.0):
        self._address, self._count, self._patience = address, count, patience
        self._window = min(window, count)
        self._noise = random.Random(1).randbytes(1 << 16)
        self._losses = max(count // 1000, 20)  # how many are bearable
        self._flying = {}  # socket: (number, tries, when to send it again)
        self._selector = selectors.DefaultSelector()
        self.resent = 0

    def payload(self, number):
        """All sizes come in turn, 0 and the largest included."""
        size = number * 997 % (MAX_PAYLOAD + 1)
        start = number * 7919 % (len(self._noise) - MAX_PAYLOAD)
        return self._noise[start:start + size]

    def run(self, deadline):
        """Exchanges all datagrams; AssertionError on a wrong answer or too many losses."""
        waiting = iter(range(self._count))
        done = sweep = 0
        try:
            for number in itertools.islice(waiting, self._window):
                self._send(self._open(), number, 1)
            while done < self._count:
                for key, _ in self._selector.select(0.1):
                    if self._receive(key.fileobj):
                        done += 1
                        number = next(waiting, None)
                        if number is None:
                            self._close(key.fileobj)
                        else:
                            self._send(key.fileobj, number, 1)
                now = time.monotonic()
                assert now < deadline, f"{done} of {self._count} datagrams were echoed in time"
                if now >= sweep:
                    sweep = now + 0.1
                    self._resend(now)
        finally:
            for sock in list(self._flying):
                self._close(sock)
            self._selector.close()

    def _open(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.connect(self._address)
        self._selector.register(sock, selectors.EVENT_READ)
        return sock

    def _close(self, sock):
        self._flying.pop(sock, None)
        self._selector.unregister(sock)
        sock.close()

    def _send(self, sock, number, tries):
        self._flying[sock] = (number, tries, time.monotonic() + self._patience * tries)
        try:
            sock.send(self.payload(number))
        except (BlockingIOError, ConnectionRefusedError):
            pass  # as good as lost

    def _receive(self, sock):
        """Whether the answer is there."""
        try:
            answer = sock.recv(65536)
        except (BlockingIOError, ConnectionRefusedError):
            return False
        number, _, _ = self._flying[sock]
        wanted = self.payload(number)
        assert answer == wanted, (f"datagram {number} of {len(wanted)} bytes came back wrong, "
                                  f"of {len(answer)} bytes")
        return True

    def _resend(self, now):
        for sock, (number, tries, when) in list(self._flying.items()):
            if now >= when:
                self._close(sock)
                self.resent += 1
                assert tries < TRIES, f"datagram {number} was lost {tries} times"
                assert self.resent <= self._losses, f"{self.resent} datagrams were lost"
                self._send(self._open(), number, tries + 1)
