"""Honest traffic of a soak: real kernels' MPTCP connections over two paths, and an account of each."""

import contextlib
import random
import threading
import time

from traffic import Server

ADDRESS = "10.77.1.2"
FIRST_PORT = 8081
SIZES = (100, 1_000, 5_000, 20_000, 60_000)
ABORTS = 0.1
QUIET_S = 0.3  # behind a connection's end: what its kernels still say


class Gate:
    """Lets connections pass, or waits until none is open and lets none pass."""

    def __init__(self):
        self._changed = threading.Condition()
        self._open = 0
        self._shut = False

    @contextlib.contextmanager
    def passing(self):
        """A connection's life."""
        with self._changed:
            self._changed.wait_for(lambda: not self._shut)
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def shut(self):
        """While nothing honest is under way."""
        with self._changed:
            self._shut = True
            self._changed.wait_for(lambda: self._open == 0)
        time.sleep(QUIET_S)
        try:
            yield
        finally:
            with self._changed:
                self._shut = False
                self._changed.notify_all()


class Talker(threading.Thread):
    """Opens one connection after the other until `end`. `account`: (flow, bytes each way, how it ended), once it is over."""

    def __init__(self, network, number, seed, gate):
        super().__init__()
        self._network, self._gate = network, gate
        self._random = random.Random(seed)
        self._server = Server(network.server, ADDRESS, FIRST_PORT + number)
        self._ending = threading.Event()
        self.account = []

    def run(self):
        while not self._ending.wait(self._random.uniform(0.02, 0.1)):
            with self._gate.passing():
                self._talk()
        self._server.close()

    def end(self):
        """After the connection under way."""
        self._ending.set()
        self.join()

    def _talk(self):
        connection = self._server.connect(self._network.client)
        end = "broken"
        with contextlib.suppress(OSError):
            for _ in range(self._random.randint(1, 4)):
                connection.exchange(self._random.choice(SIZES))
                time.sleep(self._random.uniform(0, 0.1))
            if self._random.random() < ABORTS:
                connection.abort()
                end = "aborted"
            else:
                connection.close()
                end = "closed"
        self.account.append((connection.flow, connection.sent, end))
