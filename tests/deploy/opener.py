"""Opens MPTCP connections by hand: frames of both ends, sent into one end of a veth pair whose other end is the tap."""

import hashlib
import socket

import mptcp_options as mptcp
from netns import inside
from segments import ACK, MSS, RST, SYN, Segment, build_frame

SERVER = ("198.51.100.10", 443)
MACS = (b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02")
FRAMES = 4  # of a connection, the last of which resets it
FIRST_PORT = 20000


class Opener:
    """Sends into `device` of `namespace`; `flows` are the openers of all connections, as (address, port)."""

    def __init__(self, namespace, device):
        self.flows = []
        with inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind((device, 0))

    def close(self):
        """Sends no more."""
        self._socket.close()

    def open(self, count):
        """So many connections, each opened and reset at once."""
        for _ in range(count):
            self.finish(self.start())

    def start(self):
        """One connection that stays open until `finish`, which takes what this returns: its place among `flows`."""
        number = len(self.flows)
        self.flows.append((f"192.0.2.{1 + number % 200}", FIRST_PORT + number // 200))
        self._send(list(_segments(self.flows[number], number))[:-1])
        return number

    def finish(self, number):
        """Resets it."""
        self._send(list(_segments(self.flows[number], number))[-1:])

    def _send(self, segments):
        for segment in segments:
            self._socket.send(build_frame(segment, MACS[1] if segment.source_mac == MACS[0] else MACS[0]))


def _key(number, end):
    return hashlib.sha256(b"%d %d" % (number, end)).digest()[:8]


def _segments(opener, number):
    there, back = (*opener, *SERVER), (*SERVER, *opener)
    keys = _key(number, 0), _key(number, 1)
    yield Segment(there, SYN, 1000, 0, MSS + mptcp.mp_capable(), source_mac=MACS[0])
    yield Segment(back, SYN | ACK, 5000, 1001, MSS + mptcp.mp_capable(keys[1]), source_mac=MACS[1])
    yield Segment(there, ACK, 1001, 5001, mptcp.mp_capable(keys[0] + keys[1]), source_mac=MACS[0])
    yield Segment(there, RST | ACK, 1001, 5001, source_mac=MACS[0])
