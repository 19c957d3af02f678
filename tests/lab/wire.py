"""A link as those see it who have no address on it: raw frames, to read and to write."""

import ipaddress
import os
import socket
import struct
import time

from netns import inside
from segments import build_frame, parse_frame

ETH_P_ALL = 3
ETHERTYPE_ARP = 0x0806
SO_RCVBUFFORCE = 33
BUFFER_BYTES = 64 << 20
LAG_S = 2  # behind what passes, at most
ARP_REQUEST, ARP_REPLY = 1, 2


class Wire:
    """All that passes `device` of `namespace`. Answers ARP for `addresses`, as it reads; no kernel has them."""

    def __init__(self, namespace, device, addresses):
        self.mac = b"\x02" + os.urandom(5)
        self._addresses = {ipaddress.ip_address(address).packed for address in addresses}
        self._macs = {}
        with inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._socket.bind((device, ETH_P_ALL))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def segments(self, seconds):
        """Segments as they pass, for so long; with 0, those that have passed already."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline + LAG_S:
            self._socket.settimeout(max(deadline - time.monotonic(), 0))
            try:
                frame = self._socket.recv(65536)
            except (BlockingIOError, TimeoutError):
                return
            if frame[12:14] == struct.pack("!H", ETHERTYPE_ARP):
                self._answer(frame)
            elif segment := parse_frame(frame):
                self._macs[segment.flow[0]] = segment.source_mac
                yield segment

    def send(self, segment):
        """Puts a segment on the wire, to who was heard with its destination; returns when, in seconds since the epoch."""
        frame = build_frame(segment, self._macs[segment.flow[2]])
        now = time.time()
        self._socket.send(frame)
        return now

    def _answer(self, request):
        operation, sender_mac, sender, target = struct.unpack_from("!H6s4s6x4s", request, 20)
        if operation == ARP_REQUEST and target in self._addresses:
            reply = struct.pack("!HHBBH", 1, 0x0800, 6, 4, ARP_REPLY) + self.mac + target + sender_mac + sender
            self._socket.send(sender_mac + self.mac + struct.pack("!H", ETHERTYPE_ARP) + reply)
