"""Files over one MPTCP connection between the hosts of a network, and how fast."""

import hashlib
import os
import socket
import statistics
import threading
import time

from between import address_of
from netns import inside

IPPROTO_MPTCP = 262
PORT = 8080
CHUNK = 1 << 18
TIMEOUT_S = 30


def _open(namespace):
    with inside(namespace):
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    opened.settimeout(TIMEOUT_S)
    return opened


class Connection:
    """One connection from client to server; `near` and `far` are its ends."""

    def __init__(self, network):
        self._listener = _open(network.server)  # open to the end: a join needs it, too
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", PORT))
        self._listener.listen(1)
        self.near = _open(network.client)
        self.near.connect((address_of("server"), PORT))
        self.far, _ = self._listener.accept()
        self.far.settimeout(TIMEOUT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in (self.near, self.far, self._listener):
            end.close()

    def finish(self):
        """Ends it in order, the client first, so that events come in one order."""
        self.near.shutdown(socket.SHUT_WR)
        self.far.recv(1)
        self.far.close()
        self.near.recv(1)
        self.near.close()

    def copy(self, size, out=True, pause=None, block_s=0):
        """Sends `size` random bytes, from the client where `out`. `pause` is an Event that holds the sender while it is set;
        `block_s`: it rests so long after each block of 256 KiB.

        Returns sentences on what arrived otherwise.
        """
        sender, receiver = (self.near, self.far) if out else (self.far, self.near)
        sent = hashlib.sha256()
        failure = []

        def send():
            block = bytearray(os.urandom(CHUNK))
            try:
                for number, start in enumerate(range(0, size, CHUNK)):
                    while pause and pause.is_set():
                        time.sleep(0.01)
                    block[:8] = number.to_bytes(8, "big")  # no two blocks are alike
                    piece = memoryview(block)[: min(CHUNK, size - start)]
                    sent.update(piece)
                    sender.sendall(piece)
                    time.sleep(block_s)
            except OSError as error:
                failure.append(f"sending ended: {error}")

        thread = threading.Thread(target=send)
        thread.start()
        received, count = hashlib.sha256(), 0
        buffer = memoryview(bytearray(CHUNK))
        try:
            while count < size and (got := receiver.recv_into(buffer, min(CHUNK, size - count))):
                received.update(buffer[:got])
                count += got
        except OSError as error:
            failure.append(f"receiving ended: {error}")
        thread.join()
        if count != size:
            failure.append(f"{count} of {size} bytes arrived")
        elif sent.digest() != received.digest():
            failure.append(f"{size} bytes arrived, and their checksum differs")
        return [f"{'client to server' if out else 'server to client'}: {sentence}" for sentence in failure]

    def rate(self, seconds):
        """Bytes a second from client to server, as they arrive, after a fifth of the time to warm up."""
        end = time.monotonic() + seconds * 1.2
        block = bytes(CHUNK)

        def send():
            while time.monotonic() < end:
                self.near.sendall(block)
            self.near.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        thread.start()
        begin, count = end - seconds, 0
        buffer = bytearray(CHUNK)
        while got := self.far.recv_into(buffer):
            now = time.monotonic()
            if begin <= now < end:
                count += got
        thread.join()
        return count / seconds

    def round_trips(self, count):
        """Seconds of each of `count` round trips of one byte, one after the other."""
        self.near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found = []
        for _ in range(count):
            begin = time.perf_counter()
            self.near.send(b"?")
            self.far.recv(1)
            self.far.send(b"!")
            self.near.recv(1)
            found.append(time.perf_counter() - begin)
        return found


def median_us(seconds):
    """The median in microseconds."""
    return statistics.median(seconds) * 1e6
