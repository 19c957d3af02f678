"""One MPTCP (or TCP) connection between two namespaces, driven step by step from one thread."""

import socket
import struct

from netns import inside

IPPROTO_MPTCP = 262
CHUNK = 16 * 1024
TIMEOUT_S = 10
BACKLOG = 128  # half-open joins of a flood have room


def _open(namespace, family, protocol):
    with inside(namespace):
        opened = socket.socket(family, socket.SOCK_STREAM, protocol)
    opened.settimeout(TIMEOUT_S)
    return opened


class Server:
    """A listener on every address of `namespace`, or on `address` alone when `only_there`."""

    def __init__(self, namespace, address, port, mptcp=True, only_there=False):
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._address = (address, port)
        self._listener = _open(namespace, self._family, IPPROTO_MPTCP if mptcp else socket.IPPROTO_TCP)
        if self._family == socket.AF_INET6:
            self._listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._listener.bind((address if only_there else "", port))
        self._listener.listen(BACKLOG)

    def connect(self, namespace):
        """Opens a Connection to this server from `namespace`."""
        near = _open(namespace, self._family, IPPROTO_MPTCP)
        near.connect(self._address)
        while True:
            far, opener = self._listener.accept()
            if opener == near.getsockname():
                break
            far.close()  # somebody else opened it
        far.settimeout(TIMEOUT_S)
        return Connection(near, far)

    def close(self):
        """Stops listening."""
        self._listener.close()


class Connection:
    """Both ends of one connection. `flow`: the client's address and port, the server's; `sent`: bytes each way."""

    def __init__(self, near, far):
        self._near, self._far = near, far
        self.flow = (*near.getsockname()[:2], *near.getpeername()[:2])
        self.sent = 0

    def exchange(self, size):
        """Sends `size` bytes from the client to the server, then as many back."""
        self.sent += size
        for sender, receiver in ((self._near, self._far), (self._far, self._near)):
            for start in range(0, size, CHUNK):
                chunk = bytes(min(CHUNK, size - start))
                sender.sendall(chunk)
                _receive(receiver, len(chunk))

    def close(self):
        """Ends the connection in order: the client first, then the server."""
        self._near.shutdown(socket.SHUT_WR)
        self._far.recv(1)
        self._far.close()
        self._near.close()

    def abort(self):
        """Ends the connection at once: the client's unread rest is thrown away (MP_FASTCLOSE)."""
        self._near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._near.close()
        self._far.close()


def _receive(receiver, size):
    while size > 0:
        received = receiver.recv(size)
        if not received:
            raise OSError("the connection ended before all its data came")
        size -= len(received)
