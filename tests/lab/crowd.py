"""Honest connections that talk while something else goes on."""

import threading

EXCHANGE_BYTES = 2000
REST_S = 0.01
NEWCOMERS = 5


class Crowd:
    """Talks on `connections` in a thread of its own, from entering the context to leaving it, and opens some more."""

    def __init__(self, connections, server, namespace):
        """New ones go from `namespace` to `server`, NEWCOMERS of them, and are appended to `connections`."""
        self._connections = connections
        self._server, self._namespace = server, namespace
        self._thread = threading.Thread(target=self._talk)
        self._ending = threading.Event()
        self._failure = None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._ending.set()
        self._thread.join()
        if self._failure and kind is None:
            raise RuntimeError(f"an honest connection broke: {self._failure}")

    def _talk(self):
        try:
            newcomers = 0
            while newcomers < NEWCOMERS or not self._ending.wait(REST_S):
                if newcomers < NEWCOMERS:
                    self._connections.append(self._server.connect(self._namespace))
                    newcomers += 1
                for connection in self._connections:
                    connection.exchange(EXCHANGE_BYTES)
        except OSError as failure:
            self._failure = failure
