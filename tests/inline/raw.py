"""Raw frames, byte for byte: sent at one host's end, read at the other's."""

import contextlib
import os
import socket
import struct
import time

from netns import inside

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
TP_STATUS_VLAN_VALID = 1 << 4
SO_RCVBUFFORCE = 33
MAC = bytes.fromhex("0248424c0001")  # nobody's: tells our frames from those of the hosts
HEADER_BYTES = 14
TAG_BYTES = 4
# Kinds of frames: destination and what stands behind the source address.
KINDS = {
    "ip": (bytes.fromhex("024842420002"), "0800"),
    "ipv6": (bytes.fromhex("33330000abcd"), "86dd"),
    "arp": (b"\xff" * 6, "0806"),
    "multicast": (bytes.fromhex("01005e0000fb"), "0800"),
    "link-local": (bytes.fromhex("0180c200000e"), "88cc"),  # LLDP: a bridge keeps such frames to itself
    "no ethertype": (bytes.fromhex("024842420002"), "88b5"),
    "802.3": (bytes.fromhex("0180c2000000"), "0026"),  # a length in place of a type: spanning tree
    "vlan": (bytes.fromhex("024842420002"), "8100a0070800"),
    "two tags": (bytes.fromhex("024842420002"), "8100000a8100000b0800"),
}


def build_frame(kind, number, length=128):
    """A frame of `length` bytes that carries its number."""
    destination, rest = KINDS[kind]
    head = destination + MAC + bytes.fromhex(rest)
    body = struct.pack("!I", number) + bytes((number + i) & 0xFF for i in range(length))
    return (head + body)[:length]


class End:
    """A host's end of a link, as a raw socket."""

    def __init__(self, namespace, device):
        with inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self._socket.bind((device, ETH_P_ALL))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, frames, at_once=64):
        """Sends frames, `at_once` of them before it takes a breath, so that no queue between overflows."""
        for number, frame in enumerate(frames):
            self._socket.send(frame)
            if number % at_once == at_once - 1:
                time.sleep(0.001)

    def flood(self, frames):
        """Sends frames as fast as the kernel takes them, from a process of its own. Returns what waits for its end and
        tells how many it sent, and in what time in seconds."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:  # whatever comes, it must not go on as the test
                started, sent = time.monotonic(), 0
                for frame in frames:
                    with contextlib.suppress(OSError):  # the interface's queue is full
                        self._socket.send(frame)
                        sent += 1
                os.write(writer, f"{sent} {time.monotonic() - started}".encode())
            finally:
                os._exit(0)
        os.close(writer)

        def wait():
            with os.fdopen(reader) as said:
                words = said.read().split()
            os.waitpid(child, 0)
            if len(words) != 2:
                raise RuntimeError("the flood's sender broke off")
            return int(words[0]), float(words[1])

        return wait

    def received(self, count, seconds=3):
        """Waits for `count` of our frames; returns those that came, whole, with the tag that the kernel took off."""
        return self._received(count, seconds, slice(6, 12), MAC)

    def received_to(self, mac, count, seconds=3):
        """The same of frames that are sent to an address."""
        return self._received(count, seconds, slice(0, 6), mac)

    def _received(self, count, seconds, place, mac):
        found = []
        deadline = time.monotonic() + seconds
        while len(found) < count and (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                frame, ancillary, _, _ = self._socket.recvmsg(65536, 256)
            except TimeoutError:
                break
            if frame[place] == mac:
                found.append(_with_tag(frame, ancillary))
        return found


def _with_tag(frame, ancillary):
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack_from("=IIIHHHH", data)
            if status & TP_STATUS_VLAN_VALID:
                return frame[:12] + struct.pack("!HH", tpid or 0x8100, tci) + frame[12:]
    return frame


def differences(sent, received):
    """Sentences on the first frame that is not what was sent in its place."""
    for place, (one, other) in enumerate(zip(sent, received)):
        if one != other:
            elsewhere = f"it is the one sent in place {sent.index(other)}" if other in sent else f"{other[:40].hex()}..."
            return [f"frame {place} of {len(sent)}, {one[:40].hex()}..., arrived as another: {elsewhere}"]
    return [] if len(sent) == len(received) else [f"{len(received)} of {len(sent)} frames arrived"]
